"""BigQuery's SQL.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_warehouse.in_source.dialects.base import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

_IN_JSON = ("JSON", "RECORD", "STRUCT", "BYTES", "ARRAY")


class BigQuery(Dialect):
    """BigQuery."""

    types: Mapping[str, str] = {"text": "STRING", "integer": "INT64", "hash": "STRING", "bytes": "BYTES"}
    canonical = frozenset({"STRING", "INTEGER", "INT64"})
    merges = True

    def quoted(self, *names: str) -> str:
        """See Dialect."""
        return ".".join("`{}`".format(name.replace("\\", "\\\\").replace("`", "\\`")) for name in names)

    def literal(self, text: str) -> str:
        """See Dialect."""
        return "'{}'".format(text.replace("\\", "\\\\").replace("'", "\\'"))

    def text_of(self, column: str, type_name: str) -> str | None:
        """See Dialect. The JSON of a null would be the text null."""
        if type_name.startswith(_IN_JSON):
            return f"IF({column} IS NULL, NULL, TO_JSON_STRING({column}))"
        return super().text_of(column, type_name)

    def digest(self, text: str) -> str:
        """See Dialect."""
        return f"LEFT(TO_HEX(SHA256({text})), 32)"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"CAST('0x' || LEFT({self.digest(text)}, 8) AS INT64)"
