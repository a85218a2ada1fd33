"""A run's rows in the store: staged, compared with what is known, turned into numbered changes."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from target_talon_one.store.database import MANY, MEMORY, MEMORY_FOR_MANY
from target_talon_one.store.remote_rows import RemoteRows
from target_talon_one.store.translation import store_errors

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Difference:
    """What a run found: rows by what is to be done about them."""

    adds: int
    updates: int
    removes: int
    same: int
    known: int

    @property
    def changes(self) -> int:
        """Rows to send."""
        return self.adds + self.updates + self.removes


_HASHES = 20_000  # fetched at once
_LAST = 1 << 62  # after every row of the source

# Gives memory back at once; Arrow's own pool keeps some 20 MB.
_POOL = pa.system_memory_pool()


class StagedRows(RemoteRows):
    """The part of a store that holds a run's rows."""

    def __init__(self, path: str, *, memory: str = MEMORY) -> None:
        super().__init__(path, memory=memory)
        self._memory = memory
        self._staged: dict[int, int] = {}

    def known(self, destination: int) -> int:
        """How many rows are there because of us."""
        return int(self._run(f"SELECT count(*) FROM sent_{destination}")[0][0])

    def start_staging(self, destination: int) -> None:
        """Forget what was staged and begin anew."""
        columns = "seq BIGINT, key VARCHAR, fields VARCHAR, place VARCHAR"
        self._run(f"CREATE OR REPLACE TEMP TABLE staged_{destination} ({columns})")
        self._run(f"CREATE OR REPLACE TEMP TABLE kept_{destination} (seq BIGINT, key VARCHAR)")
        self._run(f"CREATE OR REPLACE TEMP TABLE deleted_{destination} (seq BIGINT, key VARCHAR)")
        self._staged[destination] = 0

    def stage(
        self,
        destination: int,
        keys: Sequence[str],
        fields: Sequence[bytes] | None,
        places: Sequence[str],
        positions: Sequence[int] | None = None,
    ) -> None:
        """Add mapped rows, in the order of the source.

        Args:
            destination: its number.
            keys, places: of each row.
            fields: of each row; None where the key is all there is.
            positions: of each row in the source, ascending; None: they follow those before.
        """
        first = self._staged[destination]
        seq = range(first, first + len(keys)) if positions is None else positions
        columns = {
            "seq": pa.array(seq, pa.int64(), memory_pool=_POOL),
            "key": pa.array(keys, pa.string(), memory_pool=_POOL),
            "fields": _texts(fields, len(keys)),
            "place": pa.array(places, pa.string(), memory_pool=_POOL),
        }
        self._insert(f"staged_{destination}", pa.table(columns))
        self._staged[destination] = first + len(keys)
        if first < MANY <= first + len(keys) and self._memory == MEMORY:
            self._allow_at_least(MEMORY_FOR_MANY)

    def keep(self, destination: int, keys: Sequence[str], positions: Sequence[int] | None = None) -> None:
        """These are in the source but cannot be sent: they must not be removed for that."""
        self._note(f"kept_{destination}", keys, positions)

    def delete(self, destination: int, keys: Sequence[str], positions: Sequence[int]) -> None:
        """The source marks these as deleted: they must not be sent, and go where they are ours."""
        self._note(f"deleted_{destination}", keys, positions)

    def _note(self, table: str, keys: Sequence[str], positions: Sequence[int] | None) -> None:
        seq = pa.array([_LAST] * len(keys) if positions is None else positions, pa.int64())
        self._insert(table, pa.table({"seq": seq, "key": pa.array(keys, pa.string())}))

    def deleted(self, destination: int) -> int:
        """How many keys the source marks as deleted."""
        return int(self._run(f"SELECT count(*) FROM deleted_{destination}")[0][0])

    def drop_overtaken(self, destination: int) -> int:
        """Of valid, refused and deleted rows with one key only the last counts; how many valid rows went."""
        staged, kept, deleted = (f"{name}_{destination}" for name in ("staged", "kept", "deleted"))
        if not self._run(f"SELECT 1 FROM {kept} UNION ALL SELECT 1 FROM {deleted} LIMIT 1"):
            return 0
        events = f"SELECT seq, key FROM {kept} UNION ALL SELECT seq, key FROM {deleted}"
        of_staged = f"SELECT seq, key FROM {staged} WHERE key IN (SELECT key FROM ({events}))"
        self._run(
            f"CREATE OR REPLACE TEMP TABLE last_{destination} AS "
            f"SELECT key, max(seq) AS seq FROM ({events} UNION ALL {of_staged}) GROUP BY key"
        )
        gone = 0
        for table in (staged, kept, deleted):
            found = self._run(
                f"DELETE FROM {table} AS t USING last_{destination} AS l WHERE t.key = l.key AND t.seq < l.seq"
            )
            gone += int(found[0][0]) if table == staged else 0
        self._run(f"DROP TABLE last_{destination}")
        return gone

    def stage_rejects(self, destination: int) -> int:
        """Stage what Talon.One has refused before, below all rows of this run; how many."""
        with self._transaction():
            found = self._run(
                f"INSERT INTO staged_{destination} "
                "SELECT row_number() OVER () - 1000000000000, key, nullif(fields, ''), place FROM rejects "
                "WHERE destination = ? AND kind = 'rejected' AND op <> 'remove'",
                destination,
            )
        return int(found[0][0])

    def drop_duplicates(self, destination: int) -> int:
        """Of rows with one key the last one stays; how many went."""
        staged = f"staged_{destination}"
        rows = self._run(f"SELECT count(*) FROM {staged}")[0][0]
        # In several passes, each over a part of the keys, so that few of them are in memory at once.
        passes = min(8, rows // 250_000 + 1)
        keys = sum(
            self._run(f"SELECT count(DISTINCT key) FROM {staged} WHERE hash(key) % {passes} = {number}")[0][0]
            for number in range(passes)
        )
        if rows == keys:
            return 0
        self._run(
            f"DELETE FROM {staged} AS s USING (SELECT key, max(seq) AS last FROM {staged} GROUP BY key "
            "HAVING count(*) > 1) AS d WHERE s.key = d.key AND s.seq < d.last"
        )
        return int(rows - keys)

    def digest(self, destination: int) -> str:
        """Return a SHA-256 of all changes that does not depend on their order.

        It is the hash of the sorted hashes of the rows: a sum or an XOR of them could be solved for other rows. DuckDB
        sorts out of core and the hashes are streamed, so memory stays flat (a million changes take some 6 seconds).
        """
        row = "concat(op, ':', strlen(key), ':', key, coalesce('+' || fields, '-'))"
        digest, cursor = hashlib.sha256(), self._db.cursor()
        with closing(cursor), store_errors(self.path):
            cursor.execute(f"SELECT unhex(sha256({row})) AS h FROM changes_{destination} ORDER BY h")
            while hashes := cursor.fetchmany(_HASHES):
                digest.update(b"".join(each for (each,) in hashes))
        return digest.hexdigest()

    def compare(
        self,
        destination: int,
        ops: Sequence[Sequence[str]],
        *,
        diff: bool,
        absent: bool = True,
        grouped: bool,
        ordered: bool,
    ) -> Difference:
        """Turn what is staged into numbered changes.

        Args:
            destination: its number.
            ops: which ops become changes, in the order they are sent; those in one list mix.
            diff: leave out what Talon.One has already; without it every staged row is a change of the only op.
            absent: remove what is not staged; else only what is marked as deleted.
            grouped: rows of one group (the first part of the key) stand together.
            ordered: changes stand in the order of the source.
        """
        known = self.known(destination)

        def number_changes() -> None:
            self._run(f"DELETE FROM changes_{destination}")
            first = 0
            for mixed in ops:
                for select in _selects(destination, mixed, diff=diff, absent=absent):
                    order = ", ".join(["grp"] * grouped + ["seq"] * ordered)
                    group = "json_extract_string(key, '$[0]')" if grouped else "NULL"
                    found = self._run(
                        f"INSERT INTO changes_{destination} "
                        f"SELECT {first} + row_number() OVER ({f'ORDER BY {order}' if order else ''}) - 1, op, grp, "
                        f"key, fingerprint, fields, place, version FROM (SELECT *, {group} AS grp FROM ({select}))"
                    )
                    first += int(found[0][0])

        self._atomically(number_changes)
        counts = dict(self._run(f"SELECT op, count(*) FROM changes_{destination} GROUP BY op"))
        staged = int(self._run(f"SELECT count(*) FROM staged_{destination}")[0][0])
        adds, updates, removes = (int(counts.get(op, 0)) for op in ("add", "update", "remove"))
        same = staged - adds - updates - (0 if diff else removes)
        return Difference(adds, updates, removes, same, known)

    def count_requests(self, destination: int, ops: Sequence[Sequence[str]], size: int) -> int:
        """How many requests the changes are, at ``size`` rows a request; those in one list of ops mix."""
        total = 0
        for mixed in ops:
            found = self._run(
                f"SELECT count(*) FROM changes_{destination} WHERE list_contains(?, op) GROUP BY grp", list(mixed)
            )
            total += sum(-(-int(rows) // size) for (rows,) in found)
        return total

    def rename(self, destination: int, identity: str) -> None:
        """The destination object has got another identity: it was made."""
        self._run("UPDATE destinations SET identity = ? WHERE id = ?", identity, destination)

    def unfiltered(self, destination: int) -> int:
        """How many staged catalog rules have no filter."""
        found = self._run(
            f"SELECT count(*) FROM staged_{destination} WHERE coalesce(json_array_length(fields, '$.filters'), 0) = 0"
        )
        return int(found[0][0])

    def samples(self, destination: int, size: int) -> dict[str, list[tuple[str, Any]]]:
        """A few changes of each kind, for people to look at: key, and fields if there are more."""
        rows = self._run(
            f"SELECT op, key, fields FROM changes_{destination} "
            f"QUALIFY row_number() OVER (PARTITION BY op ORDER BY n) <= {size} ORDER BY n"
        )
        found: dict[str, list[tuple[str, Any]]] = {}
        for op, key, fields in rows:
            found.setdefault(op, []).append((key, json.loads(fields) if fields else None))
        return found

    def drop_staged(self, destination: int) -> None:
        """The staged rows are not needed any more."""
        self._run(f"DROP TABLE IF EXISTS staged_{destination}")
        self._run(f"DROP TABLE IF EXISTS kept_{destination}")
        self._run(f"DROP TABLE IF EXISTS deleted_{destination}")
        self._staged.pop(destination, None)

    def note_profiles(self, names: Sequence[str]) -> None:
        """These profiles exist."""
        self._insert("profiles", pa.table({"name": pa.array(names, pa.string())}))

    def new_profiles(self, destination: int) -> list[str]:
        """Keys of rows to add whose profiles are not known to exist."""
        rows = self._run(
            f"SELECT key FROM changes_{destination} WHERE op = 'add' AND key NOT IN (SELECT name FROM profiles) "
            "ORDER BY n"
        )
        return [row[0] for row in rows]

    def leave_out(self, destination: int, keys: Sequence[str]) -> None:
        """Take staged rows back; they are not removed from the destination for that."""
        self.keep(destination, keys)
        self._run(f"DELETE FROM staged_{destination} WHERE key IN (SELECT key FROM kept_{destination})")


def _texts(fields: Sequence[bytes] | None, size: int) -> pa.Array:
    return (
        pa.nulls(size, pa.string())
        if fields is None
        else pa.array(fields, pa.binary(), memory_pool=_POOL).cast(pa.string(), memory_pool=_POOL)
    )


def _selects(destination: int, ops: Sequence[str], *, diff: bool, absent: bool) -> list[str]:
    """SELECTs of (op, seq, key, fingerprint, fields, place), one for each pass over the tables."""
    staged, sent = f"staged_{destination}", f"sent_{destination}"
    if not diff:
        return [f"SELECT '{ops[0]}' AS op, seq, key, 0 AS fingerprint, fields, place, 0 AS version FROM {staged}"]
    found = []
    if "remove" in ops:
        gone = (
            f"key NOT IN (SELECT key FROM {staged}) AND key NOT IN (SELECT key FROM kept_{destination})"
            if absent
            else f"key IN (SELECT key FROM deleted_{destination})"
        )
        found.append(
            "SELECT 'remove' AS op, 0 AS seq, key, fingerprint, NULL AS fields, '' AS place, version "
            f"FROM {sent} WHERE {gone}"
        )
    wanted = [f"'{op}'" for op in ops if op != "remove"]
    if wanted:
        found.append(
            "SELECT * FROM (SELECT CASE WHEN t.fingerprint IS NULL THEN 'add' "
            "WHEN t.fingerprint <> s.fingerprint THEN 'update' END AS op, "
            "s.*, coalesce(t.version, 0) AS version FROM (SELECT seq, key, "
            f"coalesce(md5_number_lower(fields), 0) AS fingerprint, fields, place FROM {staged}) AS s "
            f"LEFT JOIN {sent} AS t ON t.key = s.key) WHERE op IN ({', '.join(wanted)}) AND key NOT IN "
            f"(SELECT key FROM rejects WHERE destination = {destination} AND kind = 'unknown')"
        )
    return found
