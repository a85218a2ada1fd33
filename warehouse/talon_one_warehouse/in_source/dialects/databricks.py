"""The SQL of Databricks.

https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-functions-builtin-alpha
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_warehouse.in_source.dialects.base import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

_IN_JSON = ("ARRAY", "MAP", "STRUCT", "VARIANT")


class Databricks(Dialect):
    """Databricks."""

    types: Mapping[str, str] = {"text": "STRING", "integer": "BIGINT", "hash": "STRING", "bytes": "BINARY"}
    canonical = frozenset({"STRING", "TINYINT", "SMALLINT", "INT", "BIGINT"})
    merges = True

    def quoted(self, *names: str) -> str:
        """See Dialect."""
        return ".".join("`{}`".format(name.replace("`", "``")) for name in names)

    def literal(self, text: str) -> str:
        """See Dialect."""
        return "'{}'".format(text.replace("\\", "\\\\").replace("'", "\\'"))

    def text_of(self, column: str, type_name: str) -> str | None:
        """See Dialect."""
        if type_name == "BINARY":
            return f"HEX({column})"
        return f"TO_JSON({column})" if type_name.startswith(_IN_JSON) else super().text_of(column, type_name)

    def digest(self, text: str) -> str:
        """See Dialect."""
        return f"LEFT(SHA2({text}, 256), 32)"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"CAST(CONV(LEFT({self.digest(text)}, 8), 16, 10) AS BIGINT)"
