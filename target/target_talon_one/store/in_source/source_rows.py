"""The part of the acknowledged rows that is loaded from the source, and the hashes of the rows that were read.

Only what may differ is loaded. The working copy of the store compares and commits it as if there were nothing else.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pyarrow as pa

from target_talon_one.errors import SyncConfigError
from target_talon_one.store.tables.narrowing import FINGERPRINT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from target_talon_one.store.database import Database
    from target_talon_one.store.in_source.tables import SourceTables

_ROWS_PER_PASS = 500_000
_MIDDLE = 1 << 63  # fingerprints have 64 bits without a sign, and databases keep them with one
_KEYS = pa.schema([("key", pa.string())])
_DELTA = pa.schema(
    [
        ("key", pa.string()),
        ("fingerprint", pa.int64()),
        ("version", pa.int64()),
        ("row_hash", pa.string()),
        ("stays", pa.bool_()),
    ]
)


class SourceRows:
    """Acknowledged rows that are loaded from the database of the source, and what is to be written back.

    Args:
        database: the working copy of the store.
        tables: the store's tables in the source.

    Attributes:
        tables: the store's tables in the source.
    """

    def __init__(self, database: Database, tables: SourceTables) -> None:
        self._database, self.tables = database, tables

    def start(self, destination: int) -> None:
        """Begin with nothing loaded."""
        self.tables.create(destination)
        self._database.run(
            f"CREATE TABLE IF NOT EXISTS loaded_{destination} (key VARCHAR, fingerprint UBIGINT, version UINTEGER, "
            "hash UUID)"
        )
        self._database.run(
            f"CREATE TABLE IF NOT EXISTS read_{destination} (key VARCHAR, hash UUID, fingerprint UBIGINT, "
            "mapped BOOLEAN)"
        )
        self._database.run(f"CREATE OR REPLACE TEMP TABLE row_hashes_{destination} (seq BIGINT, hash UUID)")
        self.clear(destination)

    def clear(self, destination: int) -> None:
        """Drop what is loaded."""
        for table in ("sent", "loaded", "read"):
            if self._has(f"{table}_{destination}"):
                self._database.run(f"DELETE FROM {table}_{destination}")

    def note_hashes(self, destination: int, positions: Sequence[int], hashes: Sequence[str]) -> None:
        """Note the hashes of rows by their positions."""
        rows = pa.table({"seq": pa.array(positions, pa.int64()), "hash": pa.array(hashes, pa.string())})
        with self._database.registered("incoming", rows):
            self._database.run(f"INSERT INTO row_hashes_{destination} SELECT seq, hash::UUID FROM incoming")

    def join_hashes(self, destination: int, last: int) -> None:
        """Note the hashes of the keys of all rows that were staged, refused or marked as deleted.

        Args:
            destination: its number.
            last: position of the last row.
        """
        selects = (
            f"SELECT seq, key, {FINGERPRINT} AS fingerprint, true AS mapped FROM staged_{destination}",
            f"SELECT seq, key, NULL AS fingerprint, false AS mapped FROM kept_{destination}",
            f"SELECT seq, key, NULL AS fingerprint, false AS mapped FROM deleted_{destination}",
        )
        for first in range(0, last + 1, _ROWS_PER_PASS):
            part = f"BETWEEN {first} AND {first + _ROWS_PER_PASS - 1}"
            for select in selects:
                self._database.run(
                    f"INSERT INTO read_{destination} SELECT DISTINCT s.key, h.hash, s.fingerprint, s.mapped "
                    f"FROM ({select} WHERE seq {part}) AS s JOIN row_hashes_{destination} AS h ON h.seq = s.seq "
                    f"WHERE h.seq {part}"
                )
        self._database.run(f"DROP TABLE row_hashes_{destination}")

    def refuse_repeated(self, destination: int) -> None:
        """Raise SyncConfigError if several different rows that were read have one key."""
        hashes = f"read_{destination}"
        for part in self._parts(hashes):
            found = self._database.run(
                f"SELECT key FROM {hashes} {part} GROUP BY key HAVING count(DISTINCT hash) > 1 ORDER BY key LIMIT 1"
            )
            if found:
                raise _repeated(found[0][0])

    def load_known(self, destination: int) -> None:
        """Load all acknowledged rows."""
        self._load(destination, self.tables.known(destination))

    def load_gone(self, destination: int) -> None:
        """Load the acknowledged rows that the last comparison did not find in the source."""
        self._load(destination, self.tables.gone())

    def load_read(self, destination: int, *, only_present: bool) -> list[str]:
        """Load the acknowledged rows of the keys that were read, and of refused rows of earlier runs.

        Return the keys among them whose acknowledged row is in the source; these rows are not loaded.

        Args:
            destination: its number.
            only_present: load nothing, because the rows that are not in the source are loaded already.
        """
        found = self.tables.known_of(destination, self._keys_read(destination))
        return self._load(destination, found, only_present=only_present)

    def _load(self, destination: int, batches: Generator[pa.RecordBatch], *, only_present: bool = False) -> list[str]:
        present: list[str] = []
        with closing(batches):
            for batch in batches:
                with self._database.registered("incoming", pa.Table.from_batches([batch])):
                    present += [key for (key,) in self._database.run("SELECT key FROM incoming WHERE present")]
                    if not only_present:
                        self._insert(destination)
        return present

    def _insert(self, destination: int) -> None:
        for table, hash_ in ((f"sent_{destination}", ""), (f"loaded_{destination}", ", hash::UUID")):
            self._database.run(
                f"INSERT INTO {table} SELECT key, (fingerprint::HUGEINT + {_MIDDLE})::UBIGINT, version{hash_} "
                "FROM incoming WHERE NOT present"
            )

    def _keys_read(self, destination: int) -> pa.RecordBatchReader:
        statement = (
            f"SELECT DISTINCT key FROM read_{destination} UNION SELECT key FROM rejects "
            f"WHERE destination = {destination} AND key IS NOT NULL"
        )
        batches = (pa.record_batch([[key for (key,) in rows]], schema=_KEYS) for rows in self._stream(statement))
        return pa.RecordBatchReader.from_batches(_KEYS, batches)

    def refuse_present(self, destination: int, keys: Sequence[str]) -> None:
        """Raise SyncConfigError if a row that was read has the key of another row that is unchanged in the source."""
        ((key,),) = self._database.run(
            f"SELECT min(key) FROM read_{destination} WHERE key IN (SELECT unnest(?))", [*keys]
        )
        if key is not None:
            raise _repeated(key)

    def count_loaded(self, destination: int) -> int:
        """Return how many acknowledged rows are loaded."""
        return self._database.count(f"SELECT count(*) FROM loaded_{destination}")

    def is_changed(self, destination: int) -> bool:
        """Return whether acknowledged rows are to be written."""
        sent, loaded = f"sent_{destination}", f"loaded_{destination}"
        if not self._has(loaded):
            return False
        if self._database.count(f"SELECT count(*) FROM {sent}") != self.count_loaded(destination):
            return True
        parts = self._parts(sent)
        return any(self._database.run(f"SELECT 1 FROM ({self._delta(destination, part)}) LIMIT 1") for part in parts)

    def write(self, destination: int) -> None:
        """Write what has changed since the rows were loaded, and drop what is loaded."""
        self.tables.create(destination)
        parts = self._parts(f"sent_{destination}", f"loaded_{destination}")
        batches = (batch for part in parts for batch in self._delta_batches(destination, part))
        self.tables.write(destination, pa.RecordBatchReader.from_batches(_DELTA, batches))
        self.clear(destination)

    def _delta_batches(self, destination: int, part: str) -> list[pa.RecordBatch]:
        rows: pa.Table = self._database.arrow(self._delta(destination, part)).cast(_DELTA)
        found: list[pa.RecordBatch] = rows.to_batches(max_chunksize=20_000)
        return found

    def _delta(self, destination: int, part: str) -> str:
        """Return a SELECT of the rows to write, of those that a WHERE clause selects.

        A row has a hash only if that row's payload is acknowledged.
        """
        sent, loaded, hashes = (f"(SELECT * FROM {table}_{destination} {part})" for table in ("sent", "loaded", "read"))
        number = f"(fingerprint::HUGEINT - {_MIDDLE})::BIGINT"
        present = (
            "SELECT s.key, s.fingerprint, s.version, "
            "CASE WHEN h.hash IS NOT NULL THEN h.hash WHEN l.fingerprint = s.fingerprint THEN l.hash END AS hash "
            f"FROM {sent} AS s LEFT JOIN (SELECT key, fingerprint, any_value(hash) AS hash FROM {hashes} WHERE mapped "
            "GROUP BY key, fingerprint) AS h ON h.key = s.key AND h.fingerprint = s.fingerprint "
            f"LEFT JOIN {loaded} AS l ON l.key = s.key"
        )
        changed = f"({present}) EXCEPT SELECT key, fingerprint, version, hash FROM {loaded}"
        return (
            f"SELECT key, {number} AS fingerprint, version::BIGINT AS version, "
            "replace(hash::VARCHAR, '-', '') AS row_hash, true AS stays "
            f"FROM ({changed}) UNION ALL SELECT key, NULL, NULL, NULL, false FROM {loaded} "
            f"WHERE key NOT IN (SELECT key FROM {sent})"
        )

    def _parts(self, *tables: str) -> list[str]:
        """Return a WHERE clause for each part of the keys, so that little of the tables is in memory at once."""
        rows = sum(self._database.count(f"SELECT count(*) FROM {table}") for table in tables)
        passes = rows // _ROWS_PER_PASS + 1
        return [f"WHERE hash(key) % {passes} = {number}" for number in range(passes)]

    def _has(self, table: str) -> bool:
        return bool(self._database.run("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", table))

    def _stream(self, statement: str) -> Iterator[list[tuple[str]]]:
        yield from self._database.stream(statement, 20_000)


def _repeated(key: str) -> SyncConfigError:
    return SyncConfigError(
        f"several different rows of the source have the key {key!r}, and a store in the source needs one row for each "
        "key; let the query select one of them (DISTINCT ON, QUALIFY row_number()), or keep the store in a file, where "
        "the last one counts"
    )
