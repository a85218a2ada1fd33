"""The staged rows of a run: mapped rows of a source, before they are compared with the acknowledged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from target_talon_one.mapping.columns.column_mapper import POSITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.mapping.columns.column_mapper import MappedColumns
    from target_talon_one.store.database import Database
    from target_talon_one.store.tables.narrowing import Narrowing

_LAST = 1 << 62  # after every row of the source
_KEYS_PER_PASS = 1_000_000
_BEFORE_ALL = 1_000_000_000_000  # the positions of staged rejects are this far before those of the source

# Returns memory at once; Arrow's own pool keeps some 20 MB.
_POOL = pa.system_memory_pool()


class StagedRows:
    """Rows of the source by destination: those to send, those that were refused, and those marked as deleted.

    They are in temporary tables, so that none of them is kept.
    """

    def __init__(self, database: Database, narrowing: Narrowing) -> None:
        self._database, self._narrowing = database, narrowing
        self._counts: dict[int, int] = {}

    def start(self, destination: int) -> None:
        """Begin with no rows."""
        self._narrowing.forget(destination)
        columns = "seq BIGINT, key VARCHAR, fields VARCHAR, place VARCHAR"
        self._database.run(f"CREATE OR REPLACE TEMP TABLE staged_{destination} ({columns})")
        self._database.run(f"CREATE OR REPLACE TEMP TABLE kept_{destination} (seq BIGINT, key VARCHAR)")
        self._database.run(f"CREATE OR REPLACE TEMP TABLE deleted_{destination} (seq BIGINT, key VARCHAR)")
        self._database.run(f"CREATE OR REPLACE TEMP TABLE unchanged_{destination} (seq BIGINT, key VARCHAR)")
        self._counts[destination] = 0

    def add(
        self,
        destination: int,
        keys: Sequence[str],
        fields: Sequence[bytes] | None,
        origins: Sequence[str],
        positions: Sequence[int] | None = None,
    ) -> None:
        """Add mapped rows, in the order of the source.

        Args:
            destination: its number.
            keys: of the rows.
            fields: of the rows; None where the key is everything.
            origins: where each row came from, for messages.
            positions: of the rows in the source, ascending; None: they follow those before.
        """
        first = self._counts[destination]
        sequence = range(first, first + len(keys)) if positions is None else positions
        columns = {
            "seq": pa.array(sequence, pa.int64(), memory_pool=_POOL),
            "key": pa.array(keys, pa.string(), memory_pool=_POOL),
            "fields": _texts(fields, len(keys)),
            "place": pa.array(origins, pa.string(), memory_pool=_POOL),
        }
        self._database.insert(f"staged_{destination}", pa.table(columns))
        self._counts[destination] += len(keys)

    def add_columns(
        self,
        destination: int,
        mapped: MappedColumns,
        positions: Sequence[int],
        origins: Sequence[str],
        *,
        key_only: bool,
    ) -> list[int]:
        """Map and add the rows of a block, see ``add``.

        Return the positions in the block of the rows that must be mapped one by one, which are not added.
        """
        columns = {name: mapped.table.column(name) for name in mapped.table.column_names}
        columns["seq"] = pa.array(positions, pa.int64(), memory_pool=_POOL)
        columns["origin"] = pa.array(origins, pa.string(), memory_pool=_POOL)
        fields, others = "NULL" if key_only else mapped.fields, list[int]()
        with self._database.registered("incoming", pa.table(columns)):
            if mapped.one_by_one:
                found = self._database.run(f"SELECT {POSITION} FROM incoming WHERE {mapped.one_by_one}")
                others = sorted(position for (position,) in found)
            where = f"WHERE NOT ({mapped.one_by_one})" if others else ""
            self._database.run(
                f"INSERT INTO staged_{destination} SELECT seq, {mapped.key}, {fields}, origin FROM incoming {where}"
            )
        self._counts[destination] += len(positions) - len(others)
        return others

    def add_rejects(self, destination: int) -> int:
        """Stage the rows that Talon.One refused in earlier runs, before all rows of this run; return their number."""
        with self._database.transaction():
            return self._database.count(
                f"INSERT INTO staged_{destination} "
                f"SELECT row_number() OVER () - {_BEFORE_ALL}, key, nullif(fields, ''), place FROM rejects "
                "WHERE destination = ? AND kind = 'rejected' AND op <> 'remove' "
                f"AND key NOT IN (SELECT key FROM unchanged_{destination})",
                destination,
            )

    def keep(self, destination: int, keys: Sequence[str], positions: Sequence[int] | None = None) -> None:
        """Note rows that are in the source but cannot be sent, so that they are not removed as absent."""
        self._note(f"kept_{destination}", keys, positions)

    def delete(self, destination: int, keys: Sequence[str], positions: Sequence[int]) -> None:
        """Note rows that the source marks as deleted: they are not sent, and removed if they are acknowledged."""
        self._note(f"deleted_{destination}", keys, positions)

    def note_unchanged(self, destination: int, keys: Sequence[str]) -> None:
        """Note rows that were refused earlier, and whose row in the source is the acknowledged one again."""
        self._note(f"unchanged_{destination}", keys, None)

    def leave_out(self, destination: int, keys: Sequence[str]) -> None:
        """Remove rows from the staged ones, without removing them from the destination."""
        self.keep(destination, keys)
        self._database.run(f"DELETE FROM staged_{destination} WHERE key IN (SELECT key FROM kept_{destination})")

    def count_deleted(self, destination: int) -> int:
        """Return how many keys the source marks as deleted."""
        return self._database.count(f"SELECT count(*) FROM deleted_{destination}")

    def count_unfiltered(self, destination: int, field: str) -> int:
        """Return how many staged rows have no filter in a field."""
        return self._database.count(
            f"SELECT count(*) FROM staged_{destination} WHERE coalesce(json_array_length(fields, '$.{field}'), 0) = 0"
        )

    def drop_duplicates(self, destination: int, *, compared: bool) -> int:
        """Keep the last of the valid rows with one key, and return the number of dropped rows.

        ``compared``: the rows are compared with the acknowledged ones next.
        """
        staged = f"staged_{destination}"
        differing = self._narrowing.differing(destination) if compared else None
        among = staged if differing is None else f"{staged} WHERE hash(key) IN (SELECT h FROM {differing})"
        rows = self._database.count(f"SELECT count(*) FROM {differing or staged}")
        if self._are_distinct(f"SELECT key FROM {among}", rows // _KEYS_PER_PASS + 1):
            return 0
        return self._database.count(
            f"DELETE FROM {staged} AS s USING (SELECT key, max(seq) AS last FROM {among} GROUP BY key "
            "HAVING count(*) > 1) AS d WHERE s.key = d.key AND s.seq < d.last"
        )

    def _are_distinct(self, keys: str, passes: int) -> bool:
        """Return whether no two of the keys that a SELECT returns are the same.

        Different hashes are those of different keys. They are counted in several passes, each over a part of them, so
        that few are in memory at once.
        """
        return any(
            all(
                self._database.run(
                    f"SELECT count(*) = count(DISTINCT {counted}) FROM ({keys}) WHERE hash(key) % {passes} = {number}"
                )[0][0]
                for number in range(passes)
            )
            for counted in ("hash(key)", "key")
        )

    def drop_superseded(self, destination: int) -> int:
        """Keep the last of the rows with one key, whether it is valid, refused or deleted.

        Return the number of dropped valid rows.
        """
        staged, kept, deleted = (f"{name}_{destination}" for name in ("staged", "kept", "deleted"))
        if not self._database.run(f"SELECT 1 FROM {kept} UNION ALL SELECT 1 FROM {deleted} LIMIT 1"):
            return 0
        events = f"SELECT seq, key FROM {kept} UNION ALL SELECT seq, key FROM {deleted}"
        of_staged = f"SELECT seq, key FROM {staged} WHERE key IN (SELECT key FROM ({events}))"
        self._database.run(
            f"CREATE OR REPLACE TEMP TABLE last_{destination} AS "
            f"SELECT key, max(seq) AS seq FROM ({events} UNION ALL {of_staged}) GROUP BY key"
        )
        dropped = 0
        for table in (staged, kept, deleted):
            found = self._database.count(
                f"DELETE FROM {table} AS t USING last_{destination} AS l WHERE t.key = l.key AND t.seq < l.seq"
            )
            dropped += found if table == staged else 0
        self._database.run(f"DROP TABLE last_{destination}")
        return dropped

    def _note(self, table: str, keys: Sequence[str], positions: Sequence[int] | None) -> None:
        sequence = pa.array([_LAST] * len(keys) if positions is None else positions, pa.int64())
        self._database.insert(table, pa.table({"seq": sequence, "key": pa.array(keys, pa.string())}))


def _texts(fields: Sequence[bytes] | None, size: int) -> pa.Array:
    return (
        pa.nulls(size, pa.string())
        if fields is None
        else pa.array(fields, pa.binary(), memory_pool=_POOL).cast(pa.string(), memory_pool=_POOL)
    )
