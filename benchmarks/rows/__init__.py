"""The rows of the benchmark: what is measured, by which programs, and the mark that the connector must reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rows import loading, others, pushing, reading

if TYPE_CHECKING:
    from rows.model import Row

__all__ = ["all_rows"]


def all_rows(scale: int) -> list[Row]:
    """Return all rows, each with a part of the work if ``scale`` is not 1."""
    return [one for module in (reading, loading, pushing, others) for one in module.rows(scale)]
