"""Arrow batches as row blocks: the columns that mean what their type says, and the values of all others."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from talon_one_singer.blocks.arrow_block import ArrowBlock

TEXT = pa.array(["a", None])


def block_of(array, **field):
    """Return a block with a single column ``x``."""
    return ArrowBlock(pa.record_batch([array], schema=pa.schema([pa.field("x", array.type, **field)])))


def test_a_column_of_a_usual_type_is_used_as_it_is():
    """Text without metadata is the column itself."""
    assert TEXT == block_of(TEXT).array("x")


def test_booleans_of_duckdb_are_a_column_of_booleans():
    """A column of bytes that stand for booleans is used as booleans, also where its type is only in the metadata."""
    stored, expected = pa.array([1, 0, 5, None], pa.int8()), pa.array([True, False, True, None])
    typed = pa.ExtensionArray.from_storage(pa.bool8(), stored)
    named = {"ARROW:extension:name": "arrow.bool8", "ARROW:extension:metadata": ""}
    assert [expected, expected] == [block_of(typed).array("x"), block_of(stored, metadata=named).array("x")]
    assert expected.to_pylist() == block_of(typed).values("x")


@pytest.mark.parametrize(
    "block",
    [
        block_of(TEXT, metadata={"type": "jsonb"}),
        block_of(pa.array([1.5], pa.float32())),
        block_of(pa.array([1], pa.timestamp("ns"))),
        block_of(pa.array([[1]])),
        block_of(pa.array([b"\xff"]).view(pa.string())),
        ArrowBlock(pa.record_batch({"x": TEXT}), {"x": str.upper}),
    ],
    ids=["marked as JSON", "float", "nanoseconds", "list", "not UTF-8", "decoded"],
)
def test_a_column_with_another_meaning_has_only_values(block):
    """A column whose values are not those of its Arrow type has no array."""
    assert block.array("x") is None


def test_rows_have_the_values_that_the_columns_have():
    """Rows have converted and decoded values; single rows have the same ones."""
    batch = pa.record_batch({"x": TEXT, "at": pa.array([0, None], pa.timestamp("us"))})
    block = ArrowBlock(batch, {"x": str.upper})
    expected = [{"x": "A", "at": datetime(1970, 1, 1, tzinfo=UTC)}, {"x": None, "at": None}]
    assert expected == block.rows(range(2))
    assert expected[1:] == block.rows([1])
