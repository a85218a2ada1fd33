"""The statements of a comparison in the database of the source, and those of the store's tables there.

A row has a hash over the texts of its columns. Each text is written with its length, so that no two lists of texts are
written alike. The text of a value must tell it from every other value of its column; how it looks does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from talon_one_singer.shards import Shard
    from talon_one_warehouse.in_source.dialects.base import Dialect

DIFFERENCE, NOTED, DELTA = TEMPORARY = "_talon_one_difference", "_talon_one_noted", "_talon_one_delta"
_HASH, _KEY, _FINGERPRINT, _VERSION = (f"_talon_one_{one}" for one in ("hash", "key", "fingerprint", "version"))
_ACKNOWLEDGED = "key, fingerprint, version, row_hash"


class Statements:
    """Statements in the SQL of a database.

    Args:
        dialect: of the database.
        schema: the schema of the store's tables.
        store: label of the shard, like ``part-3-of-16``; empty if there is only one.
    """

    def __init__(self, dialect: Dialect, schema: str, store: str = "") -> None:
        self.dialect, self.schema, self._store = dialect, schema, store
        self._suffix = f"_{store.replace('-', '_')}" if store else ""
        self._stores, self._files = dialect.own(schema, "stores"), dialect.own(schema, "store_files")
        self._this = f"store = {dialect.literal(store)}"
        self._text = dialect.types["text"]

    # The tables of all stores of the schema

    def create_store(self) -> list[str]:
        """Return the statements that create the tables of the store's files."""
        integer, content = self.dialect.types["integer"], self.dialect.types["bytes"]
        return [
            f"CREATE TABLE IF NOT EXISTS {self._stores} (store {self._text}, files {self._text})",
            f"CREATE TABLE IF NOT EXISTS {self._files} (file {self._text}, part {integer}, content {content})",
        ]

    def stores(self) -> str:
        """Return a query of the labels of all stores."""
        return f"SELECT store FROM {self._stores}"

    def files(self) -> str:
        """Return a query of the list of the store's files."""
        return f"SELECT files FROM {self._stores} WHERE {self._this}"

    def add_store(self, files: str) -> str:
        """Return the statement that adds the store with its list of files."""
        return f"INSERT INTO {self._stores} VALUES ({self.dialect.literal(self._store)}, {self.dialect.literal(files)})"

    def parts(self, file: str) -> str:
        """Return a query of the number of parts of a file."""
        return f"SELECT count(*) FROM {self._files} WHERE file = {self.dialect.literal(file)}"

    def part(self, file: str, number: int) -> str:
        """Return a query of a part of a file."""
        return f"SELECT content FROM {self._files} WHERE file = {self.dialect.literal(file)} AND part = {number}"

    def add_files(self) -> str:
        """Return the statement that adds the parts of files in DELTA."""
        return f"INSERT INTO {self._files} SELECT file, part, content FROM {self.temporary(DELTA)}"

    def replace_files(self, earlier: str, files: str) -> str:
        """Return the statement that replaces the list of the store's files, unless another process has replaced it."""
        new = self.dialect.literal(files)
        return f"UPDATE {self._stores} SET files = {new} WHERE {self._is(earlier)}"

    def remove_files(self, names: Collection[str]) -> str:
        """Return the statement that deletes the store's files except these."""
        kept = "".join(f" AND file <> {self.dialect.literal(name)}" for name in sorted(names))
        return f"DELETE FROM {self._files} WHERE file LIKE {self.dialect.literal(f'{self._store}/%')}{kept}"

    def _is(self, files: str) -> str:
        return f"{self._this} AND files = {self.dialect.literal(files)}"

    # Acknowledged rows

    def acknowledged(self, destination: int) -> str:
        """Return the quoted name of the table of the acknowledged rows of a destination."""
        return self.dialect.own(self.schema, self.acknowledged_name(destination))

    def acknowledged_name(self, destination: int) -> str:
        """Return the name of that table without its schema."""
        return f"acknowledged_{destination}{self._suffix}"

    def create_acknowledged(self, destination: int) -> str:
        """Return the statement that creates the table of acknowledged rows."""
        integer, row_hash = self.dialect.types["integer"], self.dialect.types["hash"]
        columns = f"key {self._text}, fingerprint {integer}, version {integer}, row_hash {row_hash}"
        return f"CREATE TABLE IF NOT EXISTS {self.acknowledged(destination)} ({columns})"

    def known(self, destination: int) -> str:
        """Return a query of all acknowledged rows."""
        shown = f"key, fingerprint, version, CAST(row_hash AS {self._text}), false"
        return f"SELECT {shown} FROM {self.acknowledged(destination)}"

    def known_of(self, destination: int) -> str:
        """Return a query of the acknowledged rows of the keys in NOTED, and whether their hash is in the source."""
        return (
            f"SELECT a.key, a.fingerprint, a.version, CAST(a.row_hash AS {self._text}), d.{_KEY} IS NULL "
            f"FROM {self.temporary(NOTED)} AS n JOIN {self.acknowledged(destination)} AS a ON a.key = n.key "
            f"LEFT JOIN {self.temporary(DIFFERENCE)} AS d ON d.{_KEY} = a.key"
        )

    def write(self, destination: int, files: str) -> list[str]:
        """Return the statements that replace acknowledged rows by those of DELTA; to run them twice does no harm.

        Args:
            destination: its number.
            files: the list of the store's files; a MERGE does nothing if another process has replaced it.
        """
        table, delta = self.acknowledged(destination), self.temporary(DELTA)
        row_hash = self.dialect.hash_of("row_hash")
        if not self.dialect.merges:
            return [
                f"DELETE FROM {table} WHERE key IN (SELECT key FROM {delta})",
                f"INSERT INTO {table} ({_ACKNOWLEDGED}) SELECT key, fingerprint, version, {row_hash} FROM {delta} "
                "WHERE stays",
            ]
        rows = (
            f"SELECT key, fingerprint, version, {row_hash} AS row_hash, stays FROM {delta} "
            f"WHERE EXISTS (SELECT 1 FROM {self._stores} WHERE {self._is(files)})"
        )
        columns = _ACKNOWLEDGED.split(", ")
        changes = ", ".join(f"{name} = d.{name}" for name in columns[1:])
        return [
            f"MERGE INTO {table} AS a USING ({rows}) AS d ON a.key = d.key "
            f"WHEN MATCHED AND d.stays THEN UPDATE SET {changes} WHEN MATCHED AND NOT d.stays THEN DELETE "
            f"WHEN NOT MATCHED AND d.stays THEN INSERT ({_ACKNOWLEDGED}) "
            f"VALUES ({', '.join(f'd.{name}' for name in columns)})"
        ]

    # The comparison

    def rows(self, query: str, columns: Mapping[str, str], salt: str) -> str:
        """Return a query of the rows of a source, each with its hash.

        Args:
            query: of the source.
            columns: names of the columns that are hashed, with their types.
            salt: text that the hash depends on.

        Raises:
            WarehouseConfigError: the values of a column cannot be distinguished.
        """
        digest = self.dialect.digest(f"{self.dialect.literal(salt)} || {self._joined(columns)}")
        return f"SELECT q.*, {self.dialect.hash_of(digest)} AS {_HASH} FROM (\n{query}\n) AS q"

    def of_shard(self, query: str, columns: Mapping[str, str], shard: Shard) -> str:
        """Return a query of the rows of a shard; ``columns`` are those of the key, with their types."""
        condition = f"mod({self.dialect.number(self._joined(columns))}, {shard.count}) = {shard.number - 1}"
        return f"SELECT q.* FROM (\n{query}\n) AS q WHERE {condition}"

    def has_rows(self, query: str) -> str:
        """Return a query that has a row if a source has one."""
        return f"SELECT 1 FROM (\n{query}\n) AS q LIMIT 1"

    def difference(self, destination: int, rows: str) -> str:
        """Return the statement that writes what differs into the table DIFFERENCE.

        One statement reads both sides: with two, a row that changes between them would be missing in both.
        """
        return (
            f"{self.dialect.create_temporary(self.temporary(DIFFERENCE))} AS SELECT s.*, a.key AS {_KEY}, "
            f"a.fingerprint AS {_FINGERPRINT}, a.version AS {_VERSION} FROM (\n{rows}\n) AS s "
            f"FULL OUTER JOIN {self.acknowledged(destination)} AS a ON a.row_hash = s.{_HASH} "
            f"WHERE a.key IS NULL OR s.{_HASH} IS NULL"
        )

    def changed(self, columns: Sequence[str]) -> str:
        """Return a query of the source's rows that differ; the last column is the text of the hash."""
        return f"{self._shown(columns)} FROM {self.temporary(DIFFERENCE)} WHERE {_HASH} IS NOT NULL"

    def everything(self, columns: Sequence[str], rows: str) -> str:
        """Return a query of all rows of the source; the last column is the text of the hash."""
        return f"{self._shown(columns)} FROM (\n{rows}\n) AS r"

    def gone(self) -> str:
        """Return a query of the acknowledged rows whose hash is not in the source; they are loaded without it."""
        shown = f"{_KEY}, {_FINGERPRINT}, {_VERSION}, CAST(NULL AS {self._text}), false"
        return f"SELECT {shown} FROM {self.temporary(DIFFERENCE)} WHERE {_HASH} IS NULL"

    def counts(self, destination: int) -> str:
        """Return a query of the numbers of acknowledged rows, and of those whose hash is not in the source."""
        return (
            f"SELECT (SELECT count(*) FROM {self.acknowledged(destination)}), "
            f"(SELECT count(*) FROM {self.temporary(DIFFERENCE)} WHERE {_HASH} IS NULL)"
        )

    def temporary(self, name: str) -> str:
        """Return the quoted name of a temporary table."""
        return self.dialect.temporary(self.schema, name)

    def drop(self, name: str) -> str:
        """Return the statement that drops a temporary table."""
        return f"DROP TABLE IF EXISTS {self.temporary(name)}"

    def _shown(self, columns: Sequence[str]) -> str:
        shown = ", ".join(map(self.dialect.quoted, columns))
        return f"SELECT {shown}, CAST({_HASH} AS {self._text}) AS {_HASH}_text"

    def _joined(self, columns: Mapping[str, str]) -> str:
        """Return the texts of all columns as one, each with its length; a null has none."""
        texts = [self._text_of(name, type_name) for name, type_name in columns.items()]
        return " || ".join(f"coalesce(CAST(length({one}) AS {self._text}) || ':' || {one}, '-')" for one in texts)

    def _text_of(self, name: str, type_name: str) -> str:
        text = self.dialect.text_of(f"q.{self.dialect.quoted(name)}", type_name)
        if text is None:
            raise WarehouseConfigError(
                f"store: the column {name!r} is of type {type_name}, whose values cannot be compared in this database; "
                "cast it to text in the query, or keep the store in a file"
            )
        return text
