"""Rows as columns: dicts whose columns have one type, and what cannot be a column."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from talon_one_singer.blocks.row_block import RecordBlock, record_blocks


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None], pa.array(["a", None])),
        ([1, None, -(2**63)], pa.array([1, None, -(2**63)], pa.int64())),
        ([True, False], pa.array([True, False])),
        ([None], pa.nulls(1)),
        ([1, True], None),
        ([2**63], None),
        ([Decimal(1)], None),
        (["\ud800"], None),
    ],
)
def test_a_column_has_the_type_of_its_values(values, expected):
    """A column of texts, integers or booleans is an Arrow array; any other has only its values."""
    block = RecordBlock([{"x": value} for value in values])
    assert values == list(block.values("x"))
    assert expected == block.array("x")


def test_a_row_without_a_column_has_none_there():
    """A block knows whether all its rows have the same columns; a row that lacks one has None there."""
    rows = [{"a": 1}, {"b": 2, "a": 3}]
    block = RecordBlock(rows)
    assert not block.alike
    assert ["a", "b"] == list(block.names)
    assert [None, 2] == list(block.values("b"))
    assert [rows[1]] == block.rows([1])


def test_rows_with_the_same_columns_in_another_order_are_not_taken_for_alike():
    """The values of rows whose columns have another order stay with their columns."""
    block = RecordBlock([{"a": 1, "b": 2}, {"b": 3, "a": 4}])
    assert [1, 4] == list(block.values("a"))


def test_a_part_without_rows_is_no_block():
    """Parts without rows are left out."""
    assert [1] == [len(block) for block in record_blocks([[], [{"a": 1}], []])]
