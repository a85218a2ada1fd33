"""The kinds of files that can be sources, by the endings of their names, and how tests read sources."""

from __future__ import annotations

from typing import Any

import pytest

from talon_one_singer.settings.input_limits import InputLimits
from talon_one_warehouse import SourceSpec, WarehouseError, open_source

FILES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".parquet")

Rows = list[dict[str, Any]]


def read(spec: SourceSpec, *, rendered: bool = False, **limits: int) -> Rows:
    """Return all rows of a source."""
    with open_source(spec, limits=InputLimits(**limits), rendered=rendered) as source:
        return [row for part in source.rows() for row in part]


def refusal(spec: SourceSpec, **limits: int) -> str:
    """Return the one line with which a source is refused."""
    with pytest.raises(WarehouseError) as refused:
        read(spec, **limits)
    assert "\n" not in str(refused.value)
    return str(refused.value)
