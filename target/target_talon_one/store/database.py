"""The DuckDB database of a store: one connection, a memory limit, and transactions."""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from talon_one_storage.duckdb_errors import is_out_of_memory
from talon_one_storage.duckdb_files import connect_database
from talon_one_storage.sql_names import literal, quoted
from target_talon_one.errors import StoreError
from target_talon_one.store.translation import store_error, store_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

_T = TypeVar("_T")

FORMAT = 1
MEMORY = "64MB"
LARGEST_LIMIT_MB = 1 << 20
FEW_DESTINATIONS = 8  # MEMORY is enough for them
MB_PER_DESTINATION = 2  # DuckDB cannot spill what is smaller than a block: 1 MB of the tables of a destination

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
    # How many rejects of a run were superseded later, and by what.
    "CREATE TABLE IF NOT EXISTS overtaken (run VARCHAR, destination INTEGER, reason VARCHAR, rows BIGINT)",
    # Ids of the imports whose rows were acknowledged: their ledger rows are not those of a lost answer.
    "CREATE TABLE IF NOT EXISTS imports (destination INTEGER, id BIGINT)",
    # What happened to rows and is not in the warehouse of log_to yet.
    "CREATE TABLE IF NOT EXISTS unlogged (run VARCHAR, destination INTEGER, op VARCHAR, key VARCHAR, outcome VARCHAR,"
    " kind VARCHAR, reason VARCHAR, server VARCHAR, place VARCHAR, status INTEGER, noted VARCHAR)",
)


