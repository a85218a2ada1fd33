"""The store of a sync: acknowledged rows, staged rows and their changes, rejects, and the history of runs.

A run stages its rows, turns the difference to the acknowledged rows into numbered changes, and notes which of them were
acknowledged. All work is done by DuckDB out of core, so that ten million rows fit into the memory given to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from uuid import uuid4

from target_talon_one.config.identity import merge_spellings
from target_talon_one.errors import StoreError
from target_talon_one.store.journal import Journal
from target_talon_one.store.tables.acknowledged import AcknowledgedRows
from target_talon_one.store.tables.changes import Changes
from target_talon_one.store.tables.destinations import Destinations
from target_talon_one.store.tables.named_values import NamedValues
from target_talon_one.store.tables.narrowing import Narrowing
from target_talon_one.store.tables.personal_data import erase_person
from target_talon_one.store.tables.profiles import KnownProfiles
from target_talon_one.store.tables.rejects import Rejects
from target_talon_one.store.tables.remote_rows import RemoteRows
from target_talon_one.store.tables.runs import ChangeLog, RunHistory, Writers
from target_talon_one.store.tables.staging import StagedRows

if TYPE_CHECKING:
    from target_talon_one.store.journal import JournalSlot
    from target_talon_one.store.persistence import Persistence

_IDENTITY = "identity of the store"  # name of the value


class Store:
    """The tables of a store in one database, grouped by purpose. Not thread-safe: one thread owns it.

    Args:
        persistence: keeps the tables.
        journal: a slot that outlives the worker, if there is one; see ``journal``.

    Attributes:
        database: all tables.
        source_rows: acknowledged rows that are loaded from the database of the source; None: all are in ``database``.
        destinations: numbers and identities of the destinations.
        staging: rows of the run's sources.
        changes: rows to send.
        acks: acknowledged rows.
        rejects: refused rows.
        runs: history of the runs.
        writers: names of the syncs that have written to destinations.
        log: what happened to rows and is to be written to a warehouse.
        remote: rows found at a destination.
        profiles: profiles that are known to exist.
        values: named texts.

    Raises:
        StoreError: the journal is about another store, or the tables cannot be used.
    """

    def __init__(self, persistence: Persistence, *, journal: JournalSlot | None = None) -> None:
        self._persistence = persistence
        self.database = database = persistence.database
        self.source_rows = persistence.source_rows
        self.values = NamedValues(database)
        self.destinations = Destinations(database)
        self.runs = RunHistory(database, self.values)
        self.writers = Writers(database, self.values)
        self.log = ChangeLog(database, self.values, self.runs)
        self.rejects = Rejects(database, self.runs, self.log)
        narrowing = Narrowing(database)
        self.staging = StagedRows(database, narrowing)
        self.changes = Changes(database, narrowing)
        self.acks = AcknowledgedRows(persistence, self.destinations, self.values, self.rejects, self.log)
        self.remote = RemoteRows(database)
        self.profiles = KnownProfiles(database)
        if journal:
            self._resume(journal)
        if persistence.exclusive:
            self.runs.mark_broken_off()
        for destination in self.destinations.identities():
            self.runs.note_acknowledged(destination, self.acks.count_changes(destination))
            self.acks.commit_acknowledged(destination)
        with database.transaction():
            merge_spellings(database.run)

    @property
    def location(self) -> str:
        """Return where the store is kept, without secrets."""
        return self._persistence.location

    def erase(self, integration_id: str) -> int:
        """Delete every trace of a person and return the number of deleted rows."""
        destinations = list(self.destinations.identities()) if self.source_rows else []
        for number in destinations:
            self.load_acknowledged(number)
        deleted = erase_person(self.database, integration_id)
        for number in destinations:
            self._persistence.save_committed(number)
        return deleted

    def load_acknowledged(self, destination: int) -> None:
        """Load all acknowledged rows of a destination from the database of the source, if they are kept there."""
        if self.source_rows:
            self.source_rows.start(destination)
            self.source_rows.load_known(destination)

    def compact(self) -> None:
        """Remove every trace of deleted rows."""
        self._persistence.compact()

    def close(self) -> None:
        """Save everything and release the lock for other runs."""
        self._persistence.close()

    def discard(self) -> None:
        """Close the store without saving it, so that a run that uses it at the same time is not refused."""
        self._persistence.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _resume(self, slot: JournalSlot) -> None:
        """Take over the acknowledged changes that a killed try recorded in the journal but did not save."""
        journal = Journal(slot, self._identity())
        if journal.is_about_another_store():
            raise StoreError(
                f"an earlier try of this task sent rows and recorded them in another store than {self.location}; keep "
                "the store where all workers can reach it, in PostgreSQL or on S3, and use a new run for another store"
            )
        self.acks.resume(journal)

    def _identity(self) -> str:
        """Return what distinguishes this store from every other one."""
        identity = self.values.get(_IDENTITY) or uuid4().hex
        self.values.set(_IDENTITY, identity)
        return identity
