"""Connections to databases over ADBC. The module imports the driver manager: import it after ``require_driver``."""

from __future__ import annotations

import os
import re
from functools import partial
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import url_secrets
from talon_one_singer.settings.local_paths import path_in_url
from talon_one_warehouse.adbc.connection import ADBCConnection
from talon_one_warehouse.adbc.errors import ErrorTranslator
from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
from talon_one_warehouse.dialects.ansi import Ansi
from talon_one_warehouse.dialects.postgresql import MEANINGS as POSTGRESQL_MEANINGS
from talon_one_warehouse.dialects.postgresql import PostgreSQL
from talon_one_warehouse.dialects.sqlite import MEANINGS as SQLITE_MEANINGS
from talon_one_warehouse.dialects.sqlite import READ_OPTIONS, SQLite
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_warehouse.warehouse import Warehouse

_USER = re.compile(r"^[^/?#]*@")
_CONNECT_TIMEOUT_S = 15
_FAILED = "Failed to connect: "
# How libpq's messages about the server begin; its other messages quote the URL, and with it perhaps a password.
_HARMLESS = ("connection to server", "could not translate host name", "invalid URI query parameter", "invalid ssl")
_UNREADABLE = (
    "not a URL that PostgreSQL's library can read; look at the port, the parameters and the characters of user and "
    "password, in which @ is written %40, / is %2F, : is %3A, % is %25"
)


def open_postgresql(rest: str, schema: str) -> Warehouse:
    """Open the PostgreSQL database at ``user:password@host:port/database?parameters``.

    Raises:
        WarehouseConfigError: the URL cannot be read, or no server answers there.
        WarehouseLockedError: another process loads into the schema.
    """
    return DatabaseWarehouse(connect_postgresql(rest), PostgreSQL(), schema=schema)


def open_sqlite(rest: str, schema: str) -> Warehouse:
    """Open the SQLite file at ``/relative.db``, ``//absolute.db`` or ``/:memory:``.

    Raises:
        WarehouseConfigError: the folder does not exist, or the file is of another kind.
        WarehouseLockedError: another process has the file open.
    """
    return DatabaseWarehouse(_connect_sqlite(rest), SQLite(), schema=schema)


def open_driver(driver: str, uri: str, schema: str, options: Mapping[str, str] | None = None) -> Warehouse:
    """Open the database that an ADBC driver finds at ``uri``.

    Raises:
        WarehouseConfigError: the driver cannot open the database.
    """
    return DatabaseWarehouse(connect_driver(driver, uri, options), Ansi(), schema=schema)


def connect_postgresql(rest: str) -> ADBCConnection:
    """Connect to ``user:password@host:port/database?parameters``.

    Raises:
        WarehouseConfigError: the URL cannot be read, or no server answers there.
    """
    place = rest.partition("?")[0]
    if place.count("@") > 1:
        raise WarehouseConfigError(f"the PostgreSQL URL is {_UNREADABLE}")
    secrets = tuple(url_secrets(f"postgresql://{rest}"))
    translator = ErrorTranslator(f"postgresql://{_USER.sub('', place)}", POSTGRESQL_MEANINGS, secrets)
    try:
        return _connection(partial(_connect_function("postgresql"), _with_timeout(rest)), translator)
    except WarehouseConfigError as error:
        if _is_about_the_url(str(error), translator):
            raise WarehouseConfigError(f"the PostgreSQL URL is {_UNREADABLE}") from None
        raise


def connect_driver(driver: str, uri: str, options: Mapping[str, str] | None = None) -> ADBCConnection:
    """Connect to the database that an ADBC driver finds at ``uri``.

    Raises:
        WarehouseConfigError: the driver cannot open the database.
    """
    connect = _connect_function(driver)
    secrets = {uri, *url_secrets(uri if "://" in uri else f"{driver}://{uri}"), *(options or {}).values()}
    translator = ErrorTranslator(f"the {driver} database", {}, tuple(secrets))
    first = next(iter(signature(connect).parameters))
    arguments: dict[str, Any] = ({first: uri} if uri else {}) | ({"db_kwargs": dict(options)} if options else {})
    if uri and first == "db_kwargs":
        raise WarehouseConfigError(f"the ADBC driver {driver} takes no uri; write adbc://{driver}?option=value")
    return _connection(partial(connect, **arguments), translator)


def _connect_sqlite(rest: str) -> ADBCConnection:
    path = path_in_url(rest.removeprefix("/"))
    if not rest.startswith("/") or not path:
        raise WarehouseConfigError(
            "a SQLite URL has three slashes before a relative path and four before an absolute one, "
            "like sqlite:///talon_one.db"
        )
    if path != ":memory:":
        path = _checked_file(path)
    return _connection(partial(_connect_function("sqlite"), path), ErrorTranslator(path, SQLITE_MEANINGS), READ_OPTIONS)


def _connect_function(driver: str) -> Callable[..., Any]:
    connect: Callable[..., Any] = import_module(f"adbc_driver_{driver}.dbapi").connect
    return connect


def _connection(
    connect: Callable[..., Any], translator: ErrorTranslator, read_options: Mapping[str, str] | None = None
) -> ADBCConnection:
    with translator.translate_errors(opening=True):
        raw = connect(autocommit=True)
    return ADBCConnection(raw, translator, read_options)


def _with_timeout(rest: str) -> str:
    """Return the URL for the driver, with a timeout, so that a host that does not answer fails within seconds."""
    if "connect_timeout=" in rest or "PGCONNECT_TIMEOUT" in os.environ:
        return f"postgresql://{rest}"
    return f"postgresql://{rest}{'&' if '?' in rest else '?'}connect_timeout={_CONNECT_TIMEOUT_S}"


def _is_about_the_url(message: str, translator: ErrorTranslator) -> bool:
    reason = message.removeprefix(f"cannot open {translator.where}: ")
    return reason.startswith(_FAILED) and not reason.removeprefix(_FAILED).startswith(_HARMLESS)


def _checked_file(path: str) -> str:
    file = Path(path).absolute()
    if not file.parent.is_dir():
        raise WarehouseConfigError(f"the directory {file.parent} does not exist; make it, or choose another path")
    if file.is_dir():
        raise WarehouseConfigError(f"{file} is a directory; a SQLite database is a file")
    return str(file)