class Database:
    """An open DuckDB database. Not thread-safe: one thread owns it.

    Args:
        path: path of the file.
        memory: the memory limit of DuckDB for a few destinations, like "64MB"; it is raised for many destinations.
        location: the name of the store in messages; by default its path.

    Raises:
        StoreLockedError: another process has it open.
        StoreError: it cannot be opened, or a newer version has created it.
    """

    def __init__(self, path: str, *, memory: str = MEMORY, location: str | None = None) -> None:
        self.path, self.location = path, location or path
        self._base_mb, self._destinations = _megabytes(memory), 0
        self._in_transaction = False
        self._connection = _connect(path, location)
        self._set_limit()
        with self.transaction():
            for statement in _TABLES:
                self.run(statement)
            self._check_format()
        self.expect_destinations(int(self.run("SELECT count(*) FROM destinations")[0][0]))

    def expect_destinations(self, count: int) -> None:
        """Set the memory limit of DuckDB for the tables of this many destinations."""
        self._destinations = count
        self._set_limit()

    def run(self, statement: str, *values: Any) -> list[Any]:
        """Return the rows of a statement; outside of a transaction it is tried again with more memory."""
        while True:
            try:
                return self._connection.execute(statement, list(values)).fetchall()
            except duckdb.Error as error:
                if self._in_transaction or not self._took_memory(error):
                    raise store_error(self.location, error) from error

    def count(self, statement: str, *values: Any) -> int:
        """Return the number that a statement selects, or how many rows it changed."""
        return int(self.run(statement, *values)[0][0])

    def arrow(self, statement: str) -> pa.Table:
        """Return the rows of a SELECT as columns."""
        while True:
            try:
                return self._connection.sql(statement).to_arrow_table()
            except duckdb.Error as error:
                if self._in_transaction or not self._took_memory(error):
                    raise store_error(self.location, error) from error

    def stream(self, statement: str, size: int) -> Iterator[list[Any]]:
        """Yield the rows of a statement in lists of at most ``size`` rows."""
        with closing(self._connection.cursor()) as cursor:
            yield from self._fetched(cursor, statement, size)

    def stream_temporary(self, statement: str, size: int) -> Iterator[list[Any]]:
        """Yield as ``stream`` does, also rows of temporary tables; no other statement may run before the last row."""
        yield from self._fetched(self._connection, statement, size)

    def _fetched(self, connection: duckdb.DuckDBPyConnection, statement: str, size: int) -> Iterator[list[Any]]:
        with store_errors(self.location):
            connection.execute(statement)
            while rows := connection.fetchmany(size):
                yield rows

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows to a table."""
        with self.registered("incoming", rows):
            self.run(f"INSERT INTO {table} SELECT * FROM incoming")

    @contextmanager
    def registered(self, name: str, rows: pa.Table) -> Iterator[None]:
        """Make an Arrow table available to statements under a name."""
        self._connection.register(name, rows)
        try:
            yield
        finally:
            with suppress(duckdb.TransactionException):  # the transaction has failed; its error is raised next
                self._connection.unregister(name)

    @contextmanager
    def threads(self, count: int) -> Iterator[None]:
        """Let DuckDB use this many threads for the statements of the block; elsewhere it has one."""
        self.run(f"SET threads = {count}")
        try:
            yield
        finally:
            self.run("SET threads = 1")

    def atomically(self, work: Callable[[], _T]) -> _T:
        """Call ``work`` in a transaction; repeat it with twice the memory limit as long as memory runs out."""
        while True:
            try:
                with self.transaction():
                    return work()
            except StoreError as error:
                if not self._took_memory(error.__cause__):
                    raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit the statements of the block, or roll them back after an error."""
        self.run("BEGIN")
        self._in_transaction = True
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._in_transaction = False

    def compact(self) -> None:
        """Rewrite the file, so that it holds no trace of deleted rows."""
        path = Path(self.path).absolute()
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        name = self.run("SELECT current_database()")[0][0]
        self.run(f"ATTACH {literal(str(fresh))} AS fresh")
        self.run(f"COPY FROM DATABASE {quoted(name)} TO fresh")
        self.run("DETACH fresh")
        self._connection.close()
        fresh.replace(path)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        self._connection = _connect(self.path, self.location)
        self._set_limit()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _check_format(self) -> None:
        found = self.run("SELECT version FROM format")
        if not found:
            self.run("INSERT INTO format VALUES (?)", FORMAT)
        elif found[0][0] > FORMAT:
            raise StoreError(
                f"the store {self.location} was made by a newer version of talon-one-connector; update this one"
            )

    def _set_limit(self) -> None:
        """Set the memory limit; double it as long as the data in memory does not fit."""
        megabytes = self._base_mb + MB_PER_DESTINATION * max(0, self._destinations - FEW_DESTINATIONS)
        try:
            self._connection.execute(f"SET memory_limit = '{megabytes}MB'")
        except duckdb.Error as error:
            if not self._took_memory(error):
                raise store_error(self.location, error) from error

    def _took_memory(self, error: BaseException | None) -> bool:
        """Double the memory limit if the error is a lack of memory, and return whether it was doubled.

        A limit beyond the memory of any machine is not raised.
        """
        # After a fatal error the connection cannot be used any more.
        fatal = isinstance(error, duckdb.FatalException)
        if fatal or not is_out_of_memory(error) or self._base_mb > LARGEST_LIMIT_MB:
            return False
        self._base_mb *= 2
        self._set_limit()
        return True


def _megabytes(memory: str) -> int:
    return int(memory.removesuffix("MB"))


def _connect(path: str, location: str | None) -> duckdb.DuckDBPyConnection:
    path = str(Path(path).absolute())
    with store_errors(path if location is None else location, opening=True):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = connect_database(path)
        _remove_leftovers(path)
        connection.execute("SET preserve_insertion_order = false; SET threads = 1")
        connection.execute("SET wal_autocheckpoint = '64MB'; SET TimeZone = 'UTC'")
        connection.execute("CHECKPOINT")  # what a killed process has left in the log stays in memory until then
    return connection


def _remove_leftovers(path: str) -> None:
    """Remove the temporary files of a killed process; this process holds the lock of the store's file."""
    rmtree(f"{path}.tmp", ignore_errors=True)
    for ending in (".new", ".new.wal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
