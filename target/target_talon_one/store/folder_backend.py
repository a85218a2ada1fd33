"""The store backend in a folder at any fsspec URL."""

from __future__ import annotations

import json
import re
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.shards import WHOLE
from talon_one_storage.errors import WriteConflictError
from talon_one_storage.file_store import OBJECT_STORES, remove_unlisted
from target_talon_one.config.shards import check_others, is_label, label
from target_talon_one.errors import StoreError, SyncConfigError
from target_talon_one.store.translation import backend_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager

    from fsspec import AbstractFileSystem

    from talon_one_singer.shards import Shard
    from talon_one_storage.file_store import FileStore

_MANIFEST, _LOCK = "manifest.json", "manifest.lock"
_TABLE_FILE = re.compile(r"\w+-\d{8,}(-[0-9a-f]{32})?\.parquet")


class FolderBackend:
    """A folder of Parquet files with a manifest that lists the current ones.

    Two runs can open the folder. The first one that saves, which a run does before it sends anything, wins; the other
    one is refused when it saves. In file systems other than S3 and local folders, both can win for a short time.
    """

    def __init__(self, url: str, filesystem: AbstractFileSystem | None = None, shard: Shard = WHOLE) -> None:
        self.name, self._redact = shown_url(url), Redactor(url_secrets(url))
        if "?" in url:
            raise StoreError(
                f"the store {self.name} is a folder, and its URL cannot have parameters; remove the part after ?"
            )
        self._generation = 0
        self._tables: dict[str, str] = {}
        try:
            self._files, self._has_content = _folder(url, filesystem, self.name, shard)
        except SyncConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - each file system of fsspec raises other errors
            way_out = (
                "run: pip install 'talon-one-connector[s3]'" if "s3fs" in str(error) else "correct the setting store"
            )
            text = self._redact(" ".join(str(error).split()))
            raise StoreError(f"cannot use the store {self.name}: {text}; {way_out}") from None

    def has_content(self) -> bool:
        """Return whether a run had saved the store, or one of its shards, when this backend was opened."""
        return self._has_content

    def fetch(self, folder: Path, *, unsaved: bool = False) -> dict[str, Path]:
        """See StoreBackend."""
        with self._errors():
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
                    continue  # another run has saved and removed the files that it replaced
                if not unsaved:
                    self._remove_leftovers()
                return found

    def _remove_leftovers(self) -> None:
        remove_unlisted(
            self._files,
            _MANIFEST,
            {*self._tables.values()},
            is_removable=lambda path: _TABLE_FILE.fullmatch(path) is not None,
        )

    def save(self, files: Mapping[str, Path], dropped: Collection[str]) -> None:
        """See StoreBackend."""
        generation = self._generation + 1
        # Each name is new: a run that is refused must not overwrite the files of the run that wins.
        fresh = {table: f"{table}-{generation:08}-{uuid4().hex}.parquet" for table in files}
        kept = {table: file for table, file in self._tables.items() if table not in {*files, *dropped}}
        manifest = {"generation": generation, "tables": kept | fresh}
        with self._errors():
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

    def _errors(self) -> AbstractContextManager[None]:
        return backend_errors(self.name, self._redact)


def _folder(url: str, filesystem: AbstractFileSystem | None, name: str, shard: Shard) -> tuple[FileStore, bool]:
    """Return the folder of a shard, and whether it or another shard has content.

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
    saved = _MANIFEST in names or any(fs.exists(f"{root}/{one}/{_MANIFEST}") for one in names if is_label(one))
    root = "/".join([root, label(shard)]).rstrip("/")
    if isinstance(fs, LocalFileSystem):
        return LocalFolder(Path(root or "/"), name=name, lock=_LOCK), saved
    return ObjectStore(fs, root, name=name), saved
