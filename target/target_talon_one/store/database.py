"""The store's file: DuckDB under our errors, in transactions."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb

from talon_one_storage.duckdb_errors import is_out_of_memory
from talon_one_storage.sql_names import literal, quoted
from target_talon_one.errors import StoreError
from target_talon_one.store.translation import store_error, store_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

_T = TypeVar("_T")

FORMAT = 1
MEMORY = "64MB"
MEMORY_FOR_MANY = "90MB"  # for more than MANY staged rows: below that it does not fit
MANY = 1_500_000
MOST_MB = 1 << 20
FEW = 8  # destinations that the first limit is enough for
MB_A_DESTINATION = 2  # DuckDB cannot spill what is smaller than a block: 1 MB of the tables of a destination

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
        memory: what DuckDB may use for a few destinations, in megabytes like "64MB"; it gets more for many.

    Raises:
        StoreLockedError: another process has it open.
        StoreError: it cannot be opened, or a newer version has made it.
    """

    def __init__(self, path: str, *, memory: str = MEMORY) -> None:
        self.path = path
        self._base_mb, self._destinations = int(memory.removesuffix("MB")), 0
        self._in_transaction = False
        self._db = _connect(path)
        self._limit()
        with self._transaction():
            for statement in _TABLES:
                self._run(statement)
            self._check_format()
        self._allow_for(int(self._run("SELECT count(*) FROM destinations")[0][0]))

    def _allow_for(self, destinations: int) -> None:
        """Let DuckDB use memory for the tables of so many destinations."""
        self._destinations = destinations
        self._limit()

    def _allow_at_least(self, memory: str) -> None:
        """Let DuckDB use this much, and what the destinations need beside it."""
        self._base_mb = max(self._base_mb, int(memory.removesuffix("MB")))
        self._limit()

    def _limit(self) -> None:
        """Set the limit, or the next one under which there is room for what is in memory already."""
        megabytes = self._base_mb + MB_A_DESTINATION * max(0, self._destinations - FEW)
        try:
            self._db.execute(f"SET memory_limit = '{megabytes}MB'")
        except duckdb.Error as error:
            if not self._took_memory(error):
                raise store_error(self.path, error) from error

    def _took_memory(self, error: BaseException | None) -> bool:
        """Whether the error is a lack of memory; then the limit is doubled, unless it is beyond any machine's."""
        # After a fatal error the connection cannot be used any more.
        fatal = isinstance(error, duckdb.FatalException)
        if fatal or not is_out_of_memory(error) or self._base_mb > MOST_MB:
            return False
        self._base_mb *= 2
        self._limit()
        return True

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
        self._run(f"ATTACH {literal(str(fresh))} AS fresh")
        self._run(f"COPY FROM DATABASE {quoted(name)} TO fresh")
        self._run("DETACH fresh")
        self._db.close()
        fresh.replace(path)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        self._db = _connect(self.path)
        self._limit()

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
        """Return the rows of a statement; outside of a transaction it is tried again with more memory."""
        while True:
            try:
                return self._db.execute(statement, list(values)).fetchall()
            except duckdb.Error as error:
                if self._in_transaction or not self._took_memory(error):
                    raise store_error(self.path, error) from error

    def _atomically(self, work: Callable[[], _T]) -> _T:
        """Do work in a transaction, and once more with twice the memory as long as that is not enough."""
        while True:
            try:
                with self._transaction():
                    return work()
            except StoreError as error:
                if not self._took_memory(error.__cause__):
                    raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN")
        self._in_transaction = True
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._in_transaction = False


def _drop_leftovers(path: str) -> None:
    """Remove what a killed process has spilled or was about to compact; the lock of the file is held."""
    if path != ":memory:":
        rmtree(f"{path}.tmp", ignore_errors=True)
        for ending in (".new", ".new.wal"):
            Path(f"{path}{ending}").unlink(missing_ok=True)


def _connect(path: str) -> duckdb.DuckDBPyConnection:
    path = path if path == ":memory:" else str(Path(path).absolute())
    with store_errors(path, opening=True):
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        db = duckdb.connect(path)
        _drop_leftovers(path)
        db.execute("SET preserve_insertion_order = false; SET threads = 1")
        db.execute("SET wal_autocheckpoint = '64MB'; SET TimeZone = 'UTC'")
        db.execute("CHECKPOINT")  # what a killed process has left in the log stays in memory until then
    return db
