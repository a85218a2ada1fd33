"""The keys that a read has seen, in temporary tables of a DuckDB connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_storage.sql_names import quoted
from talon_one_warehouse.key_limits import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_warehouse.key_limits import Within


class SeenKeys:
    """Keys by table. They may fill the disk, and never the memory.

    Args:
        execute: runs a statement, and reads all of its answer.
    """

    def __init__(self, execute: Callable[[str], Any]) -> None:
        self._execute = execute
        self._names: dict[str, str] = {}
        self._keys: dict[str, Sequence[str]] = {}

    def begin(self, table: str, key: Sequence[str], types: Mapping[str, str]) -> None:
        """Note keys of a table from now on; those that were noted before are forgotten.

        Args:
            table: the table.
            key: its key columns.
            types: the type of each key column.
        """
        name = self._names.setdefault(table, quoted("temp", f"_talon_one_seen_{len(self._names)}"))
        columns = ", ".join(f"{quoted(column)} {types[column]}" for column in key)
        self._execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        self._keys[table] = key

    def add(self, table: str, stage: str) -> None:
        """Note the keys of rows, if keys of their table are noted.

        Args:
            table: the table.
            stage: the quoted name of the rows.
        """
        if table in self._keys:
            names = ", ".join(map(quoted, self._keys[table]))
            self._execute(f"INSERT INTO {self._names[table]} SELECT {names} FROM {stage}")  # noqa: S608 - quoted

    def unseen(self, table: str, within: Within | None = None) -> str:
        """Return the condition that the key of a row ``t`` was not seen; for ``within`` see Warehouse.end_read."""
        same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in self._keys[table])
        absent = f"NOT EXISTS (SELECT 1 FROM {self._names[table]} AS s WHERE {same})"  # noqa: S608 - names are quoted
        return " AND ".join([absent, *limits(within)])

    def end(self, table: str) -> None:
        """Note no more keys of a table."""
        self._execute(f"DROP TABLE {self._names[table]}")
        del self._keys[table]
