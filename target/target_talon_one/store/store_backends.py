"""Where a store is kept when a worker has no disk that lasts: in a folder at any fsspec URL, or in PostgreSQL.

A backend keeps each table of the store as a Parquet file and replaces several of them in one step, or none. It does not
know what the tables hold.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.shards import WHOLE
from talon_one_storage.errors import StorageLockedError, WriteConflictError
from talon_one_storage.file_store import OBJECT_STORES, remove_unlisted
from talon_one_storage.postgresql_session import KEEP_ALIVE, lock_session
from target_talon_one.config.shards import check_others, label
from target_talon_one.errors import StoreError, StoreLockedError, SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from contextlib import AbstractContextManager

    from fsspec import AbstractFileSystem

    from talon_one_singer.shards import Shard
    from talon_one_storage.file_store import FileStore

_MANIFEST, _LOCK = "manifest.json", "manifest.lock"
_TABLE_FILE = re.compile(r"\w+-\d{8,}(-[0-9a-f]{32})?\.parquet")
_BYTES_A_PART = 1 << 20
_TABLE = "talon_one_sync_store"


class StoreBackend(Protocol):
    """Keeps tables. All methods raise StoreError, or StoreLockedError if another run uses the store."""

    @property
    def name(self) -> str:
        """The backend's URL without secrets."""
        ...

    def fetch(self, folder: Path) -> dict[str, Path]:
        """Copy every table into the folder, as a Parquet file; from then on keep other runs out, if the backend can."""
        ...

    def save(self, files: Mapping[str, Path], gone: Collection[str]) -> None:
        """Replace these tables and drop those that are gone, all or none.

        Raises:
            StoreLockedError: another run has saved since the tables were fetched.
        """
        ...

    def close(self) -> None:
        """Let other runs in."""
        ...


def store_backend(url: str, filesystem: AbstractFileSystem | None = None, shard: Shard = WHOLE) -> StoreBackend:
    """Return the store backend at a URL.

    Args:
        url: ``postgresql://…``, or a folder as a path or an fsspec URL.
        filesystem: has the keys for the folder; without it they come from the environment.
        shard: the shard that is pushed, if there are several.

    Raises:
        StoreError: the URL cannot be used.
    """
    if url.startswith(("postgresql://", "postgres://")):
        return PostgreSQLBackend(url, shard)
    return FolderBackend(url, filesystem, shard)


