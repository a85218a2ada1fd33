"""Encoded rows to Arrow: exact, or refused with the place."""

import pickle
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from talon_one_warehouse import RowError, table_spec, to_arrow


def row(**values):
    """A row whose values are JSON texts."""
    return b"{" + b",".join(f'"{k}":{v}'.encode() for k, v in {"id": 1, **values}.items()) + b"}"


@pytest.mark.parametrize(
    "text",
    [
        "0.1", "1.10", "12345678901234.56", "123456789012345678", "12345678901234567890.123456789012345678",
        "-99999999999999999999.999999999999999999", "1e-7", "-1.5E-3", "1E+3", "-0", "-0.0", "0", "9e19", "0e-300",
        "1." + "0" * 43, "0." + "0" * 43, "0." + "0" * 17 + "1" + "0" * 30, "1" + "0" * 30 + "e-20",
    ],
)  # fmt: skip
def test_a_number_keeps_its_digits(table, text):
    """The digits of a number reach the column without a float between."""
    assert Decimal(text) == to_arrow(table, [row(amount=text)])["amount"][0].as_py()


@pytest.mark.parametrize(
    "text",
    [
        "1e400", "100000000000000000000", "0.1234567890123456789", '"1.5"', "true", "{}",
        # Arrow's own cast wraps these into numbers that fit.
        "1e30", "1.1E21", "419660336941402761563", "359211623342242189995.7", "1" + "0" * 110, "0." + "0" * 60 + "1",
        "59974085113167927467.4057864787243291352", "1e-249",
    ],
)  # fmt: skip
def test_a_number_that_does_not_fit_is_refused(table, text):
    """The message about a number that does not fit names table, column, value and row."""
    with pytest.raises(RowError) as caught:
        to_arrow(table, [row(), row(id=2, amount=text)])
    shown = text if len(text) <= 120 else f"{text[:120]}..."
    assert f"ledger.amount: {shown} is not a number that DECIMAL(38,18) holds exactly (row id=2)" == str(caught.value)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0])
def test_an_integer_has_64_bits(table, value):
    """An integer column takes both ends of the 64 bit range."""
    assert value == to_arrow(table, [row(id=value)])["id"][0].as_py()


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "1.5", "1e3", "1" * 40, '"1"'])
def test_what_is_no_integer_of_64_bits_is_refused(table, text):
    """An integer column refuses values beyond the range, with a fraction, or in quotes."""
    with pytest.raises(RowError, match=r"ledger\.id: .* is not an integer of 64 bits"):
        to_arrow(table, [row(id=text)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31T12:00:00Z", datetime(2024, 1, 31, 12, tzinfo=UTC)),
        ("2024-01-31T12:00:00.123456Z", datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2024-01-31T12:00:00.123456000Z", datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2024-01-31t12:00:00.1234560000+05:30", datetime(2024, 1, 31, 6, 30, 0, 123456, tzinfo=UTC)),
        ("2024-01-31t12:00:00z", datetime(2024, 1, 31, 12, tzinfo=UTC)),
        ("2024-01-31T12:00:00+05:30", datetime(2024, 1, 31, 6, 30, tzinfo=UTC)),
        ("2024-01-01T00:00:00-08:00", datetime(2024, 1, 1, 8, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2017-01-01T00:59:60.25+01:00", datetime(2017, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)),
    ],
)
def test_an_instant_is_in_utc(table, text, expected):
    """An instant of any zone is converted to UTC, to the microsecond, from year 1 to 9999."""
    assert expected == to_arrow(table, [row(at=f'"{text}"')])["at"][0].as_py()


@pytest.mark.parametrize(
    "text",
    [
        "unlimited", "2024-01-31T12:00:00", "2024-02-30T00:00:00Z", "2024-01-31", "", "2024-01-01T00:00:61Z",
        "2024-01-31T12:00:00.1234567Z", "2024-01-31T12:00:00.0000000001-01:00", "2016-12-31t23:59:60.1234560001z",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_refused(table, text):
    """A time without a zone is not guessed, and no digit below the microsecond is cut."""
    with pytest.raises(RowError, match=r"ledger\.at: \".*\" is not a point in time with a zone"):
        to_arrow(table, [row(at=f'"{text}"')])


def test_json_stays_the_text_that_came(table):
    """JSON text keeps its blanks and digits, and null becomes a null."""
    text = '{"b": 1.50,  "a":[1e-7, 12345678901234567890.10]}'
    assert [text, None, None] == to_arrow(
        table, [row(attributes=text), row(attributes="null"), row()]
    )["attributes"].to_pylist()  # fmt: skip


def test_a_property_without_a_column_is_left_out(table):
    """A property without a column is left out, and a column without a property is null."""
    batch = to_arrow(table, [row(unknown="1", text='"a\\u0000ü"')])
    assert {"id": 1, "text": "a\0ü", "amount": None, "at": None, "flag": None, "attributes": None} == batch.to_pylist()[
        0
    ]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"id":', b"nonsense", b'{"id":1,"text":"\\ud800"}', b'{"id":1,"x":' + b"[" * 9999]
)
def test_what_is_no_json_object_is_refused(table, content):
    """A row that is not a JSON object is refused without the name of a column."""
    with pytest.raises(RowError, match="is not a JSON object") as caught:
        to_arrow(table, [row(), content])
    assert "" == caught.value.column


@pytest.mark.parametrize("content", [b"{}", b'{"id":null}'])
def test_a_row_without_its_key_is_refused(table, content):
    """A row without a value in its key is refused, because it cannot be merged."""
    with pytest.raises(RowError, match=r"ledger\.id: null is not allowed in a key column"):
        to_arrow(table, [content])


def test_a_number_may_be_part_of_the_key():
    """A number may be part of the key, in which null is refused."""
    table = table_spec("t", {"properties": {"n": {"type": "number"}}}, ["n"])
    assert [{"n": Decimal("1.5")}] == to_arrow(table, [b'{"n":1.50}']).to_pylist()
    with pytest.raises(RowError, match=r"t\.n: null is not allowed in a key column"):
        to_arrow(table, [b'{"n":null}'])


def test_rows_may_be_raw_and_may_be_none(table):
    """Raw messages are taken without a copy, and an empty batch has all columns."""
    assert 1 == to_arrow(table, [msgspec.Raw(row())]).num_rows
    assert [column.name for column in table.columns] == to_arrow(table, []).schema.names


def test_a_long_value_is_cut_in_the_message_and_the_error_travels(table):
    """The message cuts a long value, and the error can be pickled, as Airflow does."""
    with pytest.raises(RowError) as caught:
        to_arrow(table, [row(flag='"' + "x" * 5000 + '"')])
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(caught.value) == str(copy)
    assert "flag" == copy.column
    assert len(str(copy)) < 250
