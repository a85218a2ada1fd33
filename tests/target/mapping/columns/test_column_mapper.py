"""Columns are mapped to the same keys and bytes as rows, and every row that is refused is left to the row path."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, reject
from hypothesis import strategies as st

from talon_one_singer.blocks.arrow_block import ArrowBlock
from talon_one_singer.blocks.row_block import RecordBlock
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.columns.column_mapper import POSITION
from target_talon_one.mapping.conversion_errors import InvalidRow
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS
from tests.examples import examples

DATABASE = duckdb.connect()
DATABASE.execute("SET threads = 1; SET TimeZone = 'UTC'")
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["", ".", "..", "x" * 1001, "1", " 2.50 ", "true", "2024-01-31", '"\\\x0b/']
)
SMALL = st.integers(-(2**63), 2**63 - 1) | st.integers(-10, 10)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False) | st.decimals(-1000, 1000, places=2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | DECIMALS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
COLUMNS = (
    TEXTS,
    SMALL,
    st.booleans(),
    DECIMALS,
    st.integers(),
    JSON,
    st.just("\ud800") | TEXTS,
    st.sampled_from([1, 2.5]),
)
SINK = st.sampled_from(["customer_profiles", "catalog_items", "audience_members", "coupon_reservations", "audiences"])
OPTIONS = st.sampled_from(["skip", "send_null", "reject"])
NAMES = ("id", "Name", "price", "b", "a", "äé", "\U00010000", "\uffff", "_sdc_deleted_at", "_sdc_batched_at")
TYPES = ("string", "number", "boolean", "time", "(list number)", "location", "other")


def instants(first, last):
    """Return instants of some years."""
    ends = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (first, last))
    return st.datetimes(*ends).map(lambda moment: moment.replace(tzinfo=UTC))


ARROW = (
    (pa.string(), TEXTS),
    (pa.large_string(), TEXTS),
    (pa.int8(), st.integers(-128, 127)),
    (pa.int64(), SMALL),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.bool_(), st.booleans()),
    (pa.float64(), st.floats()),
    (pa.float32(), st.floats(width=32)),
    (pa.decimal128(10, 2), st.decimals(-(10**7), 10**7, places=2)),
    (pa.decimal128(38, 18), st.decimals(-(10**15), 10**15, places=18) | st.decimals(-1, 1, places=18)),
    (pa.decimal128(18, 0), st.integers(-(10**17), 10**17).map(Decimal)),
    (pa.date32(), st.dates()),
    (pa.timestamp("us"), st.datetimes()),
    (pa.timestamp("ms", "Europe/Berlin"), instants(2, 9998)),
    (pa.timestamp("s"), st.datetimes().map(lambda t: t.replace(microsecond=0))),
    (pa.timestamp("us"), st.sampled_from([-(2**62), 2**63 - 1, 253402300800000000, -62135596800000001])),
    (pa.timestamp("ns"), instants(1970, 2200)),
    (pa.time64("us"), st.times()),
    (pa.list_(pa.int64()), st.lists(st.integers(-9, 9), max_size=3)),
    (pa.struct([("x", pa.string()), ("a", pa.float64())]), st.fixed_dictionaries({"x": TEXTS, "a": st.floats()})),
    (pa.null(), st.none()),
)  # fmt: skip


@st.composite
def record_blocks(draw):
    """Return rows as dicts: each column has values of one kind mostly, and may be absent in some rows."""
    names = ["id", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True, max_size=5))]
    columns = {name: draw(st.sampled_from(COLUMNS)) | st.none() for name in names}
    size = draw(st.integers(1, 6))
    absent = draw(st.booleans())
    rows = []
    for _ in range(size):
        row = {name: draw(values) for name, values in columns.items()}
        rows.append({name: value for name, value in row.items() if not (absent and draw(st.booleans()))} or {"id": "x"})
    return rows


@st.composite
def arrow_batches(draw):
    """Return Arrow batches of some columns of any type."""
    names = ["id", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True, max_size=5))]
    size = draw(st.integers(1, 6))
    arrays = []
    for _ in names:
        kind, values = draw(st.sampled_from(ARROW))
        column = draw(st.lists(values | st.none(), min_size=size, max_size=size))
        arrays.append(pa.array(column, kind))
    return pa.record_batch(arrays, names)


def mappings(names):
    """Return mappings that name columns as key, price or attributes, or that leave all to the names."""
    chosen = st.sampled_from(list(names))
    return st.fixed_dictionaries(
        {}, optional={"price": chosen, "attributes": st.just("*") | st.lists(chosen, unique=True)}
    )


def mapper(sink, data, names, *, more_columns):
    """Return a mapper with random options whose key is the first column."""
    kind = SINKS[sink]
    columns = tuple(names)
    key = tuple(data.draw(st.sampled_from(columns)) for _ in kind.key)
    options: dict = {"key": key, "nulls": data.draw(OPTIONS)}
    if sink in ("customer_profiles", "catalog_items") and data.draw(st.booleans()):
        chosen = data.draw(mappings(names))
        chosen.setdefault("attributes", "*")
        options["map"] = {name: value for name, value in chosen.items() if name in kind.field_names}
    types = data.draw(st.none() | st.fixed_dictionaries({name: st.sampled_from(TYPES) for name in columns}))
    try:
        return Mapper(
            kind, MappingOptions(**options), columns=columns, more_columns=more_columns, attribute_types=types
        )
    except SyncConfigError:  # two columns for one attribute, or none
        reject()


def by_column(one, block):
    """Return (key, fields) of each row that is mapped by column, by its position; None if none can be."""
    mapped = one.by_column.mapped(block)
    if mapped is None:
        return None
    where = f"NOT ({mapped.one_by_one})" if mapped.one_by_one else "true"
    DATABASE.register("incoming", mapped.table)
    statement = f"SELECT {POSITION}, {mapped.key}, {mapped.fields} FROM incoming WHERE {where}"
    found = DATABASE.execute(statement).fetchall()
    return {position: (key, fields.encode()) for position, key, fields in found}


def check(one, block, rows):
    """Compare the columns with the rows; a row that is not mapped by column must be one that needs the row path."""
    found = by_column(one, block)
    for position, row in enumerate(rows):
        if found is None or position not in found:
            continue
        assert not one.is_deleted(row)
        mapped = one(row)
        assert (mapped.key, mapped.fields) == found[position]


SETTINGS = examples(400, suppress_health_check=list(HealthCheck))


@SETTINGS
@given(st.data(), SINK, record_blocks())
def test_columns_of_records_become_what_rows_become(data, sink, rows):
    """A block of dicts is mapped to the keys and bytes of its rows, whatever their types."""
    names = dict.fromkeys(name for row in rows for name in row)
    check(mapper(sink, data, names, more_columns=data.draw(st.booleans())), RecordBlock(rows), rows)


@SETTINGS
@given(st.data(), SINK, arrow_batches())
def test_columns_of_arrow_become_what_rows_become(data, sink, batch):
    """A block of an Arrow batch is mapped to the keys and bytes of its rows, whatever their types."""
    block = ArrowBlock(batch)
    rows = block.rows(range(len(block)))
    check(mapper(sink, data, batch.schema.names, more_columns=data.draw(st.booleans())), block, rows)


USUAL = {
    "id": pa.array(["a", 'b"\n', "é"]),
    "count": pa.array([1, None, -3], pa.int64()),
    "yes": pa.array([True, False, None]),
    "score": pa.array([Decimal("1.50"), Decimal("10.00"), None], pa.decimal128(10, 2)),
    "rate": pa.array([0.1, 2.0, -1234.5]),
    "day": pa.array([date(2024, 1, 31), None, date(1999, 12, 31)]),
    "moment": pa.array([1_706_702_400_000_000 + n * 1500 for n in range(3)], pa.timestamp("us")),
    "clock": pa.array([time(1, 2, 3), None, time(4, 5)], pa.time64("us")),
}  # fmt: skip


@pytest.mark.parametrize("nulls", ["skip", "send_null"])
def test_usual_types_are_mapped_by_column(nulls):
    """Rows with the usual types are mapped by column, none of them one by one."""
    block = ArrowBlock(pa.record_batch(USUAL))
    one = Mapper(SINKS["customer_profiles"], MappingOptions(key=("id",), nulls=nulls), columns=list(USUAL))
    rows = block.rows(range(3))
    expected = {position: ((mapped := one(row)).key, mapped.fields) for position, row in enumerate(rows)}
    assert expected == by_column(one, block)


def test_rows_that_cannot_be_sent_are_left_to_the_row_path():
    """A row with an empty key or a key that is too long is not mapped by column, and is refused as a row."""
    rows = [{"id": "a"}, {"id": ""}, {"id": None}, {"id": "x" * 1001}]
    one = Mapper(SINKS["audience_members"], MappingOptions(key=("id",)), columns=["id"])
    assert {0: ("a", b'{"profileIntegrationId":"a"}')} == by_column(one, RecordBlock(rows))
    for row in rows[1:]:
        with pytest.raises(InvalidRow):
            one(row)


def test_rows_that_are_marked_as_deleted_are_left_to_the_row_path():
    """A row that its source marks as deleted is not mapped by column."""
    rows = [
        {"id": "a", "_sdc_deleted_at": None},
        {"id": "b", "_sdc_deleted_at": "2024-01-01"},
        {"id": "c", "_sdc_deleted_at": ""},
    ]
    one = Mapper(SINKS["audience_members"], MappingOptions(key=("id",)), columns=["id"])
    assert {0, 2} == set(by_column(one, RecordBlock(rows)))
