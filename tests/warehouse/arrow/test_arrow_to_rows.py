"""Every type that Arrow has comes in exactly, or its row is refused; the same from queries, files and batches.

What is expected is written by hand, so that it does not depend on what converts.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_singer.values.arrow_values import Conversion
from talon_one_warehouse import SourceSpec, open_source
from talon_one_warehouse.arrow.arrow_to_rows import rows_of

FAR = "outside of the years 1 to 9999"
JSON_HAS_NOT = "which JSON cannot represent"
I64 = 2**63 - 1
DAY = 86_400
NS = 1_767_225_600_123_456_789  # 2026-01-01T00:00:00.123456789Z
END_S = 253_402_300_799  # 9999-12-31T23:59:59Z
START_S = -62_135_596_800  # 0001-01-01T00:00:00Z


def at(kind, *numbers):
    """Return an array of a type from its underlying integers."""
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    return pa.array(numbers, width).view(kind)


def opaque(name, storage, vendor="DuckDB"):
    return pa.ExtensionArray.from_storage(pa.opaque(storage.type, name, vendor), storage)


def extension(kind, storage):
    return pa.ExtensionArray.from_storage(kind, storage)


class Period(pa.ExtensionType):
    """An extension type that is not supported, whose integers do not stand for themselves."""

    def __init__(self):
        super().__init__(pa.int64(), "pandas.period")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls()


def instants(unit, per_second):
    """The first and last instant of the calendar, and instants outside of it, in a unit."""
    last = (END_S + 1) * per_second - 1
    fraction = "" if per_second == 1 else "." + str(per_second - 1)
    ends = [START_S * per_second, last, -1, 0]
    expected = [
        "0001-01-01T00:00:00Z",
        f"9999-12-31T23:59:59{fraction}Z",
        f"1969-12-31T23:59:59{fraction}Z",
        "1970-01-01T00:00:00Z",
    ]
    beyond = [START_S * per_second - 1, last + 1, I64, -I64, -I64 - 1]
    for zone in (None, "UTC", "Europe/Berlin", "-08:00"):
        yield at(pa.timestamp(unit, zone), *ends, *beyond), [f'"{text}"' for text in expected] + [FAR] * 5


BIG = "12345678901234567890123456789012345.678"
NANS = [
    "NaN is not a number that JSON can hold",
    "Infinity is not a number that JSON can hold",
    "Infinity is not a number that JSON can hold",
]
DATES = pa.array([0, -719_162, 2_932_896, 2_932_897, -719_163, 2**31 - 1, None], pa.int32()).view(pa.date32())
UNION = [pa.array([1, 2, 3], pa.int8()), pa.array(["a", "b", "c"])]
CODES = pa.array([0, 1, 0], pa.int8())
RUNS = pa.RunEndEncodedArray.from_arrays(pa.array([2, 5], pa.int32()), pa.array([0.1, None], pa.float32()))
BYTES = [b"a", None]
BAD_TEXT = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
)

SAMPLES = {
    "NA": [(pa.nulls(2), ["null", "null"])],
    "BOOL": [
        (pa.array([True, False, None]), ["true", "false", "null"]),
        (extension(pa.bool8(), pa.array([1, 0, 5, None], pa.int8())), ["true", "false", "true", "null"]),
    ],
    **{
        f"{sign}INT{bits}": [
            (pa.array([least, most, None], f"{sign.lower()}int{bits}"), [str(least), str(most), "null"])
        ]
        for bits in (8, 16, 32, 64)
        for sign, least, most in (("", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1), ("U", 0, 2**bits - 1))
    },
    "HALF_FLOAT": [
        (pa.array([0.1, 65504.0, -0.0, None], pa.float16()), ["0.1", "65500", "0", "null"]),
        (pa.array([float("nan"), float("-inf"), float("inf")], pa.float16()), NANS),
    ],
    "FLOAT": [
        (
            pa.array([19.99, 0.1, 3.4028235e38, 1.4e-45, 16777216, -0.0, None], pa.float32()),
            ["19.99", "0.1", "340282350000000000000000000000000000000", "1E-45", "16777216", "0", "null"],
        ),
        (pa.array([float("nan"), float("-inf"), float("inf")], pa.float32()), NANS),
    ],
    "DOUBLE": [
        (
            pa.array([19.99, 5.684341886080802e-14, 1e22, 5e-324, 2.0**53 + 2, None]),
            ["19.99", "5.684341886080802E-14", "10000000000000000000000", "5E-324", "9007199254740994", "null"],
        ),
        (pa.array([float("nan"), float("-inf"), float("inf")]), NANS),
    ],
    **{
        f"DECIMAL{bits}": [
            (
                pa.array([Decimal("19.90"), Decimal("17.00"), Decimal("-0.01"), None], kind),
                ["19.9", "17", "-0.01", "null"],
            )
        ]
        for bits, kind in ((32, pa.decimal32(9, 2)), (64, pa.decimal64(18, 2)), (128, pa.decimal128(38, 2)))
    },
    "DECIMAL256": [
        (pa.array([Decimal(BIG), Decimal("-" + "9" * 70), None], pa.decimal256(76, 3)), [BIG, "-" + "9" * 70, "null"])
    ],
    "STRING": [
        (pa.array(["007", "", "ü\0", "infinity", None]), ['"007"', '""', '"ü\\u0000"', '"infinity"', "null"]),
        (BAD_TEXT, ['"a"', "it cannot be read as string"]),
        (
            extension(pa.json_(), pa.array(['{"a": 1.10}', "[1]", None])),
            ['{"a":1.1}', "[1]", "null"],
        ),
        (
            opaque("numeric", pa.array(["17.00", "nan", "1e-20", None]), "PostgreSQL"),
            ["17", "NaN is no", "1E-20", "null"],
        ),
        (opaque("hstore", pa.array(["a=>1"]), "PostgreSQL"), ['"a=>1"']),
    ],
    "LARGE_STRING": [(pa.array(["x", None], pa.large_string()), ['"x"', "null"])],
    "STRING_VIEW": [
        (
            pa.array(["a text of more than 12 characters", None], pa.string_view()),
            ['"a text of more than 12 characters"', "null"],
        )
    ],
    "BINARY": [
        (pa.array(BYTES, pa.binary()), [JSON_HAS_NOT, "null"]),
        (
            opaque("geometry", pa.array(BYTES, pa.binary())),
            ["of type DuckDB.geometry, which JSON cannot represent", "null"],
        ),
        (
            opaque("bignum", pa.array([b"\x80\0\x01\x05", b"\x7f\xff\xfe\xfa", None], pa.binary())),
            ["5", "-5", "null"],
        ),
        (opaque("bit", pa.array([b"\x05\xfd", b"\0\x01", None], pa.binary())), ['"101"', '"00000001"', "null"]),
    ],
    "LARGE_BINARY": [(pa.array(BYTES, pa.large_binary()), [JSON_HAS_NOT, "null"])],
    "BINARY_VIEW": [(pa.array(BYTES, pa.binary_view()), [JSON_HAS_NOT, "null"])],
    "FIXED_SIZE_BINARY": [
        (pa.array([b"ab", None], pa.binary(2)), [JSON_HAS_NOT, "null"]),
        (
            extension(pa.uuid(), pa.array([bytes(range(16)), None], pa.binary(16))),
            ['"00010203-0405-0607-0809-0a0b0c0d0e0f"', "null"],
        ),
        (opaque("hugeint", pa.array([b"\0" * 15 + b"\x80", None], pa.binary(16))), [str(-(2**127)), "null"]),
        (opaque("uhugeint", pa.array([b"\xff" * 16, None], pa.binary(16))), [str(2**128 - 1), "null"]),
        (
            opaque("time_tz", pa.array([bytes.fromhex("dfc4000068c46108"), None], pa.binary(8))),
            ['"10:00:00+02:00"', "null"],
        ),
    ],
    "DATE32": [(DATES, ['"1970-01-01"', '"0001-01-01"', '"9999-12-31"', *[FAR] * 3, "null"])],
    "DATE64": [
        (
            at(pa.date64(), 0, START_S * 1000, 2_932_896 * DAY * 1000, START_S * 1000 - DAY * 1000, I64, 1),
            ['"1970-01-01"', '"0001-01-01"', '"9999-12-31"', FAR, FAR, "it is a date with a time of the day"],
        )
    ],
    "TIMESTAMP": [
        *instants("s", 1),
        *instants("ms", 10**3),
        *instants("us", 10**6),
        (
            at(pa.timestamp("ns"), NS, 1000, I64, -I64),
            ['"2026-01-01T00:00:00.123456789Z"', '"1970-01-01T00:00:00.000001Z"', FAR, FAR],
        ),
        (
            at(pa.timestamp("ns", "Europe/Berlin"), NS, -1, NS - 789, I64 - 1),
            [
                '"2026-01-01T00:00:00.123456789Z"',
                '"1969-12-31T23:59:59.999999999Z"',
                '"2026-01-01T00:00:00.123456Z"',
                '"2262-04-11T23:47:16.854775806Z"',
            ],
        ),
    ],
    "TIME32": [
        (
            at(pa.time32("s"), 0, DAY - 1, DAY, DAY + 1),
            ['"00:00:00"', '"23:59:59"', '"24:00:00"', "is not a time of day"],
        ),
        (at(pa.time32("ms"), 120, -1), ['"00:00:00.12"', "is not a time of day"]),
    ],
    "TIME64": [
        (at(pa.time64("us"), 3_723_000_000, 1, DAY * 10**6), ['"01:02:03"', '"00:00:00.000001"', '"24:00:00"']),
        (at(pa.time64("ns"), 1, 1000, 10**9), ['"00:00:00.000000001"', '"00:00:00.000001"', '"00:00:01"']),
    ],
    "DURATION": [(at(pa.duration("us"), 1), ["of type duration[us], which JSON cannot represent"])],
    "INTERVAL_MONTH_DAY_NANO": [(pa.array([(1, 2, 3), None], pa.month_day_nano_interval()), [JSON_HAS_NOT, "null"])],
    "LIST": [
        (
            pa.array([[0.1, None], None, []], pa.list_(pa.float32())).slice(0),
            ["[0.1,null]", "null", "[]"],
        ),
        (pa.array([["x"], [["1.5", None]][0], None], pa.list_(pa.string())).slice(1), ['["1.5",null]', "null"]),
        (pa.array([[1.5, float("nan")], [2.5]]), ["NaN is not a number that JSON can hold", "[2.5]"]),
        (pa.array([[b"a"], None], pa.list_(pa.binary())), [JSON_HAS_NOT, "null"]),
    ],
    "LARGE_LIST": [(pa.array([[[1], None], None], pa.large_list(pa.large_list(pa.int8()))), ["[[1],null]", "null"])],
    "LIST_VIEW": [(pa.array([[9], [1, 2], None], pa.list_view(pa.int64())).slice(1), ["[1,2]", "null"])],
    "LARGE_LIST_VIEW": [(pa.array([[1, 2], None], pa.large_list_view(pa.int64())), ["[1,2]", "null"])],
    "FIXED_SIZE_LIST": [(pa.array([[9, 9], [1, 2], None], pa.list_(pa.int64(), 2)).slice(1), ["[1,2]", "null"])],
    "STRUCT": [
        (
            pa.array(
                [{"a": NS, "b": [True]}, None, {"a": I64}],
                pa.struct([("a", pa.timestamp("ns")), ("b", pa.list_(pa.bool_()))]),
            ),
            ['{"a":"2026-01-01T00:00:00.123456789Z","b":[true]}', "null", FAR],
        ),
        (pa.array([{}, None], pa.struct([])), ["{}", "null"]),
        (
            pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
            ["it has two fields named 'a'"],
        ),
    ],
    "MAP": [
        (
            pa.array(
                [[("q", Decimal("9"))], [("x", Decimal("1.50"))], None, []], pa.map_(pa.string(), pa.decimal128(9, 2))
            ).slice(1),
            ['{"x":1.5}', "null", "{}"],
        ),
        (pa.array([[(7, 1), (8, None)]], pa.map_(pa.int64(), pa.int64())), ['{"7":1,"8":null}']),
        (pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int64())), ["its map has a key twice"]),
    ],
    "SPARSE_UNION": [(pa.UnionArray.from_sparse(CODES, UNION).slice(1), ['"b"', "3"])],
    "DENSE_UNION": [(pa.UnionArray.from_dense(CODES, pa.array([0, 2, 1], pa.int32()), UNION).slice(1), ['"c"', "2"])],
    "DICTIONARY": [
        (pa.array(["a", None, "a"]).dictionary_encode(), ['"a"', "null", '"a"']),
        (
            pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), pa.array([0.1, 19.99], pa.float32())),
            ["19.99", "0.1", "null"],
        ),
    ],
    "RUN_END_ENCODED": [(RUNS, ["0.1", "0.1", "null", "null", "null"]), (RUNS.slice(1, 2), ["0.1", "null"])],
    "EXTENSION": [
        (extension(Period(), pa.array([7, None])), ["type pandas.period, which JSON cannot represent", "null"])
    ],
}
# Types for which pyarrow has neither a factory nor a converter.
NOT_MADE_BY_PYARROW = {"INTERVAL_MONTHS", "INTERVAL_DAY_TIME"}
WALK = [
    pytest.param(array, expected, id=f"{name}-{n}")
    for name, all_ in SAMPLES.items()
    for n, (array, expected) in enumerate(all_)
]


def test_the_walk_knows_every_type_of_arrow():
    """This test fails for a type of a new pyarrow until there is a sample of it."""
    there = {name.removeprefix("Type_") for name in dir(pa.lib) if name.startswith("Type_")} | {"EXTENSION"}
    assert there - NOT_MADE_BY_PYARROW == set(SAMPLES) | {"EXTENSION"}


def is_sent(value, kind, sent):
    """Dates are texts of days where the attribute is a text."""
    return sent(value, "string" if pa.types.is_date(kind) else None)


def assert_alike(expected, found):
    for one, other in zip(expected, found, strict=True):
        refused = not (one == "null" or one[0] in '"[{-0123456789' or one in ("true", "false"))
        assert one == other if not refused else one in other
        assert refused == other.startswith("refused: ")


@pytest.mark.parametrize(("array", "expected"), WALK)
def test_queries_give_it(array, expected, sent):
    """A query whose driver streams this Arrow type sends its exact value."""
    batch = pa.record_batch([array], schema=pa.schema([pa.field("x", array.type)]))
    values = [row["x"] for part in rows_of([batch], batch.schema) for row in part]
    assert_alike(expected, [is_sent(value, array.type, sent) for value in values])


@pytest.mark.parametrize("rendered", [False, True])
@pytest.mark.parametrize(("array", "expected"), WALK)
def test_parquet_files_give_it(array, expected, sent, tmp_path, rendered):
    """A Parquet file sends the exact value of every type that Parquet has, and verify reads the same."""
    if str(array.type) in ("timestamp[s]",) or array.type == pa.date64():
        pytest.skip("Parquet writes another unit")
    try:
        pq.write_table(pa.table({"x": array}), tmp_path / "x.parquet")
    except (pa.ArrowException, OSError) as error:
        pytest.skip(f"Parquet cannot hold it: {error}")
    with open_source(SourceSpec(str(tmp_path / "x.parquet")), rendered=rendered) as source:
        values = [row["x"] for part in source.rows() for row in part]
    assert_alike(expected, [is_sent(value, array.type, sent) for value in values])


@pytest.mark.parametrize(("array", "expected"), WALK)
def test_singer_batches_give_it(array, expected, sent, tmp_path, of_batch):
    """A Singer batch sends the exact value of every row, or names the column whose type JSON lacks."""
    table = pa.table({"x": array})
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), table.schema) as file:
        file.write_table(table)
    found = of_batch(tmp_path / "x.arrow", "arrow", lambda value: is_sent(value, array.type, sent))
    if "file cannot be read" in found[0]:
        assert "column x is of type" in found[0]
        assert JSON_HAS_NOT in expected[0]
    else:
        assert_alike(expected, found)


def test_a_number_that_json_has_not_refuses_its_row_of_json_lines(tmp_path, sent):
    """A line with NaN or Infinity, which Python writes, is refused; the lines around it are read."""
    lines = [
        '{"x":1.10}',
        '{"x":NaN}',
        '{"x":[1,-Infinity]}',
        '{"x":"NaN"}',
        '{"x":{"a":Infinity,"b":"NaN"}}',
        '{"x":2}',
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    with open_source(SourceSpec(str(tmp_path / "x.jsonl"))) as source:
        values = [row["x"] for part in source.rows() for row in part]
    expected = [
        "1.1",
        "NaN is not a number that JSON can hold",
        "Infinity is not a number that JSON can hold",
        '"NaN"',
        "Infinity is not a number that JSON can hold",
        "2",
    ]
    assert_alike(expected, list(map(sent, values)))


def test_json_that_is_none_refuses_its_row(sent):
    """Text that is not JSON is refused in a column of type JSON."""
    batch = pa.record_batch([extension(pa.json_(), pa.array(["{", "[]"]))], names=["x"])
    values = [row["x"] for part in rows_of([batch], batch.schema) for row in part]
    assert ["refused: it is not JSON (not JSON: its end is missing)", "[]"] == list(map(sent, values))


@pytest.mark.parametrize("array", [a for a, e in (p.values for p in WALK) if any("which JSON" in one for one in e)][:3])
def test_a_column_that_nobody_maps_refuses_no_row(array, sent):
    """A refused value stays in its row, which is refused only if the column is mapped."""
    batch = pa.record_batch([array, pa.array(["x"] * len(array))], names=["photo", "x"])
    rows = [row for part in rows_of([batch], batch.schema) for row in part]
    assert ['"x"'] * len(array) == [sent(row["x"]) for row in rows]


with suppress(pa.ArrowKeyError):
    pa.register_extension_type(Period())


def test_every_half_float_has_its_shortest_digits():
    """All 63,488 finite half floats are sent with the digits that numpy writes."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    found = Conversion().values(pa.array(halves), pa.field("half", pa.float16()))
    assert [Decimal(np.format_float_scientific(half)) for half in halves] == found
