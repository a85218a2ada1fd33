"""Snowflake's SQL.

https://docs.snowflake.com/en/sql-reference/functions/hash
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.dialects.snowflake import folded
from talon_one_warehouse.in_source.dialects.base import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

# Names of the connector; FIXED has the digits after the point.
_PLAIN = ("FIXED", "TEXT", "BOOLEAN", "BINARY")
_ROUNDED = ("REAL", "DATE", "TIME")  # and TIMESTAMP_NTZ, …: their texts depend on the session, or lack digits
_IN_JSON = ("VARIANT", "OBJECT", "ARRAY")


class Snowflake(Dialect):
    """Snowflake. Contents of files are texts (base64), because COPY takes bytes of Parquet files for text."""

    types: Mapping[str, str] = {"text": "TEXT", "integer": "NUMBER(38,0)", "hash": "TEXT", "bytes": "TEXT"}
    canonical = frozenset({"TEXT", "FIXED(0)"})
    merges = True

    def own(self, schema: str, table: str) -> str:
        """See Dialect."""
        return quoted(folded(schema), folded(table))

    def temporary(self, schema: str, table: str) -> str:
        """See Dialect. It is in the schema of the session."""
        del schema
        return quoted(folded(table))

    def literal(self, text: str) -> str:
        """See Dialect. A backslash begins an escape."""
        return literal(text.replace("\\", "\\\\"))

    def text_of(self, column: str, type_name: str) -> str | None:
        """See Dialect. HASH tells apart what the text of a value rounds."""
        if type_name.startswith(_PLAIN):
            return super().text_of(column, type_name)
        text = f"CAST({column} AS TEXT)" if type_name.startswith(_ROUNDED) else f"TO_JSON({column})"
        is_known = type_name.startswith((*_ROUNDED, *_IN_JSON))
        return f"({text} || ' ' || CAST(HASH({column}) AS TEXT))" if is_known else None

    def copy(self, table: str, columns: Mapping[str, str], file: str) -> str:
        """Return COPY of a Parquet file into a temporary table; the file is removed then.

        Args:
            table: quoted name of the table.
            columns: names of the columns, which are plain, with their types.
            file: reference to the file on its stage.
        """
        values = ", ".join(f"$1:{column}::{kind}" for column, kind in columns.items())
        # By default, COPY takes the text \N for null.
        return (
            f"COPY INTO {table} FROM (SELECT {values} FROM {file}) "
            "FILE_FORMAT = (TYPE = PARQUET NULL_IF = ()) PURGE = TRUE"
        )

    def digest(self, text: str) -> str:
        """See Dialect."""
        return f"LEFT(SHA2({text}, 256), 32)"

    def hash_of(self, digest: str) -> str:
        """See Dialect."""
        return digest

    def number(self, text: str) -> str:
        """See Dialect. HASH may change with a release, so the number is that of four digits of the digest."""
        digits = [f"POSITION(SUBSTR({self.digest(text)}, {at}, 1), '0123456789abcdef') - 1" for at in range(1, 5)]
        return f"(({digits[0]}) * 4096 + ({digits[1]}) * 256 + ({digits[2]}) * 16 + {digits[3]})"
