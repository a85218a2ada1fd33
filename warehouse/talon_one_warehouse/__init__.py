"""Warehouses that rows are loaded into: exact types, merge by key, state beside the data.

The package can be imported without pyarrow and duckdb, which are optional extras: modules that need them import them
at the top, and are themselves imported when a warehouse or a source is opened.
"""

import os

from talon_one_singer.values.column_names import snake_case
from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec, table_spec
from talon_one_warehouse.arrow.json_to_arrow import to_arrow
from talon_one_warehouse.errors import (
    RowError,
    TableError,
    WarehouseConfigError,
    WarehouseError,
    WarehouseFullError,
    WarehouseLockedError,
)
from talon_one_warehouse.key_limits import Span
from talon_one_warehouse.sources.open_source import open_source
from talon_one_warehouse.sources.spec import Source, SourceSpec, source_spec
from talon_one_warehouse.urls import open_warehouse
from talon_one_warehouse.warehouse import MergeCounts, MergePace, Warehouse

__all__ = [
    "Column",
    "Kind",
    "MergeCounts",
    "MergePace",
    "RowError",
    "Source",
    "SourceSpec",
    "Span",
    "TableError",
    "TableSpec",
    "Warehouse",
    "WarehouseConfigError",
    "WarehouseError",
    "WarehouseFullError",
    "WarehouseLockedError",
    "open_source",
    "open_warehouse",
    "snake_case",
    "source_spec",
    "table_spec",
    "to_arrow",
]

# Read when pyarrow is first used. Arrow's own allocator keeps some 50 MB that only one merge needed.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
