"""Blocks of rows in Arrow's JSON reader: the same columns as row by row, or no answer."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talon_one_warehouse import RowError, table_spec, to_arrow
from talon_one_warehouse.arrow.json_blocks import block_to_arrow
from talon_one_warehouse.arrow.json_to_arrow import rows_to_arrow
from tests.examples import examples

TYPES = {
    "id": {"type": "integer"},
    "text": {"type": ["string", "null"]},
    "amount": {"type": ["number", "null"]},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "flag": {"type": ["boolean", "null"]},
    "size": {"type": ["integer", "null"]},
    "größe": {"type": ["string", "null"]},
    "attributes": {"type": ["object", "null"]},
}
TABLE = table_spec("ledger", {"properties": TYPES}, ["id"])

NUMBERS = [
    "0", "-0", "-0.0", "1.5", "12.34", "0.1", "1e-7", "1E+3", "-1.5E-3", "1e19", "1e20", "1e21", "1e30",
    "1e400", "1e-18", "1e-19",
    "1e-249", "0e-300", "0e2147483648", "99999999999999999999.999999999999999999", "100000000000000000000",
    "170000000000000000000", "419660336941402761563", "340282366920938463463374607431768211461", "1" + "0" * 400,
    "0." + "0" * 60 + "1", "1." + "0" * 43, "59974085113167927467.4057864787243291352", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "1.0", "01", "1.", ".5", "+1", "NaN", "Infinity",
    "-Infinity", "0x1",
]  # fmt: skip
STRINGS = [
    '""', '"a"', '"1.5"', '"true"', '"null"', '"a\\u0000b"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\udc00"',
    '"\\ud800x"', '"\\q"',
    '"a\nb"', '"a\tb"', '"a\\nb"', '"\x7f"', '"😀"', '"ß\u2028"', '"\\"}{\\""', '"unclosed', '"\\u00e4"',
    '"' + "x" * 70_000 + '"',
]  # fmt: skip
INSTANTS = [
    '"2024-01-31T12:00:00Z"', '"2024-01-31T12:00:00.123456Z"', '"2024-01-31t12:00:00.1234560000+05:30"',
    '"2016-12-31T23:59:60Z"',
    '"2024-01-31T12:00:00"', '"2024-01-31"', '"2024-02-30T00:00:00Z"', '"2024-01-31T12:00:00.1234567Z"',
    '"20240131T120000Z"',
    '"2024-01-31 12:00:00Z"', '"2024-01-31T12:00Z"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999999Z"',
    '"10000-01-01T00:00:00Z"',
    '"1706702400"', '"yesterday"', '" 2024-01-31T12:00:00Z"', '"2024-01-31T12:00:00+0530"',
    '"2024-01-31T12:00:00-00:00"', '"2024-01-31T24:00:00Z"',
]  # fmt: skip
OTHERS = [
    "null", "true", "false", "{}", "[]", '{"a": [1, {"b": null}]}', '{"a":NaN}', "[1,]", "nul", "tru", "", " ",
    "[" * 900 + "]" * 900,
    "[" * 5000 + "]" * 5000, '{"id":1,"id":2}', "/**/1", "'a'",
]  # fmt: skip
HOSTILE = st.sampled_from([*NUMBERS, *STRINGS, *INSTANTS, *OTHERS])
LIKELY = {
    "id": st.sampled_from(["1", "-5", "9223372036854775807"]),
    "text": st.one_of(st.sampled_from(STRINGS[:6]), st.text(max_size=8).map(json.dumps)),
    "amount": st.one_of(
        st.sampled_from(NUMBERS[:9]), st.decimals(-(10**22), 10**22, allow_nan=False, allow_infinity=False).map(str)
    ),
    "at": st.one_of(st.sampled_from(INSTANTS[:4]), st.datetimes().map(lambda at: f'"{at.isoformat()}Z"')),
    "flag": st.sampled_from(["true", "false"]),
    "size": st.integers(-(2**65), 2**65).map(str),
    "größe": st.text(max_size=4).map(lambda text: json.dumps(text, ensure_ascii=False)),
    "attributes": st.sampled_from(OTHERS[:6]),
}
NAMES = st.sampled_from([*TYPES, *TYPES, "unknown", "Id", "", "\\u0069d", "te\\u0078t", "a\\tb", "id ", "\\ud800"])
BLANKS = st.sampled_from(["", "", "", " ", "\n", "\r\n", "\t"])
FRAMES = st.sampled_from(
    [("{", "}")] * 20 + [("", ""), ("[", "]"), ("{", ""), ("", "}"), ("{", "}{}"), ("{", ",}"), ("\ufeff{", "}")]
)
RAW_ROWS = st.sampled_from(
    [b"", b" ", b"\n", b"null", b"1", b'"a"', b"[]", b"{}", b'{"id":1}{"id":2}', b'{"id":1},{"id":2}',
     b'{"id":1', b'"x":1}',
     b'{"id":1,"text":"\xff"}', b'{"id":1,"x":"\xff"}', b'{"id":1,"text":"\xed\xa0\x80"}', b'{"id":1}\x00',
     b'\x00', b'{"id":1}\n{"id":2}',
     b'{"id":1,"\xff":2}', b'{"id":1,"attributes":{"a":"\xff"}}', b'{"id":1,"amount":\xff}']
)  # fmt: skip


@st.composite
def hostile_row(draw):
    """A row of which some value, name, blank or frame may be unusual."""
    values = {name: draw(of) for name, of in LIKELY.items() if name == "id" or draw(st.booleans())}
    members = list(values.items())
    for _ in range(draw(st.integers(0, 2))):
        members.insert(draw(st.integers(0, len(members))), (draw(NAMES), draw(HOSTILE)))
    blank, (begin, end) = draw(BLANKS), draw(FRAMES)
    body = f",{blank}".join(f'"{name}"{blank}:{blank}{value}' for name, value in members)
    return f"{begin}{body}{blank}{end}".encode("utf-8", "surrogatepass")


def good_row(number):
    """A row that fits."""
    return (
        b'{"id":%d,"text":"a\\u00e4","amount":-12.34,"at":"2024-01-31T12:00:00Z","flag":true,"size":7,"attributes":{"a":1}}'
        % number
    )


def outcome(convert, rows):
    """The batch of the rows, or the words of the error."""
    try:
        return convert(TABLE, rows)
    except (RowError, RecursionError) as error:
        return str(error)


@examples(600)
@given(st.lists(st.one_of(hostile_row(), hostile_row(), RAW_ROWS), min_size=1, max_size=3))
@example([b'{"id":1}{"id":2}', b""])
@example([b'{"id":1},{"id":2}', b'{"id":3,"x":[1', b"2]}"])
@example([b"null"])
def test_a_block_is_what_its_rows_are(rows):
    """A block of any rows has the columns that the rows have one by one, or it is left to the rows."""
    block = block_to_arrow(TABLE, rows)
    if block is not None:
        assert outcome(rows_to_arrow, rows) == block


@examples(100)
@given(st.lists(hostile_row(), min_size=1, max_size=2), st.integers(0, 300))
def test_many_rows_have_the_verdict_of_the_rows_one_by_one(rows, before):
    """Unusual rows between many good ones have the same columns or the same error as row by row."""
    many = [*map(good_row, range(before)), *rows, *map(good_row, range(300))]
    assert outcome(rows_to_arrow, many) == outcome(to_arrow, many)


def test_good_rows_are_read_as_a_block():
    """Rows with a value, a null or no value in each column are certain."""
    rows = [good_row(1), b'{"id":2,"text":null,"amount":null,"at":null,"flag":null,"attributes":null}', b'{"id":3}']
    block = block_to_arrow(TABLE, rows)
    assert block is not None
    assert rows_to_arrow(TABLE, rows) == block


@pytest.mark.parametrize("text", ['"1.5"', "1e30", "419660336941402761563", "0e-300", "1" + "0" * 400])
def test_numbers_never_reach_the_reader_of_arrow(text):
    """A number that Arrow's reader would take or wrap is decided by the builder of the column."""
    row = b'{"id":1,"amount":%b}' % text.encode()
    block = block_to_arrow(TABLE, [row])
    expected = outcome(rows_to_arrow, [row])
    assert expected == block or (block is None and isinstance(expected, str))


def test_a_row_null_does_not_reach_the_reader_of_arrow():
    """A row ``null``, at which Arrow's reader crashes, is refused before it."""
    script = (
        "from talon_one_warehouse import RowError, table_spec, to_arrow\n"
        "table = table_spec('t', {'properties': {'id': {'type': 'integer'}}}, ['id'])\n"
        "try: to_arrow(table, [b'{\"id\":1}'] * 500 + [b'null'])\n"
        "except RowError as error: print(error.reason)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "is not a JSON object: Expected `object`, got `null`" == done.stdout.strip()
