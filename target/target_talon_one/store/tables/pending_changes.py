"""The view of the changes that are about to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_talon_one.store.database import Database

COMPARED = (  # columns of changes that are not the staged rows
    "n BIGINT, op VARCHAR, grp VARCHAR, key VARCHAR, fingerprint UBIGINT, fields VARCHAR, place VARCHAR, "
    "version UINTEGER"
)


class PendingChanges:
    """The view of a destination's changes: of its staged rows if they are the changes, else of those compared."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of_staged: dict[int, str] = {}  # by destination whose changes are its staged rows: their columns

    def has_no_gaps(self, destination: int) -> bool:
        """Return whether the places of the staged rows in their table number them."""
        statement = f"SELECT count(*) = coalesce(max(rowid) + 1, 0) FROM staged_{destination}"
        return bool(self._database.run(statement)[0][0])

    def show_compared(self, destination: int) -> None:
        """Show the changes that a comparison has found."""
        self._of_staged.pop(destination, None)
        self._show(destination, "*", "compared")

    def show_staged(self, destination: int, op: str, fingerprint: str) -> None:
        """Show all staged rows as changes."""
        self._of_staged[destination] = (
            f"rowid AS n, '{op}' AS op, NULL::VARCHAR AS grp, key, {fingerprint} AS fingerprint, fields, place, "
            "0 AS version"
        )
        self._show(destination, self._of_staged[destination], "staged")

    def release_staging(self, destination: int) -> None:
        """Keep staged rows that are shown as changes readable, while other rows are staged."""
        if destination in self._of_staged:
            self.drop_sent(destination)
            self._database.run(f"ALTER TABLE staged_{destination} RENAME TO sending_{destination}")
            self._show(destination, self._of_staged[destination], "sending")

    def drop_sent(self, destination: int) -> None:
        """Free the memory of changes that were sent; they cannot be read any more."""
        self._database.run(f"DROP TABLE IF EXISTS sending_{destination}")

    def _show(self, destination: int, columns: str, table: str) -> None:
        select = f"SELECT {columns} FROM {table}_{destination}"
        self._database.run(f"CREATE OR REPLACE TEMP VIEW pending_{destination} AS {select}")
