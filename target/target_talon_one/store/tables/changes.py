"""The changes of a destination: the difference between staged and acknowledged rows, numbered in sending order.

They are temporary; ``store.tables.acknowledged`` keeps those that are about to be sent. If every staged row is to be
sent, the changes are a view of the staged rows, so that nothing is copied.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from target_talon_one.store.tables.narrowing import FINGERPRINT
from target_talon_one.store.tables.pending_changes import COMPARED, PendingChanges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from target_talon_one.sinks.sink_type import Op
    from target_talon_one.store.database import Database
    from target_talon_one.store.tables.narrowing import Narrowing

_HASHES_PER_FETCH = 20_000
KEEP = "keep"  # op of a row that is sent, although it is unchanged, because the request replaces everything
_READ = ("op", "grp", "key", "fields", "place", "version")


@dataclass(frozen=True, slots=True)
class Change:
    """One row to send.

    Attributes:
        sequence: its number in the run.
        op: add, update, remove or ``KEEP``.
        group: value that the rows of one request share, if the sink has such a field.
        key: what distinguishes the row from others of the destination.
        fields: the mapped row as JSON; empty for one that is only to be removed.
        origin: where the row came from.
        version: how often the row was sent before.
    """

    sequence: int
    op: Op
    group: str | None
    key: str
    fields: bytes
    origin: str
    version: int


class ChangeRows:
    """Consecutive changes as columns; a ``Change`` for each is made only where one is needed.

    Args:
        first: sequence number of the first change.
        columns: their columns ``op``, ``grp``, ``key``, ``fields``, ``place`` and ``version``, in order.
    """

    def __init__(self, first: int, columns: pa.Table) -> None:
        self.first, self._columns = first, columns

    def __len__(self) -> int:
        return int(self._columns.num_rows)

    @property
    def end(self) -> int:
        """The sequence number after the last change."""
        return self.first + len(self)

    def part(self, start: int, size: int) -> ChangeRows:
        """Return up to ``size`` changes from position ``start`` on."""
        return ChangeRows(self.first + start, self._columns.slice(start, size))

    def column(self, name: str) -> list[Any]:
        """Return the values of a column; ``fields`` are bytes, or None for a row that is only to be removed."""
        values: list[Any] = self._columns.column(name).to_pylist()
        return values

    def runs(self, number_of: Mapping[str, int]) -> Iterator[tuple[tuple[int, str | None], int]]:
        """Yield the runs of consecutive changes with one group and one number of their op, each with its length."""
        ops, groups = self.column("op"), self.column("grp")
        if len(set(ops)) == 1 and len(set(groups)) == 1:
            yield (number_of[ops[0]], groups[0]), len(ops)
            return
        for kind, run in groupby(zip(map(number_of.__getitem__, ops), groups, strict=True)):
            yield kind, sum(1 for _ in run)

    def changes(self) -> list[Change]:
        """Return the changes one by one."""
        columns = [self.column(name) for name in _READ]
        return [
            Change(sequence, op, group, key, fields or b"", origin or "", version)
            for sequence, (op, group, key, fields, origin, version) in enumerate(zip(*columns, strict=True), self.first)
        ]


@dataclass(frozen=True, slots=True)
class Difference:
    """Numbers of rows, by what is to be done with them.

    Attributes:
        adds: rows to add.
        updates: rows to update.
        removes: rows to remove.
        same: rows that Talon.One already has.
        known: acknowledged rows.
        kept: rows that Talon.One already has and that are sent nevertheless; they are among ``same``.
    """

    adds: int
    updates: int
    removes: int
    same: int
    known: int
    kept: int = 0

    @property
    def changes(self) -> int:
        """Return how many rows are to be sent."""
        return self.adds + self.updates + self.removes


class Changes:
    """The numbered changes of each destination."""

    def __init__(self, database: Database, narrowing: Narrowing) -> None:
        self._database, self._narrowing = database, narrowing
        self.pending = PendingChanges(database)

    def compare(
        self,
        destination: int,
        ops: Sequence[Sequence[str]],
        *,
        diff: bool,
        absent: bool = True,
        grouped: bool,
        ordered: bool,
        replaces: bool = False,
    ) -> Difference:
        """Turn staged rows into numbered changes.

        Args:
            destination: its number.
            ops: which ops become changes, in the order they are sent; those in one list mix.
            diff: leave out rows that Talon.One already has; if False, every staged row becomes a change of the only op.
            absent: remove rows that are not staged; if False, remove only rows that are marked as deleted.
            grouped: rows of one group (the first part of the key) stand together.
            ordered: changes stand in the order of the source.
            replaces: if there is a change, the unchanged rows follow the changes, as rows to keep.
        """
        known = self._database.count(f"SELECT count(*) FROM sent_{destination}")

        def number_changes() -> None:
            self._database.run(f"CREATE OR REPLACE TEMP TABLE compared_{destination} ({COMPARED})")
            first = 0
            staged, sent = self._narrowing.tables(destination) if diff else (f"staged_{destination}", "")
            for mixed in ops:
                for select in _selects(destination, mixed, staged, sent, diff=diff, absent=absent, known=known > 0):
                    order = ", ".join(["grp"] * grouped + ["seq"] * ordered)
                    group = "json_extract_string(key, '$[0]')" if grouped else "NULL"
                    first += self._database.count(
                        f"INSERT INTO compared_{destination} "
                        f"SELECT {first} + row_number() OVER ({f'ORDER BY {order}' if order else ''}) - 1, op, grp, "
                        f"key, fingerprint, fields, place, version FROM (SELECT *, {group} AS grp FROM ({select}))"
                    )
            if replaces and first:
                self._keep_others(destination, first)

        only = self._only_op(destination, ops, diff=diff, known=known > 0)
        in_their_order = not (grouped or ordered or replaces)
        if only and in_their_order and self.pending.has_no_gaps(destination):
            self.pending.show_staged(destination, only, FINGERPRINT if diff else "0")
        else:
            if diff:
                self._narrowing.differing(destination)
            self._database.atomically(number_changes)
            self.pending.show_compared(destination)
        counts = dict(self._database.run(f"SELECT op, count(*) FROM pending_{destination} GROUP BY op"))
        staged = self._database.count(f"SELECT count(*) FROM staged_{destination}")
        adds, updates, removes = (int(counts.get(op, 0)) for op in ("add", "update", "remove"))
        same = staged - adds - updates - (0 if diff else removes)
        return Difference(adds, updates, removes, same, known, int(counts.get(KEEP, 0)))

    def _only_op(self, destination: int, ops: Sequence[Sequence[str]], *, diff: bool, known: bool) -> str | None:
        """Return the op of all changes, if these are the staged rows."""
        if not diff:
            return ops[0][0] if len(ops) == 1 else None
        wanted, unknown = {op for mixed in ops for op in mixed}, f"{_unknown(destination)} LIMIT 1"
        if "add" not in wanted or (known and "remove" in wanted) or self._database.run(unknown):
            return None
        return "add" if self._narrowing.all_new(destination) else None

    def _keep_others(self, destination: int, first: int) -> None:
        self._database.run(
            f"INSERT INTO compared_{destination} SELECT {first} + row_number() OVER () - 1, '{KEEP}', NULL, s.key, "
            f"{FINGERPRINT}, s.fields, s.place, coalesce(t.version, 0) FROM staged_{destination} AS s "
            f"LEFT JOIN sent_{destination} AS t ON t.key = s.key "
            f"WHERE s.key NOT IN (SELECT key FROM compared_{destination})"
        )

    def read(self, destination: int, first: int, size: int) -> ChangeRows:
        """Return up to ``size`` changes from sequence number ``first`` on, in order."""
        columns = self._database.arrow(
            f"SELECT n, op, grp, key, encode(fields) AS fields, place, version FROM pending_{destination} "
            f"WHERE n >= {first} AND n < {first + size}"
        )
        # Rows stand in their order nearly always; a sort in the statement takes longer than reading them.
        if columns.column("n").to_pylist() != list(range(first, first + columns.num_rows)):
            columns = columns.sort_by("n")
        return ChangeRows(first, columns)

    def digest(self, destination: int) -> str:
        """Return a SHA-256 of all changes that does not depend on their order.

        It is the hash of the sorted hashes of the rows: a sum or an XOR of them could be solved for other rows. DuckDB
        sorts out of core and the hashes are streamed, so memory stays flat (a million changes take some 6 seconds).
        """
        row = "concat(op, ':', strlen(key), ':', key, coalesce('+' || fields, '-'))"
        digest = hashlib.sha256()
        statement = f"SELECT unhex(sha256({row})) AS h FROM pending_{destination} ORDER BY h"
        for hashes in self._database.stream_temporary(statement, _HASHES_PER_FETCH):
            digest.update(b"".join(each for (each,) in hashes))
        return digest.hexdigest()

    def count_requests(self, destination: int, ops: Sequence[Sequence[str]], size: int) -> int:
        """Return how many requests the changes need.

        Args:
            destination: its number.
            ops: of the changes; those in one list mix.
            size: rows per request.
        """
        total = 0
        for mixed in ops:
            found = self._database.run(
                f"SELECT count(*) FROM pending_{destination} WHERE list_contains(?, op) GROUP BY grp", list(mixed)
            )
            total += sum(-(-int(rows) // size) for (rows,) in found)
        return total

    def samples(self, destination: int, size: int) -> dict[str, list[tuple[str, Any]]]:
        """Return the first changes of each op as (key, fields), for display; fields are None if the key is all."""
        rows = self._database.run(
            f"SELECT op, key, fields FROM pending_{destination} WHERE op <> '{KEEP}' "
            f"QUALIFY row_number() OVER (PARTITION BY op ORDER BY n) <= {size} ORDER BY n"
        )
        found: dict[str, list[tuple[str, Any]]] = {}
        for op, key, fields in rows:
            found.setdefault(op, []).append((key, json.loads(fields) if fields else None))
        return found


def _selects(
    destination: int, ops: Sequence[str], staged: str, sent: str, *, diff: bool, absent: bool, known: bool
) -> list[str]:
    """Return SELECTs of (op, seq, key, fingerprint, fields, place, version), one for each pass over the tables.

    Without known rows, every staged row is to be added.
    """
    if not diff:
        return [f"SELECT '{ops[0]}' AS op, seq, key, 0 AS fingerprint, fields, place, 0 AS version FROM {staged}"]
    found = []
    if "remove" in ops and known:
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
    may_have = f"({_unknown(destination)})"
    if not known and "add" in ops:
        found.append(
            f"SELECT 'add' AS op, seq, key, {FINGERPRINT} AS fingerprint, fields, place, 0 AS version FROM {staged} "
            f"WHERE key NOT IN {may_have}"
        )
    elif wanted and known:
        found.append(
            "SELECT * FROM (SELECT CASE WHEN t.fingerprint IS NULL THEN 'add' "
            "WHEN t.fingerprint <> s.fingerprint THEN 'update' END AS op, "
            "s.*, coalesce(t.version, 0) AS version FROM (SELECT seq, key, "
            f"{FINGERPRINT} AS fingerprint, fields, place FROM {staged}) AS s "
            f"LEFT JOIN {sent} AS t ON t.key = s.key) WHERE op IN ({', '.join(wanted)}) AND key NOT IN {may_have}"
        )
    return found


def _unknown(destination: int) -> str:
    """Return a SELECT of the keys of rows that Talon.One may have received."""
    return f"SELECT key FROM rejects WHERE destination = {destination} AND kind = 'unknown'"
