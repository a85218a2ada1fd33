"""The acknowledged rows of a store: key and fingerprint of every row that is at Talon.One because of this connector.

A run notes which changes it begins to send and which were acknowledged; ``commit_acknowledged`` moves the latter into
the acknowledged rows. A process that is killed between two of these steps loses nothing: the next one that opens the
store commits what was noted.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pyarrow as pa

from target_talon_one.store.sequence_ranges import merged_ranges, ranges_without
from target_talon_one.store.tables.changes import KEEP
from target_talon_one.store.tables.narrowing import FINGERPRINT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_talon_one.store.journal import Journal
    from target_talon_one.store.persistence import Persistence
    from target_talon_one.store.tables.destinations import Destinations
    from target_talon_one.store.tables.named_values import NamedValues
    from target_talon_one.store.tables.rejects import Rejects
    from target_talon_one.store.tables.runs import ChangeLog

CHANGES = "changes under way"  # name of the value that identifies them
_AFTER_ALL = 1 << 62  # after every sequence number
_LAST_RUN = "coalesce((SELECT max_by(id, started) FROM runs), '')"
_UNKNOWN = "the process ended while this row was being sent; check whether Talon.One has it, then run talon-one retry"


class AcknowledgedRows:
    """Acknowledged rows by destination.

    Args:
        persistence: keeps the store's tables.
        destinations: count generations.
        values: hold the id of the changes under way.
        rejects: are superseded by rows that were acknowledged.
        log: gets what was acknowledged.
    """

    def __init__(
        self,
        persistence: Persistence,
        destinations: Destinations,
        values: NamedValues,
        rejects: Rejects,
        log: ChangeLog,
    ) -> None:
        self._persistence, self._database = persistence, persistence.database
        self._destinations, self._values, self._rejects = destinations, values, rejects
        self._log = log
        self._journal: Journal | None = None
        self._taken_back: dict[int, list[tuple[int, int]]] = {}
        self._kept: dict[int, int] = {}  # sequence number after the last change that is kept, by destination

    @property
    def keeps_journal(self) -> bool:
        """True if a journal holds what was acknowledged since the store was saved."""
        return self._journal is not None

    def count(self, destination: int) -> int:
        """Return how many rows were acknowledged."""
        return self._database.count(f"SELECT count(*) FROM sent_{destination}")

    def has(self, destination: int, key: str) -> bool:
        """Return whether a row was acknowledged."""
        return bool(self._database.run(f"SELECT 1 FROM sent_{destination} WHERE key = ? LIMIT 1", key))

    def count_changes(self, destination: int) -> int:
        """Return how many changes were acknowledged that are not committed."""
        taken = merged_ranges(self._database.run(f"SELECT first, past FROM done_{destination}"))
        changes = self._changes_in(destination, taken) if taken else ""
        return self._database.count(f"SELECT count(*) FROM ({changes}) WHERE op <> '{KEEP}'") if taken else 0

    def resume(self, journal: Journal) -> None:
        """Write to a journal from now on, and note what it says an earlier try had acknowledged."""
        self._journal = journal
        found = journal.acknowledged_since_save(self._values.get(CHANGES))
        if found:
            self.acknowledge(*found)

    def begin(self, destination: int, first: int, end: int, *, non_idempotent: bool) -> None:
        """Note that changes are about to be sent.

        Args:
            destination: its number.
            first: sequence number of the first change.
            end: sequence number after the last one.
            non_idempotent: they are sent by an operation that must not be repeated.
        """
        changes = self._journal.new_changes() if self._journal else None
        if changes:
            self._values.set(CHANGES, changes)

        kept, keep = self._kept.get(destination, 0), _AFTER_ALL if self._persistence.saves_all_changes else end

        def note() -> None:
            if kept < keep:
                self._keep_changes(destination, kept, keep, whole=non_idempotent)
            self._database.run(f"INSERT INTO begun_{destination} VALUES (?, ?, ?)", first, end, non_idempotent)

        self._database.atomically(note)
        self._kept[destination] = max(kept, keep)
        self._persistence.save_begun(destination, non_idempotent=non_idempotent)
        if self._journal and changes:
            self._journal.begin(destination)

    def _keep_changes(self, destination: int, first: int, end: int, *, whole: bool) -> None:
        """Keep changes for a run that is killed; ``whole``: with what they send."""
        columns = f"n, op, grp, key, fingerprint, {'fields, place' if whole else 'NULL, NULL'}, version"
        self._database.run(
            f"INSERT INTO changes_{destination} SELECT {columns} FROM pending_{destination} "
            f"WHERE n >= {first} AND n < {end}"
        )

    def take_back(self, destination: int, ranges: Sequence[tuple[int, int]]) -> None:
        """Remember until the commit that no request began for these changes, although they are noted as begun."""
        self._taken_back.setdefault(destination, []).extend(ranges)

    def acknowledge(self, destination: int, ranges: Sequence[tuple[int, int]], imports: Collection[int] = ()) -> None:
        """Note that Talon.One has acknowledged the changes of these ranges; ``imports``: ids of their imports."""
        first, end = zip(*ranges, strict=True)
        columns = {"first": pa.array(first, pa.int64()), "past": pa.array(end, pa.int64())}
        with self._database.transaction() if imports else nullcontext():
            self._database.insert(f"done_{destination}", pa.table(columns))
            self._note_imports(destination, imports)
        if self._journal:
            self._journal.acknowledge(ranges)
        self._persistence.save_acknowledged(destination)

    def commit_acknowledged(self, destination: int) -> None:
        """Move acknowledged changes into the acknowledged rows, and drop all changes.

        A row whose request may have begun and has no known result is kept as uncertain: the next run adds it again or
        removes it, even if its source has not changed. If its operation must not be repeated it becomes a reject.
        """
        if self._journal:
            self._journal.end()
        taken = merged_ranges(self._database.run(f"SELECT first, past FROM done_{destination}"))
        known = [*taken, *self._taken_back.pop(destination, [])]
        self._kept.pop(destination, None)
        begun = self._database.run(f"SELECT first, past, once FROM begun_{destination}")

        def commit() -> None:
            self._database.run("DELETE FROM remembered WHERE name = ?", CHANGES)
            for non_idempotent, keep in ((True, self._keep_unknown), (False, self._keep_uncertain)):
                ranges = [(first, end) for first, end, each in begun if each == non_idempotent]
                without_end = ranges_without(ranges, known)
                if without_end:
                    keep(destination, self._changes_in(destination, without_end))
            if taken:
                self._commit_taken(destination, self._changes_in(destination, taken))
            for table in ("changes", "done", "begun"):
                self._database.run(f"DELETE FROM {table}_{destination}")

        self._database.atomically(commit)
        self._persistence.save_committed(destination)

    def forget(self, destination: int, keys: Sequence[str]) -> int:
        """Remove rows from the acknowledged ones, and return how many were among them."""
        rows = pa.table({"key": pa.array(keys, pa.string())})
        with self._database.registered("forgotten", rows), self._database.transaction():
            found = self._database.count(f"DELETE FROM sent_{destination} WHERE key IN (SELECT key FROM forgotten)")
            self._destinations.next_generation(destination)
        return found

    def adopt(self, destination: int, keys: Sequence[str]) -> int:
        """Take over rows that someone else has added, and return how many were not acknowledged before."""
        rows = pa.table({"key": pa.array(keys, pa.string())})
        with self._database.registered("adopted", rows), self._database.transaction():
            found = self._database.count(
                f"INSERT INTO sent_{destination} SELECT DISTINCT key, 0, 0 FROM adopted "
                f"WHERE key NOT IN (SELECT key FROM sent_{destination})"
            )
            self._destinations.next_generation(destination)
        return found

    def imports(self, destination: int) -> frozenset[int]:
        """Return the ids of the imports whose rows were acknowledged."""
        rows = self._database.run("SELECT id FROM imports WHERE destination = ?", destination)
        return frozenset(number for (number,) in rows)

    def confirm(self, destination: int, keys: Sequence[str], imports: Collection[int]) -> None:
        """Acknowledge rows with an unknown result, because Talon.One has them; ``imports``: ids of their imports."""
        rows = pa.table({"key": pa.array(keys, pa.string())})
        found = (
            f"SELECT op, key, fields FROM rejects WHERE destination = {destination} AND kind = 'unknown' "
            "AND key IN (SELECT key FROM confirmed)"
        )
        with self._database.registered("confirmed", rows), self._database.transaction():
            self._log.note_acknowledged(destination, found)
            self._database.run(f"DELETE FROM sent_{destination} WHERE key IN (SELECT key FROM ({found}))")
            self._database.run(
                f"INSERT INTO sent_{destination} SELECT key, {FINGERPRINT}, 1 "
                f"FROM (SELECT key, nullif(fields, '') AS fields FROM ({found}))"
            )
            self._note_imports(destination, imports)
            self._rejects.supersede(destination, "found", "SELECT key FROM confirmed")
            self._destinations.next_generation(destination)
        self._persistence.save_committed(destination)

    def _note_imports(self, destination: int, imports: Collection[int]) -> None:
        for number in imports:
            self._database.run("INSERT INTO imports VALUES (?, ?)", destination, number)

    def _changes_in(self, destination: int, ranges: Sequence[tuple[int, int]]) -> str:
        """Return a SELECT of the changes whose sequence numbers are in the ranges."""
        select = f"SELECT c.* FROM changes_{destination} AS c WHERE "
        if len(ranges) == 1:
            return f"{select} c.n >= {ranges[0][0]} AND c.n < {ranges[0][1]}"
        columns = {"first": [first for first, _ in ranges], "past": [end for _, end in ranges]}
        self._database.run("CREATE OR REPLACE TEMP TABLE chosen (first BIGINT, past BIGINT)")
        self._database.insert("chosen", pa.table(columns))
        return f"{select} EXISTS (SELECT 1 FROM chosen AS r WHERE c.n >= r.first AND c.n < r.past)"

    def _commit_taken(self, destination: int, taken: str) -> None:
        self._log.note_acknowledged(destination, f"SELECT * FROM ({taken}) WHERE op <> '{KEEP}'")
        if self.count(destination):
            self._database.run(f"DELETE FROM sent_{destination} WHERE key IN (SELECT key FROM ({taken}))")
        self._database.run(
            f"INSERT INTO sent_{destination} SELECT key, fingerprint, version + 1 FROM ({taken}) WHERE op <> 'remove'"
        )
        if self._rejects.any(destination):
            self._rejects.supersede(destination, "sent", f"SELECT key FROM ({taken}) WHERE op <> 'remove'")
            self._rejects.supersede(destination, "removed", f"SELECT key FROM ({taken}) WHERE op = 'remove'")
        self._destinations.next_generation(destination)

    def _keep_unknown(self, destination: int, changes: str) -> None:
        """Reject rows that must not be sent twice and that Talon.One may have received.

        A row that an earlier run has left refused becomes unknown too: it was sent again.
        """
        chosen = f"SELECT * FROM ({changes}) AS c WHERE c.key NOT IN ({_refused(destination)})"
        self._rejects.drop_resent(destination, f"SELECT key FROM ({chosen})")
        self._database.run(
            f"INSERT INTO rejects SELECT {_LAST_RUN}, ?, d.name, 'unknown', "
            "c.op, c.key, coalesce(c.fields, ''), NULL, c.place, ?, '', NULL, 1 "
            f"FROM ({chosen}) AS c JOIN destinations AS d ON d.id = ?",
            destination,
            _UNKNOWN,
            destination,
        )

    def _keep_uncertain(self, destination: int, changes: str) -> None:
        changes = f"{changes} AND c.key NOT IN ({_refused(destination)})"
        self._database.run(
            f"UPDATE sent_{destination} SET fingerprint = NULL WHERE key IN (SELECT key FROM ({changes}))"
        )
        self._database.run(
            f"INSERT INTO sent_{destination} SELECT key, NULL, version FROM ({changes}) WHERE op <> 'remove' "
            f"AND key NOT IN (SELECT key FROM sent_{destination})"
        )


def _refused(destination: int) -> str:
    """Return a SELECT of the keys that Talon.One has refused in the last run, which has sent the changes."""
    return (
        f"SELECT key FROM rejects WHERE destination = {destination} AND kind <> 'invalid' AND key IS NOT NULL "
        f"AND run = {_LAST_RUN}"
    )
