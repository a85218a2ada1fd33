"""Named texts that a store keeps: its identity, ids of audiences, settings of destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_talon_one.store.database import Database


class NamedValues:
    """Texts by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, name: str, value: str | None) -> None:
        """Keep a value under a name, or remove it with None."""
        with self._database.transaction():
            self._database.run("DELETE FROM remembered WHERE name = ?", name)
            if value is not None:
                self._database.run("INSERT INTO remembered VALUES (?, ?)", name, value)

    def get(self, name: str) -> str | None:
        """Return the value that is kept under a name, or None."""
        found = self._database.run("SELECT value FROM remembered WHERE name = ?", name)
        return None if not found else str(found[0][0])
