"""Where a lake is: a folder of files, and the same folder as deltalake opens it.

https://delta-io.github.io/delta-rs/usage/loading-table/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from talon_one_storage.local_folder import LocalFolder
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.lake.errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fsspec import AbstractFileSystem

    from talon_one_storage.file_store import FileStore

RESERVED = "_talon_one"
_LOCK = f"{RESERVED}/lock"
_DECODED = re.compile("%[0-9A-Fa-f]{2}")
# Keys of an fsspec file system for Azure, by their names in deltalake.
_AZURE = {
    "account_name": "azure_storage_account_name",
    "account_key": "azure_storage_account_key",
    "sas_token": "azure_storage_sas_token",
    "tenant_id": "azure_storage_tenant_id",
    "client_id": "azure_storage_client_id",
    "client_secret": "azure_storage_client_secret",
}


@dataclass(frozen=True, slots=True)
class LakePlace:
    """The folder of a schema.

    Attributes:
        schema: the name of the schema.
        store: writes and reads data files.
        uri: the folder as deltalake names it, without a slash at the end.
        options: endpoint and keys for deltalake; empty for a local folder.
    """

    schema: str
    store: FileStore
    uri: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def local_place(path: str, schema: str) -> LakePlace:
    """Return the place of a schema in a local folder, which is created if it does not exist, and lock it.

    Raises:
        WarehouseConfigError: the parent folder does not exist, or the path is a file or like ``a%20b``.
        WarehouseLockedError: another process has the lake open.
    """
    root = Path(path).expanduser().absolute()
    with translate_errors(path, opening=True):
        if root.exists() and not root.is_dir():
            raise WarehouseConfigError(f"{root} is a file; a lake is a directory")
        if _DECODED.search(str(root)):  # delta-rs reads such a path as a URL, and then finds nothing
            raise WarehouseConfigError(f"{root} contains a % before two hex digits, which a lake cannot; rename it")
        if not root.parent.is_dir():
            raise WarehouseConfigError(f"the directory {root.parent} does not exist; make it, or choose another path")
        folder = root / folder_of(schema)
        store = LocalFolder(folder, name=path, lock=_LOCK, exclusive=True)
    return LakePlace(schema, store, str(folder))


def remote_place(scheme: str, place: str, schema: str, filesystem: AbstractFileSystem | None = None) -> LakePlace:
    """Return the place of a schema under a prefix of an object store.

    Args:
        scheme: one of OBJECT_STORES.
        place: bucket and prefix.
        schema: the folder below it.
        filesystem: has the keys; by default the keys come from the environment.

    Raises:
        ImportError: the package that reads the scheme is not installed.
        WarehouseConfigError: the keys of the file system cannot be given to deltalake.
    """
    from talon_one_storage.object_store import ObjectStore, object_filesystem  # imports fsspec

    name = f"{scheme}://{place}".rstrip("/")
    with translate_errors(name, opening=True):
        fs = object_filesystem(scheme, filesystem)
        store = ObjectStore(fs, f"{fs._strip_protocol(name)}/{folder_of(schema)}", name=name)
        options = _options(scheme, fs, given=filesystem is not None)
    return LakePlace(schema, store, f"{name}/{folder_of(schema)}", options)


def folder_of(name: str) -> str:
    """Return the folder of a table or schema; characters that a path or URL cannot have are escaped with ``~``."""
    return quote(name.replace("~", "~7E"), safe=" ~").replace("%", "~").replace(".", "~2E")


def _options(scheme: str, fs: AbstractFileSystem, *, given: bool) -> dict[str, str]:
    """Return deltalake's options; keys only if the file system was given, since both read the same environment."""
    if scheme == "s3":
        return _s3_options(fs, given=given)
    if not given:
        return {}
    options = fs.storage_options
    if scheme == "abfs":
        return {theirs: str(options[ours]) for ours, theirs in _AZURE.items() if options.get(ours)}
    if isinstance(options.get("token"), str) and Path(options["token"]).is_file():
        return {"google_service_account": options["token"]}
    raise WarehouseConfigError(
        "the keys of a Google connection cannot be used for a lake; set GOOGLE_APPLICATION_CREDENTIALS on the workers, "
        "and give gs://bucket/prefix without a connection"
    )


def _s3_options(fs: Any, *, given: bool) -> dict[str, str]:
    from fsspec.asyn import sync

    endpoint, region = sync(fs.loop, _endpoint_and_region, fs)
    options = {"aws_region": region}
    if not endpoint.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        options |= {"aws_endpoint_url": endpoint, "aws_allow_http": str(endpoint.startswith("http://")).lower()}
    if given:
        keys = sync(fs.loop, _frozen_keys, fs)
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        options |= {name: key for name, key in zip(names, keys, strict=True) if key}
    return options


async def _endpoint_and_region(fs: Any) -> tuple[str, str]:
    connected = fs._s3 is not None
    client = await fs.set_session()
    found = str(client.meta.endpoint_url), str(client.meta.region_name or "us-east-1")
    if not connected:  # s3fs of early 2026 takes a client that has sent nothing for closed, and drops the given keys
        await client.close()
        fs._s3 = None
    return found


async def _frozen_keys(fs: Any) -> tuple[str | None, str | None, str | None]:
    if fs.key and fs.secret:
        return (fs.key, fs.secret, fs.token)
    credentials = await fs.session.get_credentials()
    if credentials is None:
        return (None, None, None)
    frozen = await credentials.get_frozen_credentials()
    return (frozen.access_key, frozen.secret_key, frozen.token)
