"""Rows at the destination beside the staged ones, for the comparison of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from target_talon_one.store.history import History

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PART = 10_000
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class RemoteFigures:
    """Rows of the source, those of them that are not there, ours that should not be there, other people's."""

    expected: int
    missing: int
    left: int
    strangers: int


class RemoteRows(History):
    """The part of a store that holds what was found at a destination."""

    def start_remote(self, destination: int) -> None:
        """Forget what was found before."""
        self._run(f"CREATE OR REPLACE TEMP TABLE remote_{destination} (key VARCHAR, fields VARCHAR)")

    def add_remote(self, destination: int, keys: Sequence[str], rows: Sequence[Mapping[str, Any]] | None) -> int:
        """Rows that are there; how many."""
        texts = [None] * len(keys) if rows is None else [_encode(row).decode() for row in rows]
        self._insert(f"remote_{destination}", pa.table({"key": pa.array(keys, pa.string()), "fields": texts}))
        return len(keys)

    def compare_with_remote(self, destination: int) -> RemoteFigures:
        """How the staged rows, those known as sent and those there differ."""
        staged, sent, there = (f"{kind}_{destination}" for kind in ("staged", "sent", "remote"))
        absent = f"key NOT IN (SELECT key FROM {staged})"
        row = self._run(
            f"SELECT (SELECT count(*) FROM {staged}), "
            f"(SELECT count(*) FROM {staged} WHERE key NOT IN (SELECT key FROM {there})), "
            f"(SELECT count(*) FROM {there} WHERE {absent} AND key IN (SELECT key FROM {sent})), "
            f"(SELECT count(*) FROM {there} WHERE {absent} AND key NOT IN (SELECT key FROM {sent}))"
        )[0]
        return RemoteFigures(*map(int, row))

    def missing_keys(self, destination: int, limit: int | None = None) -> list[str]:
        """Staged rows that are not there."""
        rows = self._run(
            f"SELECT key FROM staged_{destination} WHERE key NOT IN (SELECT key FROM remote_{destination}) "
            f"ORDER BY key {_limit(limit)}"
        )
        return [key for (key,) in rows]

    def left_keys(self, destination: int, limit: int | None = None) -> list[str]:
        """Rows of ours that are there and not staged."""
        rows = self._run(
            f"SELECT key FROM remote_{destination} WHERE key NOT IN (SELECT key FROM staged_{destination}) "
            f"AND key IN (SELECT key FROM sent_{destination}) ORDER BY key {_limit(limit)}"
        )
        return [key for (key,) in rows]

    def pairs(self, destination: int) -> Iterator[tuple[str, bytes, bytes]]:
        """(key, staged fields, fields there) of the rows that are in both, in parts."""
        last = ""
        while True:
            rows = self._run(
                f"SELECT s.key, s.fields, r.fields FROM staged_{destination} AS s JOIN remote_{destination} AS r "
                f"ON r.key = s.key WHERE s.key > ? ORDER BY s.key LIMIT {PART}",
                last,
            )
            yield from ((key, ours.encode(), theirs.encode()) for key, ours, theirs in rows)
            if len(rows) < PART:
                return
            last = rows[-1][0]


def _limit(limit: int | None) -> str:
    return "" if limit is None else f"LIMIT {limit}"
