"""DuckDB's SQL.

https://duckdb.org/docs/stable/sql/functions/text
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_warehouse.in_source.dialects.base import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping


class DuckDB(Dialect):
    """DuckDB."""

    types: Mapping[str, str] = {"text": "VARCHAR", "integer": "BIGINT", "hash": "UUID", "bytes": "BLOB"}
    canonical = frozenset({"VARCHAR", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UUID"})

    def text_of(self, column: str, type_name: str) -> str | None:
        """See Dialect. The text of a nested value does not tell everything, so its JSON is added."""
        text = super().text_of(column, type_name)
        is_nested = type_name.endswith("]") or type_name.startswith(("STRUCT", "MAP", "UNION"))
        return f"({text} || ' ' || CAST(to_json({column}) AS VARCHAR))" if is_nested else text

    def digest(self, text: str) -> str:
        """See Dialect."""
        return f"left(sha256({text}), 32)"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"CAST('0x' || left(sha256({text}), 8) AS BIGINT)"
