"""Where a store can live when a worker has no disk that lasts: a folder at any fsspec URL, or PostgreSQL.

A home keeps each table of the store as a Parquet file and replaces several of them in one step, or none. It knows
nothing of what is in them.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.shards import WHOLE
from target_talon_one.config.shards import check_others, label
from target_talon_one.errors import StoreError, StoreLockedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fsspec import AbstractFileSystem

    from talon_one_singer.shards import Shard

_MANIFEST = "manifest.json"
_BYTES_A_PART = 1 << 20
_TABLE = "talon_one_sync_store"
_SESSION = (  # the lock of a worker whose machine is gone, which has said nothing, ends after 90 seconds
    "SET tcp_keepalives_idle = 60",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 90000",  # if an answer was on its way to it
)


class Home(Protocol):
    """A place for tables. All methods raise StoreError, or StoreLockedError if another run uses it."""

    @property
    def name(self) -> str:
        """The place without secrets."""
        ...

    def fetch(self, folder: Path) -> dict[str, Path]:
        """Every table, as a Parquet file in the folder; keeps other runs out from then on, as far as the place can."""
        ...

    def save(self, files: Mapping[str, Path], gone: Collection[str]) -> None:
        """Replace these tables and drop those that are gone, all or none."""
        ...

    def close(self) -> None:
        """Let others in."""
        ...


def home_of(url: str, filesystem: AbstractFileSystem | None = None, shard: Shard = WHOLE) -> Home:
    """The home at a URL.

    Args:
        url: ``postgresql://…``, or a folder at an fsspec URL.
        filesystem: of fsspec, with the keys for the folder; without it they come from the environment.
        shard: the part that is pushed, if there are several.

    Raises:
        StoreError: it cannot be used.
    """
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresHome(url, shard)
    return FolderHome(url, filesystem, shard)


class FolderHome:
    """A folder of Parquet files with a manifest that says which of them count.

    Two runs at a time are noticed when the second one saves; see to it that they do not overlap.
    """

    def __init__(self, url: str, filesystem: AbstractFileSystem | None = None, shard: Shard = WHOLE) -> None:
        self.name, self._redact = shown_url(url), Redactor(url_secrets(url))
        if "?" in url:
            raise StoreError(
                f"the store {self.name} is a folder, whose URL has no parameters; leave out what is behind ?"
            )
        self._generation = 0
        self._tables: dict[str, str] = {}
        try:
            import fsspec
            from fsspec.implementations.local import LocalFileSystem

            self._local = LocalFileSystem
            if filesystem is not None:
                self._fs, path = filesystem, filesystem._strip_protocol(url)
            else:
                self._fs, path = fsspec.core.url_to_fs(url)
        except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
            hint = "; pip install 'talon-one-connector[s3]'" if "s3fs" in str(error) else ""
            raise StoreError(f"the store {self.name} cannot be used: {self._redact(str(error))}{hint}") from None
        self._root = path.rstrip("/")
        self._check_others(shard)
        self._root = "/".join([self._root, label(shard)]).rstrip("/")

    def _check_others(self, shard: Shard) -> None:
        with self._told():
            self._fs.invalidate_cache()
            there = self._fs.ls(self._root, detail=False) if self._fs.exists(self._root) else []
        names = [str(path).rstrip("/").rpartition("/")[2] for path in there]
        check_others(self.name, ["" if name == _MANIFEST else name for name in names], shard)

    def fetch(self, folder: Path) -> dict[str, Path]:
        """See Home."""
        manifest = self._manifest()
        self._generation, self._tables = manifest["generation"], dict(manifest["tables"])
        found = {table: folder / f"{table}.parquet" for table in self._tables}
        with self._told():
            for table, file in self._tables.items():
                self._fs.get_file(self._at(file), str(found[table]))
        return found

    def save(self, files: Mapping[str, Path], gone: Collection[str]) -> None:
        """See Home."""
        if self._manifest()["generation"] != self._generation:
            raise StoreLockedError(f"another run has written to the store {self.name}; run again when it has ended")
        self._generation += 1
        stale = [self._tables.pop(table) for table in {*files, *gone} if table in self._tables]
        with self._told():
            self._fs.makedirs(self._root, exist_ok=True)
            for table, path in files.items():
                self._tables[table] = f"{table}-{self._generation:08}.parquet"
                self._fs.put_file(str(path), self._at(self._tables[table]))
            self._replace_manifest()
            for file in stale:
                self._fs.rm_file(self._at(file))

    def close(self) -> None:
        """See Home."""

    def _manifest(self) -> dict[str, Any]:
        with self._told():
            self._fs.invalidate_cache()
            try:
                found: dict[str, Any] = json.loads(self._fs.cat_file(self._at(_MANIFEST)))
            except FileNotFoundError:
                found = {"generation": 0, "tables": {}}
            return found

    def _replace_manifest(self) -> None:
        content = json.dumps({"generation": self._generation, "tables": self._tables}).encode()
        if not isinstance(self._fs, self._local):
            self._fs.pipe_file(self._at(_MANIFEST), content)
            return
        # A file is not replaced in one step by writing to it; an object is.
        self._fs.pipe_file(self._at(_MANIFEST + ".new"), content)
        self._fs.mv(self._at(_MANIFEST + ".new"), self._at(_MANIFEST))

    def _at(self, file: str) -> str:
        return f"{self._root}/{file}"

    def _told(self) -> AbstractContextManager[None]:
        return _telling(self.name, self._redact)


class PostgresHome:
    """Tables in PostgreSQL, as bytes; an advisory lock keeps other runs out as long as the connection lasts.

    Everything is in one table, ``talon_one_sync_store`` (one a part, if there are parts), which is made where the
    user's search path says.
    """

    def __init__(self, url: str, shard: Shard = WHOLE) -> None:
        self._shard = shard
        self._table = "_".join(filter(None, [_TABLE, label(shard).replace("-", "_")]))
        self.name = shown_url(url)
        self._redact = Redactor(url_secrets(url))
        try:
            from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]
        except ImportError as error:
            raise StoreError(
                f"a store in PostgreSQL needs the package {error.name}; run: "
                "pip install 'talon-one-connector[postgresql]'"
            ) from None
        with self._told():
            self._db: Any = dbapi.connect(url)

    def fetch(self, folder: Path) -> dict[str, Path]:
        """See Home."""
        for statement in _SESSION:
            self._run(statement)
        self._check_others()
        ((locked,),) = self._rows("SELECT pg_try_advisory_lock(hashtext('@table'), 0)")
        if not locked:
            raise StoreLockedError(f"the store {self.name} is in use by another run; wait until that has ended")
        self._run(
            "CREATE TABLE IF NOT EXISTS @table "
            "(table_name text, part integer, data bytea, PRIMARY KEY (table_name, part))"
        )
        with self._told():
            self._db.commit()
        found = {}
        for (table,) in self._rows("SELECT DISTINCT table_name FROM @table"):
            if not re.fullmatch(r"\w+", table):
                raise StoreError(f"the store {self.name} holds {table!r}, which is no table of a store")
            found[table] = folder / f"{table}.parquet"
            with found[table].open("wb") as file:
                ((parts,),) = self._rows("SELECT count(*) FROM @table WHERE table_name = $1", table)
                for part in range(parts):
                    ((data,),) = self._rows("SELECT data FROM @table WHERE table_name = $1 AND part = $2", table, part)
                    file.write(data)
        return found

    def _check_others(self) -> None:
        found = self._rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false)) "
            "AND starts_with(tablename, $1)",
            _TABLE,
        )
        endings = [name.removeprefix(_TABLE) for (name,) in found]
        check_others(self.name, endings, self._shard)

    def save(self, files: Mapping[str, Path], gone: Collection[str]) -> None:
        """See Home."""
        try:
            for table in {*files, *gone}:
                self._run("DELETE FROM @table WHERE table_name = $1", table)
            for table, path in files.items():
                with path.open("rb") as file:
                    part = 0
                    while data := file.read(_BYTES_A_PART):
                        self._run("INSERT INTO @table VALUES ($1, $2, $3)", table, part, data)
                        part += 1
            with self._told():
                self._db.commit()
        except StoreError:
            with suppress(Exception):  # a connection that is dead has nothing to take back
                self._db.rollback()
            raise

    def close(self) -> None:
        """See Home."""
        with self._told():
            self._db.close()

    def _run(self, statement: str, *values: Any) -> None:
        with self._told(), self._db.cursor() as cursor:
            cursor.execute(statement.replace("@table", self._table), values or None)

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._told(), self._db.cursor() as cursor:
            cursor.execute(statement.replace("@table", self._table), values or None)
            found: list[Any] = cursor.fetchall()
            return found

    def _told(self) -> AbstractContextManager[None]:
        return _telling(self.name, self._redact)


@contextmanager
def _telling(name: str, redact: Redactor) -> Iterator[None]:
    """Errors of file systems and drivers as ours."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - they have no class in common
        words = " ".join(str(error).split())
        raise StoreError(f"the store {name}: {redact(words) or type(error).__name__}") from None
