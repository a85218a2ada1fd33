"""BigQuery's SQL.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_warehouse.in_source.dialects.base import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

# Names of the API. Texts of INTERVAL and RANGE are exact, too, but a mapping refuses their values.
_PLAIN = frozenset(
    """STRING INTEGER INT64 FLOAT FLOAT64 NUMERIC BIGNUMERIC BOOLEAN BOOL DATE DATETIME TIMESTAMP TIME
    INTERVAL RANGE""".split()  # noqa: SIM905 - one a line would be a page
)
_IN_JSON = ("JSON", "RECORD", "STRUCT", "BYTES", "ARRAY")
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})
_EXPIRING = "OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))"


class BigQuery(Dialect):
    """BigQuery.

    Args:
        run: a part of the names of temporary tables.
    """

    types: Mapping[str, str] = {"text": "STRING", "integer": "INT64", "hash": "STRING", "bytes": "BYTES"}
    canonical = frozenset({"STRING", "INTEGER", "INT64"})
    merges = True

    def __init__(self, run: str = "run") -> None:
        self._run = run

    def quoted(self, *names: str) -> str:
        """See Dialect."""
        return ".".join("`{}`".format(name.replace("\\", "\\\\").replace("`", "\\`")) for name in names)

    def literal(self, text: str) -> str:
        """See Dialect."""
        return f"'{text.translate(_ESCAPES)}'"

    def temporary(self, schema: str, table: str) -> str:
        """See Dialect. It is a table like any other one, which expires after a day."""
        return self.quoted(schema, self.of_run(table))

    def of_run(self, table: str) -> str:
        """Return the name of a temporary table in its dataset."""
        return f"{table}_{self._run}"

    def create_temporary(self, table: str) -> str:
        """See Dialect."""
        return f"CREATE TABLE {table} {_EXPIRING}"

    def create_loaded(self, schema: str, table: str, columns: Mapping[str, str]) -> str:
        """Return CREATE TABLE of a temporary table for rows that are uploaded; ``columns`` are names with types."""
        defined = ", ".join(f"{self.quoted(name)} {kind}" for name, kind in columns.items())
        return f"CREATE TABLE {self.temporary(schema, table)} ({defined}) {_EXPIRING}"

    def text_of(self, column: str, type_name: str) -> str | None:
        """See Dialect. The JSON of a null would be the text null; the text of a float is documented as approximate."""
        if type_name.startswith(_IN_JSON):
            return f"IF({column} IS NULL, NULL, TO_JSON_STRING({column}))"
        text = super().text_of(column, type_name) if type_name in _PLAIN else None
        return f"({text} || ' ' || FORMAT('%.17g', {column}))" if type_name.startswith("FLOAT") else text

    def digest(self, text: str) -> str:
        """See Dialect."""
        return f"LEFT(TO_HEX(SHA256({text})), 32)"

    def number(self, text: str) -> str:
        """See Dialect."""
        return f"CAST('0x' || LEFT({self.digest(text)}, 8) AS INT64)"
