"""Rows that were found at a destination, beside the staged ones, for the comparison of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_talon_one.store.database import Database

ROWS_PER_FETCH = 10_000
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class RemoteCounts:
    """How staged rows and rows at the destination differ.

    Attributes:
        expected: rows of the source.
        missing: rows of the source that are not at the destination.
        stale: rows that this connector added, at the destination but no longer in the source. A row of the source that
            was refused is neither stale nor foreign.
        foreign: rows that someone else has added.
    """

    expected: int
    missing: int
    stale: int
    foreign: int


class RemoteRows:
    """The rows of a destination, read for a verification; they are not kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, destination: int) -> None:
        """Begin with no rows."""
        self._database.run(f"CREATE OR REPLACE TEMP TABLE remote_{destination} (key VARCHAR, fields VARCHAR)")

    def add(self, destination: int, keys: Sequence[str], rows: Sequence[Mapping[str, Any]] | None) -> int:
        """Add rows of the destination and return their number.

        Args:
            destination: its number.
            keys: of the rows.
            rows: their fields, None where the key is everything.
        """
        texts = [None] * len(keys) if rows is None else [_encode(row).decode() for row in rows]
        columns = {"key": pa.array(keys, pa.string()), "fields": pa.array(texts, pa.string())}
        self._database.insert(f"remote_{destination}", pa.table(columns))
        return len(keys)

    def match(self, destination: int, names: Sequence[str]) -> None:
        """Give the rows of the destination the keys and fields of staged rows that have the same values.

        Rows with the same values are interchangeable. A row without a counterpart gets a key that no staged row has.

        Args:
            destination: its number.
            names: fields whose values are compared; an absent one is like an empty text.
        """
        values = ", ".join(f"coalesce(json_extract_string(fields, '$.{name}'), '')" for name in names)
        numbered = "row_number() OVER (PARTITION BY [{0}]) AS i, [{0}] AS v, key, fields FROM {1}_{2}"
        there, staged = (numbered.format(values, table, destination) for table in ("remote", "staged"))
        self._database.run(
            f"CREATE OR REPLACE TEMP TABLE matched_{destination} AS "
            "SELECT coalesce(s.key, concat('no row ', r.n)) AS key, coalesce(s.fields, r.fields) AS fields "
            f"FROM (SELECT row_number() OVER () AS n, {there}) AS r "
            f"LEFT JOIN (SELECT {staged}) AS s ON s.v = r.v AND s.i = r.i"
        )
        self._database.run(f"DROP TABLE remote_{destination}")
        self._database.run(f"ALTER TABLE matched_{destination} RENAME TO remote_{destination}")

    def compare(self, destination: int) -> RemoteCounts:
        """Return how staged rows, acknowledged rows and rows at the destination differ."""
        staged, sent, there = (f"{kind}_{destination}" for kind in ("staged", "sent", "remote"))
        absent = _absent(destination)
        row = self._database.run(
            f"SELECT (SELECT count(*) FROM {staged}), "
            f"(SELECT count(*) FROM {staged} WHERE key NOT IN (SELECT key FROM {there})), "
            f"(SELECT count(*) FROM {there} WHERE {absent} AND key IN (SELECT key FROM {sent})), "
            f"(SELECT count(*) FROM {there} WHERE {absent} AND key NOT IN (SELECT key FROM {sent}))"
        )[0]
        return RemoteCounts(*map(int, row))

    def missing_keys(self, destination: int, limit: int | None = None) -> list[str]:
        """Return the keys of staged rows that the destination does not have."""
        rows = self._database.run(
            f"SELECT key FROM staged_{destination} WHERE key NOT IN (SELECT key FROM remote_{destination}) "
            f"ORDER BY key {_limit(limit)}"
        )
        return [key for (key,) in rows]

    def stale_keys(self, destination: int, limit: int | None = None) -> list[str]:
        """Return the keys of acknowledged rows that the destination has but the source does not."""
        rows = self._database.run(
            f"SELECT key FROM remote_{destination} WHERE {_absent(destination)} "
            f"AND key IN (SELECT key FROM sent_{destination}) ORDER BY key {_limit(limit)}"
        )
        return [key for (key,) in rows]

    def pairs(self, destination: int) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield (key, staged fields, fields at the destination) of the rows that are in both."""
        last = ""
        while True:
            rows = self._database.run(
                f"SELECT s.key, s.fields, r.fields FROM staged_{destination} AS s JOIN remote_{destination} AS r "
                f"ON r.key = s.key WHERE s.key > ? ORDER BY s.key LIMIT {ROWS_PER_FETCH}",
                last,
            )
            yield from ((key, staged.encode(), remote.encode()) for key, staged, remote in rows)
            if len(rows) < ROWS_PER_FETCH:
                return
            last = rows[-1][0]


def _absent(destination: int) -> str:
    """Return the condition that the source has no row of a key, not even one that cannot be sent."""
    return f"key NOT IN (SELECT key FROM staged_{destination} UNION ALL SELECT key FROM kept_{destination})"


def _limit(limit: int | None) -> str:
    return "" if limit is None else f"LIMIT {limit}"
