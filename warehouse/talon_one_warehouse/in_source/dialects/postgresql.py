"""PostgreSQL's SQL.

https://www.postgresql.org/docs/current/functions-binarystring.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_warehouse.in_source.dialects.base import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping


class PostgreSQL(Dialect):
    """PostgreSQL."""

    types: Mapping[str, str] = {"text": "text", "integer": "bigint", "hash": "uuid", "bytes": "bytea"}
    canonical = frozenset({"text", "character varying", "smallint", "integer", "bigint", "uuid"})

    def digest(self, text: str) -> str:
        """See Dialect."""
        return f"left(encode(sha256(convert_to({text}, 'UTF8')), 'hex'), 32)"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"CAST(CAST('x' || left({self.digest(text)}, 8) AS bit(32)) AS bigint)"
