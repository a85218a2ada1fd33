"""Lakes by URL. deltalake, pyarrow and duckdb are optional extras, imported when a lake is opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from talon_one_singer.settings.local_paths import local_path
from talon_one_storage.file_store import OBJECT_STORES
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fsspec import AbstractFileSystem

    from talon_one_warehouse.warehouse import Warehouse

_DATABASES = (".duckdb", ".db", ".sqlite", ".sqlite3")


def is_folder(url: str) -> bool:
    """Return whether a path can only be a folder: ``./lake``, ``/data/lake``, ``~/lake``, ``lake/``."""
    return "://" not in url and (url.startswith(("./", "../", "/", "~/")) or url.endswith("/") or url in (".", ".."))


def open_folder(path: str, schema: str) -> Warehouse:
    """Open the warehouse in a local folder.

    Raises:
        WarehouseConfigError: the path looks like one of a file, or an extra is not installed.
    """
    if path.endswith(_DATABASES):
        raise WarehouseConfigError(
            f"{path} names the folder of a lake and ends like a database file; for DuckDB write duckdb:///{path}"
        )
    try:
        from talon_one_warehouse.lake.warehouse import open_local
    except ModuleNotFoundError as error:
        raise _not_installed(error) from None
    return open_local(path, schema)


def _open_file(rest: str, schema: str) -> Warehouse:
    if not rest.startswith(("/", "localhost/")):
        raise WarehouseConfigError("a file URL has three slashes before an absolute path, like file:///data/lake")
    return open_folder(local_path(f"file://{rest}"), schema)


def open_remote_at(scheme: str, rest: str, schema: str, filesystem: AbstractFileSystem | None = None) -> Warehouse:
    """Open the warehouse at ``bucket/prefix``.

    Raises:
        WarehouseConfigError: the URL names no bucket, or the package that reads the scheme is not installed.
    """
    place = rest.strip("/")
    if "@" in place.partition("/")[0]:
        raise WarehouseConfigError(f"a {scheme}:// URL must not hold keys; set them in the environment or in a profile")
    if not place or "?" in place:
        raise WarehouseConfigError(f"a {scheme}:// URL names a bucket and a prefix, like {scheme}://bucket/lake")
    try:
        from talon_one_warehouse.lake.warehouse import open_remote
    except ModuleNotFoundError as error:
        raise _not_installed(error, "s3" if scheme == "s3" else "lake") from None
    try:
        return open_remote(scheme, place, schema, filesystem)
    except ImportError:
        extra = "'talon-one-connector[lake,s3]'" if scheme == "s3" else OBJECT_STORES[scheme]
        raise WarehouseConfigError(f"{OBJECT_STORES[scheme]} is not installed; run: pip install {extra}") from None


def migrate_lake(url: str, schema: str) -> dict[str, int]:
    """Make Delta tables of the lake with a manifest at a URL; return the number of rows by table.

    Raises:
        WarehouseConfigError: the URL is not one of a lake, or there is no lake with a manifest.
        WarehouseError: see ``migration.migrate``.
    """
    scheme, separator, rest = url.partition("://")
    path = local_path(url)
    if "://" in path and scheme not in OBJECT_STORES:
        raise WarehouseConfigError(f"a lake is in a folder, or at a URL of {', '.join(OBJECT_STORES)}")
    try:
        from talon_one_warehouse.lake.migration import migrate
        from talon_one_warehouse.lake.place import local_place, remote_place
    except ModuleNotFoundError as error:
        raise _not_installed(error) from None
    remote = separator and "://" in path
    place = remote_place(scheme, rest.strip("/"), schema) if remote else local_place(path, schema)
    try:
        return migrate(place)
    finally:
        place.store.close()


def _not_installed(error: ModuleNotFoundError, extra: str = "lake") -> WarehouseConfigError:
    return WarehouseConfigError(f"{error.name} is not installed; run: pip install 'talon-one-connector[{extra}]'")


LAKE_OPENERS: Mapping[str, Callable[[str, str], Warehouse]] = {
    "file": _open_file,
    **{scheme: partial(open_remote_at, scheme) for scheme in OBJECT_STORES},
}
