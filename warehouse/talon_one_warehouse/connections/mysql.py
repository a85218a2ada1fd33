"""Connections to MySQL and MariaDB.

https://pymysql.readthedocs.io/en/latest/modules/connections.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from talon_one_warehouse.connections.client_errors import ClientErrors
from talon_one_warehouse.connections.client_url import client_url, flag, number, one_line, require_client
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymysql.connections import Connection

    from talon_one_warehouse.connections.client_url import ClientURL, Parameters

EXAMPLE = "mysql://user:password@host:3306/database"
_PARAMETERS: Parameters = {
    "read_default_file": str,
    "read_default_group": str,
    "unix_socket": str,
    "connect_timeout": number,
    "ssl_ca": str,
    "ssl_cert": str,
    "ssl_key": str,
    "ssl_verify_cert": flag,
    "ssl_verify_identity": flag,
}
_CONNECT_TIMEOUT_S = 15
_WAIT_FOR_READER_S = 3_600
_PORT = 3306
# Too many connections, shutdown, lock waits, deadlocks, network errors. Numbers from 2000 on are the client's own.
_TRANSIENT = frozenset({1040, 1053, 1105, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1927})


def connect(rest: str, options: Mapping[str, Any] | None = None) -> Connection[Any]:
    """Connect to ``user:password@host:port/database?parameters``; the zone of the session is UTC.

    The password may also be in the variable ``MYSQL_PWD`` or in an option file (``read_default_file``).

    Args:
        rest: the URL without its scheme.
        options: more arguments of ``pymysql.connect``; they win over the URL.

    Raises:
        WarehouseConfigError: the client is not installed, or the URL or the login is wrong.
        WarehouseError: the server does not answer.
    """
    url, settings = _parsed(rest, options)
    (pymysql,) = require_client("mysql", "pymysql")
    try:
        connection: Connection[Any] = pymysql.connect(**settings)
        with connection.cursor() as cursor:
            # The server ends a query whose rows nobody takes in time; the start of a sync takes them.
            cursor.execute(f"SET time_zone = '+00:00', net_write_timeout = {_WAIT_FOR_READER_S}")
    except (pymysql.MySQLError, OSError, ValueError, TypeError, RuntimeError) as error:
        kind = WarehouseError if _is_transient(error) else WarehouseConfigError
        raise kind(f"cannot open {url.shown}: {one_line(_message(error), url.redactor)}") from None
    return connection


def errors(rest: str, options: Mapping[str, Any] | None = None) -> ClientErrors:
    """Return the translator of errors of a connection."""
    url, _ = _parsed(rest, options)
    (pymysql,) = require_client("mysql", "pymysql")
    return ClientErrors(
        url.shown,
        (pymysql.MySQLError, OSError),
        lambda error: isinstance(error, pymysql.MySQLError) and not _is_transient(error),
        url.redactor,
        _message,
    )


def _parsed(rest: str, options: Mapping[str, Any] | None) -> tuple[ClientURL, dict[str, Any]]:
    url = client_url("mysql", rest, parameters=_PARAMETERS, example=EXAMPLE, depth=1)
    settings = url.settings(options, {"password": os.environ.get("MYSQL_PWD")})
    if "read_default_file" not in settings:
        settings = {"host": "localhost", "port": _PORT, **settings}
    return url, {"connect_timeout": _CONNECT_TIMEOUT_S, "charset": "utf8mb4", **settings}


def _is_transient(error: BaseException) -> bool:
    """Return whether an error is about the connection; the first argument is MySQL's number of the error."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    if number is None:
        return isinstance(error, OSError)
    return number in _TRANSIENT or number >= 2000


def _message(error: BaseException) -> str:
    if len(error.args) > 1 and isinstance(error.args[0], int):
        return f"{error.args[1]} ({error.args[0]})"
    return str(error)