class FolderBackend:
    """A folder of Parquet files with a manifest that lists the current ones.

    Two runs can open the folder. The first one that saves, which a run does before it sends anything, wins; the other
    one is refused when it saves. In file systems other than S3 and local folders a moment remains in which both win.
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
            self._files = _folder(url, filesystem, self.name, shard)
        except SyncConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
            hint = "; pip install 'talon-one-connector[s3]'" if "s3fs" in str(error) else ""
            raise StoreError(
                f"the store {self.name} cannot be used: {self._redact(' '.join(str(error).split()))}{hint}"
            ) from None

    def fetch(self, folder: Path) -> dict[str, Path]:
        """See StoreBackend."""
        with self._translate_errors():
            while True:
                content = self._files.read(_MANIFEST)
                manifest: dict[str, Any] = json.loads(content or b'{"generation": 0, "tables": {}}')
                self._generation, self._tables = manifest["generation"], dict(manifest["tables"])
                found = {table: folder / f"{table}.parquet" for table in self._tables}
                try:
                    for table, file in self._tables.items():
                        self._files.download(file, found[table])
                except FileNotFoundError:
                    if content == self._files.read(_MANIFEST):
                        raise
                    continue  # another run has saved, and removed the files that it has replaced
                remove_unlisted(
                    self._files,
                    _MANIFEST,
                    {*self._tables.values()},
                    subfolders=False,
                    is_ours=lambda path: _TABLE_FILE.fullmatch(path) is not None,
                )
                return found

    def save(self, files: Mapping[str, Path], gone: Collection[str]) -> None:
        """See StoreBackend."""
        generation = self._generation + 1
        # Each name is new: a run that is refused must not overwrite the files of the run that wins.
        fresh = {table: f"{table}-{generation:08}-{uuid4().hex}.parquet" for table in files}
        kept = {table: file for table, file in self._tables.items() if table not in {*files, *gone}}
        manifest = {"generation": generation, "tables": kept | fresh}
        with self._translate_errors():
            try:
                for table, path in files.items():
                    with path.open("rb") as source, self._files.writing(fresh[table]) as target:
                        copyfileobj(source, target)
                self._files.commit(_MANIFEST, json.dumps(manifest).encode())
            except WriteConflictError:
                self._files.remove(fresh.values())
                raise
            stale = [file for table, file in self._tables.items() if table not in kept]
            self._generation, self._tables = generation, kept | fresh
            self._files.remove(stale)

    def close(self) -> None:
        """See StoreBackend."""
        self._files.close()

    def _translate_errors(self) -> AbstractContextManager[None]:
        return _translate_errors(self.name, self._redact)


def _folder(url: str, filesystem: AbstractFileSystem | None, name: str, shard: Shard) -> FileStore:
    """Return the folder of a shard.

    Raises:
        SyncConfigError: the folder has the stores of another number of shards.
    """
    # fsspec and its file systems take long to import, and most stores are local files.
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    from talon_one_storage.local_folder import LocalFolder
    from talon_one_storage.object_store import ObjectStore, object_filesystem

    if filesystem is not None:
        fs, path = filesystem, filesystem._strip_protocol(url)
    else:
        fs, path = fsspec.core.url_to_fs(url)
    scheme = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
    if scheme in OBJECT_STORES:
        fs = object_filesystem(scheme, fs)
    root = path.rstrip("/")
    fs.invalidate_cache()
    there = fs.ls(root, detail=False) if fs.exists(root) else []
    names = [str(one).rstrip("/").rpartition("/")[2] for one in there]
    check_others(name, ["" if one == _MANIFEST else one for one in names], shard)
    root = "/".join([root, label(shard)]).rstrip("/")
    if isinstance(fs, LocalFileSystem):
        return LocalFolder(Path(root or "/"), name=name, lock=_LOCK)
    return ObjectStore(fs, root, name=name)


class PostgreSQLBackend:
    """Tables in PostgreSQL, as bytes; an advisory lock keeps other runs out for as long as the connection lasts.

    Everything is in one table, ``talon_one_sync_store`` (one per shard, if there are several), which is created where
    the user's search path says.
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
        with self._translate_errors():
            self._db: Any = dbapi.connect(url)

    def fetch(self, folder: Path) -> dict[str, Path]:
        """See StoreBackend."""
        for statement in KEEP_ALIVE:
            self._run(statement)
        self._check_others()
        with self._translate_errors():
            lock_session(self, f"store {self._table}", f"the store {self.name}")
        self._run(
            "CREATE TABLE IF NOT EXISTS @table "
            "(table_name text, part integer, data bytea, PRIMARY KEY (table_name, part))"
        )
        with self._translate_errors():
            self._db.commit()
        found = {}
        for (table,) in self.rows("SELECT DISTINCT table_name FROM @table"):
            if not re.fullmatch(r"\w+", table):
                raise StoreError(f"the store {self.name} holds {table!r}, which is no table of a store")
            found[table] = folder / f"{table}.parquet"
            with found[table].open("wb") as file:
                ((parts,),) = self.rows("SELECT count(*) FROM @table WHERE table_name = $1", table)
                for part in range(parts):
                    ((data,),) = self.rows("SELECT data FROM @table WHERE table_name = $1 AND part = $2", table, part)
                    file.write(data)
        return found

    def _check_others(self) -> None:
        found = self.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false)) "
            "AND starts_with(tablename, $1)",
            _TABLE,
        )
        endings = [name.removeprefix(_TABLE) for (name,) in found]
        check_others(self.name, endings, self._shard)

    def save(self, files: Mapping[str, Path], gone: Collection[str]) -> None:
        """See StoreBackend."""
        try:
            for table in {*files, *gone}:
                self._run("DELETE FROM @table WHERE table_name = $1", table)
            for table, path in files.items():
                with path.open("rb") as file:
                    part = 0
                    while data := file.read(_BYTES_A_PART):
                        self._run("INSERT INTO @table VALUES ($1, $2, $3)", table, part, data)
                        part += 1
            with self._translate_errors():
                self._db.commit()
        except StoreError:
            with suppress(Exception):  # a dead connection has nothing to roll back
                self._db.rollback()
            raise

    def close(self) -> None:
        """See StoreBackend."""
        with self._translate_errors():
            self._db.close()

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Return all rows of a query; ``@table`` stands for the table of the store."""
        with self._translate_errors(), self._db.cursor() as cursor:
            cursor.execute(statement.replace("@table", self._table), values or None)
            found: list[Any] = cursor.fetchall()
            return found

    def _run(self, statement: str, *values: Any) -> None:
        with self._translate_errors(), self._db.cursor() as cursor:
            cursor.execute(statement.replace("@table", self._table), values or None)

    def _translate_errors(self) -> AbstractContextManager[None]:
        return _translate_errors(self.name, self._redact)


@contextmanager
def _translate_errors(name: str, redact: Redactor) -> Iterator[None]:
    """Translate errors of file systems and drivers into StoreError."""
    try:
        yield
    except (StorageLockedError, WriteConflictError) as error:
        if isinstance(error, StorageLockedError):
            words = f"the store {name} is in use by another run ({error.holder}); wait until that has ended"
        else:
            words = (
                f"another run has written to the store {name} since this run opened it, so this run cannot save; run "
                "again when the other run has ended"
            )
        raise StoreLockedError(words) from None
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - they have no class in common
        words = " ".join(str(error).split())
        raise StoreError(f"the store {name}: {redact(words) or type(error).__name__}") from None
