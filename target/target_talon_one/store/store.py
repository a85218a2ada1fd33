"""What Talon.One has acknowledged, row by row, in a DuckDB file: the diff store.

One table a destination holds key and fingerprint of every row that is there because of us. A run stages its rows, turns
the difference into numbered changes, and notes which numbers were acknowledged; ``fold`` moves those into the table. A
process killed between two of these steps loses nothing: the next one that opens the store folds what was noted.

All work is done by DuckDB out of core, so that ten million rows fit into the memory given to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from target_talon_one.config.identity import unite_spellings
from target_talon_one.errors import StoreError
from target_talon_one.store.database import MEMORY
from target_talon_one.store.journal import MOST_RANGES, Journal
from target_talon_one.store.number_ranges import left_of, merged_ranges
from target_talon_one.store.staging import StagedRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_talon_one.sinks.table import Op
    from target_talon_one.store.journal import JournalPlace

ROWS_A_INSERT = 50_000
_STORE, _CHANGES = "identity of the store", "changes under way"  # names of what is remembered


@dataclass(frozen=True, slots=True)
class Change:
    """One row to send.

    Attributes:
        n: its number in the run.
        op: add, update or remove.
        group: value that the rows of one request share, if the sink has such a field.
        key: what tells rows apart.
        fields: the mapped row as JSON; empty for one that is only to be removed.
        place: where the row came from.
        version: how often the row was sent before.
    """

    n: int
    op: Op
    group: str | None
    key: str
    fields: bytes
    place: str
    version: int


class Store(StagedRows):
    """A diff store. Not thread-safe: one thread owns it.

    Args:
        path: of the file, or ":memory:".
        memory: see Database.
        journal: a place beside the store, if whoever runs this has one; see ``journal``.

    Raises:
        StoreLockedError: another process has it open.
        StoreError: it cannot be opened, a newer version has made it, or the journal is of another store.
    """

    def __init__(self, path: str, *, memory: str = MEMORY, journal: JournalPlace | None = None) -> None:
        super().__init__(path, memory=memory)
        self._changes: str | None = None
        self._noted: list[tuple[int, int]] | None = []
        self._journal = Journal(journal) if journal else None
        try:
            if self._journal:
                self._resume(self._journal)
            for (destination,) in self._run("SELECT id FROM destinations"):
                self.fold(destination)
            with self._transaction():
                unite_spellings(self._run)
        except BaseException:
            self._db.close()
            raise

    @cached_property
    def identity(self) -> str:
        """What tells this store from every other one."""
        found = self.remembered(_STORE) or uuid4().hex
        self.remember(_STORE, found)
        return found

    @property
    def where(self) -> str:
        """The place without secrets."""
        return self.path

    def _resume(self, journal: Journal) -> None:
        """Take over what a try that was killed has noted and not saved."""
        if journal.is_of_another(self.identity):
            raise StoreError(
                f"an earlier try of this task has sent rows and noted them in another store than {self.where}; keep "
                "the store where all workers find it, in PostgreSQL or on S3, and begin a new run for another store"
            )
        found = journal.since_saved(self.remembered(_CHANGES))
        if found:
            self.acknowledge(*found)

    # Destinations

    def destination(self, identity: str, name: str) -> int:
        """The number of the destination object that ``identity`` tells; made if it is new."""
        found = self._run("SELECT id FROM destinations WHERE identity = ?", identity)
        if found:
            return int(found[0][0])
        number = int(self._run("SELECT coalesce(max(id), 0) + 1 FROM destinations")[0][0])
        with self._transaction():
            self._run("INSERT INTO destinations VALUES (?, ?, ?, 0)", number, identity, name)
            self._run(f"CREATE TABLE sent_{number} (key VARCHAR, fingerprint UBIGINT, version UINTEGER)")
            self._run(
                f"CREATE TABLE changes_{number} (n BIGINT, op VARCHAR, grp VARCHAR, key VARCHAR, fingerprint UBIGINT,"
                " fields VARCHAR, place VARCHAR, version UINTEGER)"
            )
            self._run(f"CREATE TABLE done_{number} (first BIGINT, past BIGINT)")
            self._run(f"CREATE TABLE begun_{number} (first BIGINT, past BIGINT, once BOOLEAN)")
        self._allow_for(self._destinations + 1)
        return number

    def destinations(self) -> dict[int, str]:
        """The identity of every destination by its number."""
        return dict(self._run("SELECT id, identity FROM destinations"))

    def generation(self, destination: int) -> int:
        """A number that changes whenever what is known of the destination changes."""
        return int(self._run("SELECT generation FROM destinations WHERE id = ?", destination)[0][0])

    # Changes

    def changes(self, destination: int, first: int, size: int) -> list[Change]:
        """The changes from number ``first`` on, in order."""
        rows = self._run(
            f"SELECT n, op, grp, key, fields, place, version FROM changes_{destination} "
            "WHERE n >= ? AND n < ? ORDER BY n",
            first,
            first + size,
        )
        return [
            Change(n, op, grp, key, (fields or "").encode(), place or "", version)
            for n, op, grp, key, fields, place, version in rows
        ]

    def begin(self, destination: int, first: int, past: int, *, once: bool) -> None:
        """These are about to be sent; ``once``: by an operation that must not be repeated."""
        changes = uuid4().hex if self._journal and not self._changes else None
        if changes:
            self._changes, self._noted = changes, []
            self.remember(_CHANGES, changes)
        self._run(f"INSERT INTO begun_{destination} VALUES (?, ?, ?)", first, past, once)
        self._secure(destination, once=once)
        if self._journal and changes:
            self._journal.begin(self.identity, destination, changes)

    def _secure(self, destination: int, *, once: bool) -> None:
        """Keep what was begun where it outlives this process; a file does."""

    def acknowledge(self, destination: int, ranges: Sequence[tuple[int, int]]) -> None:
        """Talon.One has taken the changes of these ranges, the ends excluded."""
        first, past = zip(*ranges, strict=True)
        columns = {"first": pa.array(first, pa.int64()), "past": pa.array(past, pa.int64())}
        self._insert(f"done_{destination}", pa.table(columns))
        if self._journal and self._changes and self._noted is not None:
            merged = merged_ranges([*self._noted, *ranges])
            # Scattered single rows are too many to note; the next save of the store has them.
            self._noted = merged if len(merged) <= MOST_RANGES else None
            if self._noted:
                self._journal.acknowledged(merged)

    def fold(self, destination: int) -> None:
        """Move what was acknowledged into what is known, and forget the changes.

        Rows whose request had begun without an end that we know of are ours and uncertain: the next run adds them again
        or removes them, whatever its source says. If their operation must not be repeated they become rejects.
        """
        self._changes = None  # the next ones have other numbers
        taken = merged_ranges(self._run(f"SELECT first, past FROM done_{destination}"))
        begun = self._run(f"SELECT first, past, once FROM begun_{destination}")

        def move() -> None:
            self._run("DELETE FROM remembered WHERE name = ?", _CHANGES)
            for once in (True, False):
                left = left_of([(first, past) for first, past, each in begun if each == once], taken)
                if left:
                    keep = self._keep_unknown if once else self._keep_uncertain
                    keep(destination, self._changes_in(destination, left))
            if taken:
                self._fold_taken(destination, self._changes_in(destination, taken))
            for table in ("changes", "done", "begun"):
                self._run(f"DELETE FROM {table}_{destination}")

        self._atomically(move)

    def _changes_in(self, destination: int, ranges: Sequence[tuple[int, int]]) -> str:
        """A SELECT of the changes whose numbers are in the ranges."""
        select = f"SELECT c.* FROM changes_{destination} AS c WHERE "
        if len(ranges) == 1:
            return f"{select} c.n >= {ranges[0][0]} AND c.n < {ranges[0][1]}"
        columns = {"first": [first for first, _ in ranges], "past": [past for _, past in ranges]}
        self._run("CREATE OR REPLACE TEMP TABLE chosen (first BIGINT, past BIGINT)")
        self._insert("chosen", pa.table(columns))
        return f"{select} EXISTS (SELECT 1 FROM chosen AS r WHERE c.n >= r.first AND c.n < r.past)"

    def _fold_taken(self, destination: int, taken: str) -> None:
        if self.known(destination):
            self._run(f"DELETE FROM sent_{destination} WHERE key IN (SELECT key FROM ({taken}))")
        self._run(
            f"INSERT INTO sent_{destination} SELECT key, fingerprint, version + 1 FROM ({taken}) WHERE op <> 'remove'"
        )
        if self._run("SELECT 1 FROM rejects WHERE destination = ? LIMIT 1", destination):
            # What went through is no reject any more, nor is an older refusal of the same row.
            self.overtake(destination, "sent", f"SELECT key FROM ({taken}) WHERE op <> 'remove'")
            self.overtake(destination, "removed", f"SELECT key FROM ({taken}) WHERE op = 'remove'")
        self._run("UPDATE destinations SET generation = generation + 1 WHERE id = ?", destination)

    def _keep_unknown(self, destination: int, left: str) -> None:
        """Rows that must not be sent twice, and nobody knows whether Talon.One took them."""
        reason = "the process ended while this was being sent; look whether Talon.One has it, then talon-one retry"
        self._run(
            "INSERT INTO rejects SELECT coalesce((SELECT max_by(id, started) FROM runs), ''), ?, d.name, 'unknown', "
            "c.op, c.key, coalesce(c.fields, ''), NULL, c.place, ?, '', NULL, 1 "
            f"FROM ({left}) AS c JOIN destinations AS d ON d.id = ? WHERE c.key NOT IN ({_refused(destination)})",
            destination,
            reason,
            destination,
        )

    def _keep_uncertain(self, destination: int, left: str) -> None:
        left = f"{left} AND c.key NOT IN ({_refused(destination)})"
        self._run(f"UPDATE sent_{destination} SET fingerprint = NULL WHERE key IN (SELECT key FROM ({left}))")
        self._run(
            f"INSERT INTO sent_{destination} SELECT key, NULL, version FROM ({left}) WHERE op <> 'remove' "
            f"AND key NOT IN (SELECT key FROM sent_{destination})"
        )

    def forget(self, destination: int, keys: Sequence[str]) -> int:
        """These are not known to be there any more; how many were."""
        self._db.register("forgotten", pa.table({"key": pa.array(keys, pa.string())}))
        with self._transaction():
            found = self._run(f"DELETE FROM sent_{destination} WHERE key IN (SELECT key FROM forgotten)")
            self._run("UPDATE destinations SET generation = generation + 1 WHERE id = ?", destination)
        self._db.unregister("forgotten")
        return int(found[0][0])

    def adopt(self, destination: int, keys: Sequence[str]) -> int:
        """Take rows over that somebody else has put there; how many are new to us."""
        self._db.register("adopted", pa.table({"key": pa.array(keys, pa.string())}))
        with self._transaction():
            found = self._run(
                f"INSERT INTO sent_{destination} SELECT DISTINCT key, 0, 0 FROM adopted "
                f"WHERE key NOT IN (SELECT key FROM sent_{destination})"
            )
            self._run("UPDATE destinations SET generation = generation + 1 WHERE id = ?", destination)
        self._db.unregister("adopted")
        return int(found[0][0])

    def knows(self, destination: int, key: str) -> bool:
        """Whether a row is there because of us."""
        return bool(self._run(f"SELECT 1 FROM sent_{destination} WHERE key = ? LIMIT 1", key))

    def overtake_by_source(self, destination: int, run: str, *, complete: bool, mirror: bool) -> None:
        """What was refused before is overtaken by what this run's source says about the same rows.

        Args:
            destination: its number.
            run: the one that has read the source.
            complete: the whole source was read, so that a row that is not in it has left it.
            mirror: such a row is not wanted at the destination.
        """
        deleted = f"SELECT key FROM deleted_{destination}"
        with self._transaction():
            if self._run("SELECT 1 FROM rejects WHERE destination = ? AND run <> ? LIMIT 1", destination, run):
                self.overtake(destination, "in_source", f"SELECT key FROM staged_{destination} WHERE seq >= 0")
                self.overtake(destination, "removed", deleted)
                if complete and mirror:
                    present = f"SELECT key FROM staged_{destination} UNION ALL SELECT key FROM kept_{destination}"
                    absent = "SELECT key FROM rejects WHERE destination = {} AND run <> '{}' AND key NOT IN ({})"
                    self.overtake(destination, "absent", absent.format(destination, run, present))
        if complete:
            self.note_complete(destination, run)

    def known_keys(self, destination: int) -> Iterator[list[str]]:
        """The keys of all rows that surely are there because of us, in parts."""
        cursor = self._db.cursor()
        cursor.execute(f"SELECT key FROM sent_{destination} WHERE fingerprint IS NOT NULL")
        while part := cursor.fetchmany(ROWS_A_INSERT):
            yield [row[0] for row in part]


def _refused(destination: int) -> str:
    """A SELECT of the keys that were refused."""
    return f"SELECT key FROM rejects WHERE destination = {destination} AND kind <> 'invalid' AND key IS NOT NULL"
