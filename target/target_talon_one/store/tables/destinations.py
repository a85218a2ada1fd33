"""The destinations of a store, and the tables that each of them has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from target_talon_one.sinks.table import SINKS

if TYPE_CHECKING:
    from target_talon_one.sinks.sink_type import SinkType
    from target_talon_one.store.database import Database

_TABLES = (
    "CREATE TABLE sent_{} (key VARCHAR, fingerprint UBIGINT, version UINTEGER)",
    "CREATE TABLE changes_{} (n BIGINT, op VARCHAR, grp VARCHAR, key VARCHAR, fingerprint UBIGINT, fields VARCHAR,"
    " place VARCHAR, version UINTEGER)",
    "CREATE TABLE done_{} (first BIGINT, past BIGINT)",
    "CREATE TABLE begun_{} (first BIGINT, past BIGINT, once BOOLEAN)",
)


class Destinations:
    """Numbers, identities and generations of the destinations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def number_of(self, identity: str, name: str) -> int:
        """Return the number of the destination with this identity; a new one gets its tables.

        Args:
            identity: see ``config.identity``.
            name: name of the stream, kept for a new destination.
        """
        found = self._database.run("SELECT id FROM destinations WHERE identity = ?", identity)
        if found:
            return int(found[0][0])
        count, number = self._database.run("SELECT count(*), coalesce(max(id), 0) + 1 FROM destinations")[0]
        with self._database.transaction():
            self._database.run("INSERT INTO destinations VALUES (?, ?, ?, 0)", number, identity, name)
            for statement in _TABLES:
                self._database.run(statement.format(number))
        self._database.expect_destinations(count + 1)
        return int(number)

    def rename(self, destination: int, identity: str) -> None:
        """Give a destination another identity, because its audience was created."""
        self._database.run("UPDATE destinations SET identity = ? WHERE id = ?", identity, destination)

    def identities(self) -> dict[int, str]:
        """Return the identity of every destination by its number."""
        return dict(self._database.run("SELECT id, identity FROM destinations"))

    def sinks(self) -> dict[str, SinkType]:
        """Return the sink of each destination by the destination's name."""
        found = self._database.run("SELECT name, identity FROM destinations ORDER BY id")
        return {name: sink for name, identity in found if (sink := sink_of(identity))}

    def generation(self, destination: int) -> int:
        """Return a number that changes whenever the acknowledged rows of the destination change."""
        return self._database.count("SELECT generation FROM destinations WHERE id = ?", destination)

    def next_generation(self, destination: int) -> None:
        """Note that the acknowledged rows of the destination change."""
        self._database.run("UPDATE destinations SET generation = generation + 1 WHERE id = ?", destination)


def sink_of(identity: str) -> SinkType | None:
    """Return the sink of a destination, or None if another version of the program created it."""
    try:
        return SINKS.get(json.loads(identity)[1])
    except (ValueError, LookupError, TypeError):
        return None
