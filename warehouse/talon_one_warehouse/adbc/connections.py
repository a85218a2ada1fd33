"""Databases that are spoken to over ADBC, by URL."""

from __future__ import annotations

import os
import re
from functools import partial
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from talon_one_singer.reporting.redaction import url_secrets
from talon_one_singer.settings.local_paths import path_in_url
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_warehouse.adbc.connection import ADBCConnection
    from talon_one_warehouse.adbc.errors import Teller
    from talon_one_warehouse.dialects.base import Dialect
    from talon_one_warehouse.warehouse import Warehouse

_DRIVER = re.compile(r"[a-z][a-z0-9_]*")
_USER = re.compile(r"^[^/?#]*@")
_CONNECT_TIMEOUT_S = 15
# How messages of libpq begin that are about the server; others quote the URL, and with it perhaps a password.
_HARMLESS = ("connection to server", "could not translate host name", "invalid URI query parameter", "invalid ssl")
_UNREADABLE = (
    "not a URL that PostgreSQL's library can read; look at the port, the parameters and the characters of user and "
    "password: @ is written %40, / is %2F, : is %3A, % is %25"
)


def open_postgresql(rest: str, schema: str) -> Warehouse:
    """The PostgreSQL database at ``user:password@host:port/database?parameters``.

    Raises:
        WarehouseConfigError: the URL cannot be read, nobody answers there, or the driver is not installed.
        WarehouseLockedError: another process loads into the schema.
    """
    connection = connect_postgresql(rest)
    from talon_one_warehouse.dialects.postgresql import PostgreSQL

    return _warehouse(connection, PostgreSQL(), schema)


def connect_postgresql(rest: str) -> ADBCConnection:
    """A connection to ``user:password@host:port/database?parameters``.

    Raises:
        WarehouseConfigError: the URL cannot be read, nobody answers there, or the driver is not installed.
    """
    connect = _connect("postgresql", "'talon-one-connector[postgresql]'")
    from talon_one_warehouse.adbc.errors import Teller
    from talon_one_warehouse.dialects.postgresql import MEANINGS

    place = rest.partition("?")[0]
    if place.count("@") > 1:
        raise WarehouseConfigError(f"the PostgreSQL URL is {_UNREADABLE}")
    teller = Teller(f"postgresql://{_USER.sub('', place)}", MEANINGS, tuple(url_secrets(f"postgresql://{rest}")))
    try:
        return _connection(partial(connect, _with_timeout(rest)), teller)
    except WarehouseConfigError as error:
        if _is_about_the_url(str(error), teller):
            raise WarehouseConfigError(f"the PostgreSQL URL is {_UNREADABLE}") from None
        raise


def open_sqlite(rest: str, schema: str) -> Warehouse:
    """The SQLite file at ``/relative.db``, ``//absolute.db`` or ``/:memory:``.

    Raises:
        WarehouseConfigError: no such directory, a file of another kind, or the driver is not installed.
        WarehouseLockedError: another process has the file open.
    """
    connection = connect_sqlite(rest)
    from talon_one_warehouse.dialects.sqlite import SQLite

    return _warehouse(connection, SQLite(), schema)


def connect_sqlite(rest: str) -> ADBCConnection:
    """A connection to the SQLite file at ``/relative.db``, ``//absolute.db`` or ``/:memory:``.

    Raises:
        WarehouseConfigError: no such directory, a file of another kind, or the driver is not installed.
    """
    path = path_in_url(rest.removeprefix("/"))
    if not rest.startswith("/") or not path:
        raise WarehouseConfigError(
            "a SQLite URL has three slashes before a relative path and four before an absolute one, "
            "like sqlite:///talon_one.db"
        )
    connect = _connect("sqlite", "'talon-one-connector[sqlite]'")
    from talon_one_warehouse.adbc.errors import Teller
    from talon_one_warehouse.dialects.sqlite import MEANINGS, READ_OPTIONS

    if path != ":memory:":
        path = _in_a_directory(path)
    return _connection(partial(connect, path), Teller(path, MEANINGS), READ_OPTIONS)


