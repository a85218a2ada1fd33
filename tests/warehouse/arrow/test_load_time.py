"""The column that says when a load wrote a row."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from talon_one_warehouse import TableError, table_spec, to_arrow
from talon_one_warehouse.arrow.array_builders import int64s
from talon_one_warehouse.arrow.load_time import with_load_time

AT = datetime(2024, 3, 31, 3, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


def test_every_row_gets_the_instant_in_utc():
    """All rows of all batches get one instant, to the microsecond."""
    batches = [pa.RecordBatch.from_arrays([int64s(values)], names=["a"]) for values in ([1, 2], [3], [])]
    rows = pa.Table.from_batches(with_load_time(batches, AT))
    assert [datetime(2024, 3, 31, 1, 0, 0, 123456, tzinfo=UTC)] * 3 == rows["_loaded_at"].to_pylist()


def test_the_batches_have_the_columns_of_the_table():
    """A converted batch with its instant has the columns of the table, in their order."""
    table = table_spec("t", {"properties": {"id": {"type": "integer"}, "n": {"type": "number"}}}, ["id"])
    (batch,) = with_load_time([to_arrow(table, [b'{"id":1,"n":2}'])], AT)
    assert [column.name for column in table.with_loaded_at().columns] == batch.schema.names


def test_a_property_of_that_name_is_refused():
    """A stream with a property of the same name is refused by name, because one of both would be lost."""
    table = table_spec("t", {"properties": {"id": {"type": "integer"}, "_loaded_at": {"type": "string"}}}, ["id"])
    with pytest.raises(TableError, match=r"would both become the column '_loaded_at'; leave one out"):
        table.with_loaded_at()


def test_pandas_is_not_imported():
    """The column is built without pandas, whose import takes memory that no load needs."""
    code = (
        "import sys, pyarrow as pa\n"
        "from datetime import UTC, datetime\n"
        "from talon_one_warehouse.arrow.array_builders import int64s\n"
        "from talon_one_warehouse.arrow.load_time import with_load_time\n"
        "with_load_time([pa.RecordBatch.from_arrays([int64s([1])], names=['a'])], datetime.now(UTC))\n"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False\n" == done.stdout
