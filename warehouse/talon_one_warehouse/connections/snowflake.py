"""Connections to Snowflake.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api
"""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Any

from talon_one_warehouse.connections.client_errors import ClientErrors
from talon_one_warehouse.connections.client_url import client_url, number, one_line, require_client, with_values
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snowflake.connector import SnowflakeConnection

    from talon_one_warehouse.connections.client_url import ClientURL, Parameters

EXAMPLE = "snowflake://user@account/database/schema?warehouse=wh&private_key_file=/keys/rsa.p8"
# Names of the connector's own settings; connection_name is an entry of connections.toml.
_PARAMETERS: Parameters = {
    "warehouse": str,
    "role": str,
    "connection_name": str,
    "authenticator": str,
    "private_key_file": str,
    "private_key_file_pwd": str,
    "token": str,
    "token_file_path": str,
    "passcode": str,
    "workload_identity_provider": str,
    "host": str,
    "port": number,
    "protocol": str,
}
_SECRETS = ("password", "private_key_file_pwd", "private_key", "token", "passcode")
# Variables of Snowflake's command line; they fill what the URL does not say.
_VARIABLES: Mapping[str, str] = {
    "account": "SNOWFLAKE_ACCOUNT",
    "user": "SNOWFLAKE_USER",
    "password": "SNOWFLAKE_PASSWORD",
    "role": "SNOWFLAKE_ROLE",
    "warehouse": "SNOWFLAKE_WAREHOUSE",
    "authenticator": "SNOWFLAKE_AUTHENTICATOR",
    "private_key_file": "SNOWFLAKE_PRIVATE_KEY_FILE",
    "private_key_file_pwd": "SNOWFLAKE_PRIVATE_KEY_FILE_PWD",
    "token": "SNOWFLAKE_TOKEN",
    "token_file_path": "SNOWFLAKE_TOKEN_FILE_PATH",
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
# Without it, the connector makes floats of decimals.
_EXACT = {"arrow_number_to_decimal": True}
_SESSION = {
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "TIMEZONE": "UTC",
    "CLIENT_RESULT_CHUNK_SIZE": 16,  # MB, the smallest; some chunks are held at a time
}
# The connector repeats a request without end by default.
_TIMEOUTS = {"login_timeout": 30, "network_timeout": 300}


def connect(
    rest: str, options: Mapping[str, Any] | None = None, *, session: Mapping[str, Any] | None = None
) -> SnowflakeConnection:
    """Connect to ``user:password@account/database/schema?parameters``.

    Without an account, ``connection_name`` or the default connection of ``connections.toml`` is used. What the URL does
    not say comes from the variables of Snowflake's command line, like ``SNOWFLAKE_PRIVATE_KEY_FILE``.

    Args:
        rest: the URL without its scheme.
        options: more settings of the connector, like ``private_key``; they win over the URL.
        session: more session parameters.

    Raises:
        WarehouseConfigError: the connector is not installed, or the URL or the login is wrong.
        WarehouseError: Snowflake does not answer.
    """
    url, settings = _parsed(rest, options)
    (connector,) = require_client("snowflake", "snowflake.connector")
    logging.getLogger("snowflake.connector").setLevel(logging.WARNING)  # it logs its version and every connection
    try:
        connection: SnowflakeConnection = connector.connect(
            **settings, **_EXACT, session_parameters={**_SESSION, **(session or {})}
        )
    except (connector.Error, TypeError, ValueError, OSError) as error:
        kind = WarehouseError if isinstance(error, connector.OperationalError) else WarehouseConfigError
        raise kind(f"cannot open {url.shown}: {one_line(error, url.redactor)}") from None
    return connection


def errors(rest: str, options: Mapping[str, Any] | None = None) -> ClientErrors:
    """Return the translator of errors of a connection."""
    url, _ = _parsed(rest, options)
    (connector,) = require_client("snowflake", "snowflake.connector")
    wrong = (connector.ProgrammingError, connector.DataError, connector.NotSupportedError)
    return ClientErrors(url.shown, (connector.Error, OSError), lambda error: isinstance(error, wrong), url.redactor)


def schema_of(rest: str) -> str:
    """Return the schema that a URL names, in upper case as the connector takes a plain name, or ""."""
    url, _ = _parsed(rest, None)
    schema = url.path[1] if len(url.path) > 1 else ""
    return schema.upper() if _PLAIN.fullmatch(schema) else schema


def _parsed(rest: str, options: Mapping[str, Any] | None) -> tuple[ClientURL, dict[str, Any]]:
    url = client_url("snowflake", rest, parameters=_PARAMETERS, example=EXAMPLE, depth=2)
    settings = _settings(url, options or {})
    for name in _SECRETS:
        if isinstance(settings.get(name), str):
            url.redactor.add(settings[name])
    return url, settings


def _settings(url: ClientURL, options: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"account": url.host, "port": url.port, "user": url.user, "password": url.password}
    given |= dict(zip(("database", "schema"), url.path, strict=False))
    given = with_values({**given, **url.parameters, **options})
    if "connection_name" not in given:
        given = {name: os.environ[key] for name, key in _VARIABLES.items() if os.environ.get(key)} | given
        if "account" not in given:
            given["connection_name"] = os.environ.get("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "default")
    if "private_key_file" in given or "private_key" in given:
        given.setdefault("authenticator", "SNOWFLAKE_JWT")
    if "port" in given:
        given["port"] = int(given["port"])  # options may have it as text
    return {**_TIMEOUTS, **given}