def open_adbc(rest: str, schema: str) -> Warehouse:
    """The database at ``DRIVER?uri=...&option=value``; every parameter but ``uri`` is an option of the driver."""
    driver, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    return open_driver(driver, options.pop("uri", ""), schema, options)


def open_driver(driver: str, uri: str, schema: str, options: Mapping[str, str] | None = None) -> Warehouse:
    """The database that an ADBC driver finds at ``uri``.

    Raises:
        WarehouseConfigError: the driver is not installed, or does not open it.
    """
    connection = connect_driver(driver, uri, options)
    from talon_one_warehouse.dialects.ansi import Ansi

    return _warehouse(connection, Ansi(), schema)


def connect_any(rest: str) -> ADBCConnection:
    """A connection to ``DRIVER?uri=...&option=value``."""
    driver, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    return connect_driver(driver, options.pop("uri", ""), options)


def connect_driver(driver: str, uri: str, options: Mapping[str, str] | None = None) -> ADBCConnection:
    """A connection to the database that an ADBC driver finds at ``uri``.

    Raises:
        WarehouseConfigError: the driver is not installed, or does not open it.
    """
    if not _DRIVER.fullmatch(driver):
        raise WarehouseConfigError("an ADBC URL names a driver, like adbc+snowflake://... or adbc://snowflake?uri=...")
    connect = _connect(driver, f"adbc-driver-{driver.replace('_', '-')}")
    from talon_one_warehouse.adbc.errors import Teller

    secrets = {uri, *url_secrets(uri if "://" in uri else f"{driver}://{uri}"), *(options or {}).values()}
    teller = Teller(f"the {driver} database", {}, tuple(secrets))
    first = next(iter(signature(connect).parameters))
    arguments: dict[str, Any] = ({first: uri} if uri else {}) | ({"db_kwargs": dict(options)} if options else {})
    if uri and first == "db_kwargs":
        raise WarehouseConfigError(f"the ADBC driver {driver} takes no uri; write adbc://{driver}?option=value")
    return _connection(partial(connect, **arguments), teller)


def _connect(driver: str, package: str) -> Callable[..., Any]:
    try:
        import pyarrow  # noqa: F401 - told as missing here, before the driver is

        connect: Callable[..., Any] = import_module(f"adbc_driver_{driver}.dbapi").connect
    except ModuleNotFoundError as error:
        raise WarehouseConfigError(f"{error.name} is not installed; run: pip install {package}") from None
    return connect


def _connection(
    connect: Callable[..., Any], teller: Teller, read_options: Mapping[str, str] | None = None
) -> ADBCConnection:
    from talon_one_warehouse.adbc.connection import ADBCConnection

    with teller.told(opening=True):
        raw = connect(autocommit=True)
    return ADBCConnection(raw, teller, read_options)


def _warehouse(connection: ADBCConnection, dialect: Dialect, schema: str) -> Warehouse:
    from talon_one_warehouse.adbc.warehouse import ADBCWarehouse

    return ADBCWarehouse(connection, dialect, schema=schema)


def _with_timeout(rest: str) -> str:
    """The URL for the driver: nobody waits minutes for a host that does not answer."""
    if "connect_timeout=" in rest or "PGCONNECT_TIMEOUT" in os.environ:
        return f"postgresql://{rest}"
    return f"postgresql://{rest}{'&' if '?' in rest else '?'}connect_timeout={_CONNECT_TIMEOUT_S}"


def _is_about_the_url(message: str, teller: Teller) -> bool:
    told = message.removeprefix(f"cannot open {teller.where}: ")
    return told.startswith("Failed to connect: ") and not told[len("Failed to connect: ") :].startswith(_HARMLESS)


def _in_a_directory(path: str) -> str:
    from pathlib import Path

    file = Path(path).absolute()
    if not file.parent.is_dir():
        raise WarehouseConfigError(f"the directory {file.parent} does not exist; make it, or choose another path")
    if file.is_dir():
        raise WarehouseConfigError(f"{file} is a directory; a SQLite database is a file")
    return str(file)


ADBC_OPENERS: Mapping[str, Callable[[str, str], Warehouse]] = {
    "postgresql": open_postgresql,
    "postgres": open_postgresql,
    "sqlite": open_sqlite,
    "adbc": open_adbc,
}
