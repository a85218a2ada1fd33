"""The store's file: DuckDB under our errors, in transactions."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Self

import duckdb

from target_talon_one.errors import StoreError, StoreLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

FORMAT = 1
MEMORY = "64MB"
MEMORY_FOR_MANY = "90MB"  # for more than MANY staged rows: below that it does not fit
MANY = 1_500_000

_TABLES = (
    "CREATE TABLE IF NOT EXISTS format (version INTEGER)",
    "CREATE TABLE IF NOT EXISTS destinations (id INTEGER, identity VARCHAR, name VARCHAR, generation BIGINT)",
    "CREATE TABLE IF NOT EXISTS profiles (name VARCHAR)",
    "CREATE TABLE IF NOT EXISTS remembered (name VARCHAR, value VARCHAR)",
    "CREATE TABLE IF NOT EXISTS runs (id VARCHAR, command VARCHAR, started VARCHAR, ended VARCHAR, status VARCHAR,"
    " error VARCHAR)",
    "CREATE TABLE IF NOT EXISTS run_destinations (run VARCHAR, destination INTEGER, name VARCHAR, figures VARCHAR)",
    "CREATE TABLE IF NOT EXISTS rejects (run VARCHAR, destination INTEGER, stream VARCHAR, kind VARCHAR, op VARCHAR,"
    " key VARCHAR, fields VARCHAR, source VARCHAR, place VARCHAR, reason VARCHAR, server VARCHAR, status INTEGER,"
    " attempts INTEGER)",
    # How many rows that a run left refused were overtaken since, and by what.
    "CREATE TABLE IF NOT EXISTS overtaken (run VARCHAR, destination INTEGER, reason VARCHAR, rows BIGINT)",
)


class Database:
    """An open store file. Not thread-safe: one thread owns it.

    Args:
        path: of the file, or ":memory:".
        memory: what DuckDB may use, as DuckDB writes it.

    Raises:
        StoreLockedError: another process has it open.
        StoreError: it cannot be opened, or a newer version has made it.
    """

    def __init__(self, path: str, *, memory: str = MEMORY) -> None:
        self.path = path
        self._db = _connect(path, memory)
        with self._transaction():
            for statement in _TABLES:
                self._run(statement)
            self._check_format()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def compact(self) -> None:
        """Write the file anew, so that nothing of deleted rows is left in it."""
        if self.path == ":memory:":
            return
        path = Path(self.path).absolute()
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        name = self._run("SELECT current_database()")[0][0]
        quoted = str(fresh).replace("'", "''")
        self._run(f"ATTACH '{quoted}' AS fresh")
        self._run(f'COPY FROM DATABASE "{name}" TO fresh')
        self._run("DETACH fresh")
        self._db.close()
        fresh.replace(path)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        self._db = _connect(self.path, MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _insert(self, table: str, rows: pa.Table) -> None:
        self._db.register("incoming", rows)
        try:
            self._run(f"INSERT INTO {table} SELECT * FROM incoming")
        finally:
            with suppress(duckdb.TransactionException):
                self._db.unregister("incoming")

    def _check_format(self) -> None:
        found = self._run("SELECT version FROM format")
        if not found:
            self._run("INSERT INTO format VALUES (?)", FORMAT)
        elif found[0][0] > FORMAT:
            raise StoreError(f"the store {self.path} was made by a newer version of this program; update it")

    def _run(self, statement: str, *values: Any) -> list[Any]:
        try:
            return self._db.execute(statement, list(values)).fetchall()
        except duckdb.Error as error:
            raise StoreError(f"the store {self.path}: {' '.join(str(error).split())}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                self._db.execute("ROLLBACK")
            raise


def _drop_leftovers(path: str) -> None:
    """Remove what a killed process has spilled or was about to compact; the lock of the file is held."""
    if path != ":memory:":
        rmtree(f"{path}.tmp", ignore_errors=True)
        for ending in (".new", ".new.wal"):
            Path(f"{path}{ending}").unlink(missing_ok=True)


def _connect(path: str, memory: str) -> duckdb.DuckDBPyConnection:
    if path != ":memory:":
        path = str(Path(path).absolute())
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        db = duckdb.connect(path)
        _drop_leftovers(path)
        db.execute(f"SET memory_limit = '{memory}'; SET preserve_insertion_order = false; SET threads = 1")
        db.execute("SET wal_autocheckpoint = '64MB'; SET TimeZone = 'UTC'")
    except duckdb.Error as error:
        text = " ".join(str(error).split())
        if "Could not set lock" in text:
            raise StoreLockedError(
                f"the store {path} is in use by another process; wait until that has ended"
            ) from error
        raise StoreError(f"cannot open the store {path}: {text}") from error
    return db
