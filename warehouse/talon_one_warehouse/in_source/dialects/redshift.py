"""Redshift's SQL.

https://docs.aws.amazon.com/redshift/latest/dg/SHA2.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_warehouse.dialects.redshift import text_literal
from talon_one_warehouse.in_source.dialects.base import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping


class Redshift(Dialect):
    """Redshift. Its sessions need ``extra_float_digits = 2`` for the texts of floats."""

    types: Mapping[str, str] = {
        "text": "VARCHAR(65535)",
        "integer": "BIGINT",
        "hash": "CHAR(32)",
        "bytes": "VARBYTE(1024000)",
    }
    canonical = frozenset({"VARCHAR", "SMALLINT", "INTEGER", "BIGINT"})

    def literal(self, text: str) -> str:
        """See Dialect."""
        return text_literal(text)

    def text_of(self, column: str, type_name: str) -> str | None:
        """See Dialect. A boolean has no text, but a number."""
        if type_name == "BOOLEAN":
            return super().text_of(f"CAST({column} AS INTEGER)", type_name)
        if type_name == "SUPER":
            return f"JSON_SERIALIZE({column})"
        if type_name == "VARBYTE":
            return f"TO_HEX({column})"
        return super().text_of(column, type_name)

    def digest(self, text: str) -> str:
        """See Dialect."""
        return f"LEFT(SHA2({text}, 256), 32)"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"STRTOL(LEFT({self.digest(text)}, 8), 16)"
