"""Narrows the comparison of many staged and acknowledged rows to those that may differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_talon_one.store.database import Database

FINGERPRINT = "coalesce(md5_number_lower(fields), 0)::UBIGINT"
_FEW_ROWS = 100_000  # are compared as they are
_MANY_ROWS = 1_000_000  # are worth a second thread, which takes memory of its own
_ROWS_LOOKED_UP = 1_000  # most other rows are known if these are
_ROWS_PER_PASS = 2_000_000  # so that the groups of a pass fit into little memory
_SIDES = "18446744073709551614::UBIGINT"  # all bits but the last one


class Narrowing:
    """Finds the hashes of the keys whose staged and acknowledged rows may differ, and the rows with these hashes.

    Every row has a hash of its key, and a check value of key and fields whose last bit says on which side it is. If two
    rows have a hash for themselves, and their check values differ in the last bit alone, they are one staged row and
    the same acknowledged one. Grouping numbers takes a fraction of the time and memory of joining texts, and few rows
    remain for the exact comparison. Several staged rows with one key remain as well.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: set[int] = set()
        self._all_new: dict[int, bool] = {}

    def forget(self, destination: int) -> None:
        """Begin anew: other rows are staged."""
        self._found.discard(destination)
        self._all_new.pop(destination, None)
        for table in ("differing", "narrowed_staged", "narrowed_sent"):
            self._database.run(f"DROP TABLE IF EXISTS {table}_{destination}")

    def all_new(self, destination: int) -> bool:
        """Return whether no staged row has the key of an acknowledged one; False also if their hashes are the same."""
        if destination not in self._all_new:
            few = f"WHERE rowid < {_ROWS_LOOKED_UP}"
            self._all_new[destination] = not any(self._is_known(destination, where) for where in (few, ""))
        return self._all_new[destination]

    def _is_known(self, destination: int, where: str) -> bool:
        """Return whether the hash of a key of some staged rows is that of an acknowledged one."""
        keys = f"SELECT hash(key) FROM staged_{destination} {where}"
        return bool(self._database.run(f"SELECT EXISTS (FROM sent_{destination} WHERE hash(key) IN ({keys}))")[0][0])

    def differing(self, destination: int) -> str | None:
        """Return the table of the hashes of keys whose rows may differ; None if the rows are few, or all new.

        It stays right while staged rows with one key are dropped, and while changes are acknowledged.
        """
        if destination in self._found:
            return f"differing_{destination}"
        staged, sent = (
            self._database.count(f"SELECT count(*) FROM {table}_{destination}") for table in ("staged", "sent")
        )
        if sent < _FEW_ROWS or staged < sent // 4 or self.all_new(destination):
            return None
        with self._database.threads(2 if staged + sent >= _MANY_ROWS else 1):
            self._find(destination, (staged + sent) // _ROWS_PER_PASS + 1)
        self._found.add(destination)
        return f"differing_{destination}"

    def _find(self, destination: int, passes: int) -> None:
        run, hashes, found = self._database.run, f"hashes_{destination}", f"differing_{destination}"
        check = f"xor(hash(reverse(key)), {{}}) & {_SIDES}"
        run(
            f"CREATE OR REPLACE TEMP TABLE {hashes} AS "
            f"SELECT hash(key) AS h, {check.format(FINGERPRINT)} AS c FROM staged_{destination} UNION ALL "
            f"SELECT hash(key), ({check.format('coalesce(fingerprint, hash(key))')}) | 1::UBIGINT "
            f"FROM sent_{destination}"
        )
        run(f"CREATE OR REPLACE TEMP TABLE {found} (h UBIGINT)")
        for number in range(passes):
            run(
                f"INSERT INTO {found} SELECT h FROM {hashes} WHERE h % {passes} = {number} GROUP BY h "
                "HAVING NOT (count(*) = 2 AND bit_xor(c) = 1)"
            )
        run(f"DROP TABLE {hashes}")

    def tables(self, destination: int) -> tuple[str, str]:
        """Return the tables of staged and acknowledged rows to compare: of many rows, those that may differ."""
        found = self.differing(destination)
        if found is None:
            return f"staged_{destination}", f"sent_{destination}"
        # A key that was refused or marked as deleted may have lost its staged row since.
        hashes = " UNION ALL ".join(
            [f"SELECT h FROM {found}", *(f"SELECT hash(key) FROM {each}_{destination}" for each in ("kept", "deleted"))]
        )
        for table in ("staged", "sent"):
            self._database.run(
                f"CREATE OR REPLACE TEMP TABLE narrowed_{table}_{destination} AS "
                f"SELECT * FROM {table}_{destination} WHERE hash(key) IN ({hashes})"
            )
        return f"narrowed_staged_{destination}", f"narrowed_sent_{destination}"
