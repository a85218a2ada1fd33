"""Connections to Amazon Redshift.

https://docs.aws.amazon.com/redshift/latest/mgmt/python-configuration-options.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from talon_one_warehouse.connections.client_errors import ClientErrors
from talon_one_warehouse.connections.client_url import client_url, flag, one_line, require_client
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_connector.core import Connection

    from talon_one_warehouse.connections.client_url import ClientURL, Parameters

EXAMPLE = "redshift://user:password@cluster.xyz.eu-central-1.redshift.amazonaws.com:5439/database"
# Where files are staged, and how Redshift reads them; only for loads.
_OF_LOADS: Parameters = {"staging": str, "iam_role": str, "copy_keys": flag}
# Names of the connector's own settings.
_PARAMETERS: Parameters = {
    "iam": flag,
    "cluster_identifier": str,
    "db_user": str,
    "profile": str,
    "region": str,
    "is_serverless": flag,
    "serverless_work_group": str,
    "serverless_acct_id": str,
    "ssl": flag,
    "sslmode": str,
    **_OF_LOADS,
}
_S3 = "s3"
_PORT = 5439
# Classes of SQLSTATE that are about the connection, the resources or the operator, not about the query.
_TRANSIENT = ("08", "40", "53", "55", "57", "58")


def connect(rest: str, options: Mapping[str, Any] | None = None) -> Connection:
    """Connect to ``user:password@host:port/database?parameters``.

    With ``iam=true`` the connector asks AWS for a password, with the credentials of the environment or of ``profile``;
    the cluster is then ``cluster_identifier``, or ``serverless_work_group``.

    Args:
        rest: the URL without its scheme.
        options: more arguments of ``redshift_connector.connect``; they win over the URL. Those of ``load_settings`` are
            left out.

    Raises:
        WarehouseConfigError: the client is not installed, or the URL or the login is wrong.
        WarehouseError: the server does not answer.
    """
    url, settings = _parsed(rest, options)
    (client,) = require_client("redshift", "redshift_connector")
    logging.getLogger("redshift_connector").setLevel(logging.WARNING)  # COPY may have keys in it
    given = {name: value for name, value in settings.items() if name not in (*_OF_LOADS, _S3)}
    try:
        connection: Connection = client.connect(**given)
    except Exception as error:  # noqa: BLE001 - besides its own errors, those of AWS and of sockets
        kind = WarehouseError if _is_transient(error, client) else WarehouseConfigError
        raise kind(f"cannot open {url.shown}: {one_line(_message(error), url.redactor)}") from None
    return connection


def errors(rest: str, options: Mapping[str, Any] | None = None) -> ClientErrors:
    """Return the translator of errors of a connection."""
    url, _ = _parsed(rest, options)
    (client,) = require_client("redshift", "redshift_connector")
    return ClientErrors(
        url.shown,
        (client.Error, OSError),
        lambda error: not _is_transient(error, client),
        url.redactor,
        _message,
    )


def load_settings(rest: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the settings of staged files, see ``databases.s3_staging``.

    ``s3`` among the options is the access to the place of the files, an ``S3Access``; None if it comes from the
    environment.
    """
    _, settings = _parsed(rest, options)
    return {name: settings.get(name) for name in (*_OF_LOADS, _S3)}


def _parsed(rest: str, options: Mapping[str, Any] | None) -> tuple[ClientURL, dict[str, Any]]:
    url = client_url("redshift", rest, parameters=_PARAMETERS, example=EXAMPLE, depth=1)
    return url, url.settings(options, {"port": _PORT})


def _state(error: BaseException) -> dict[str, Any]:
    """Return the fields of the server's message, whose code is C and whose text is M."""
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}


def _is_transient(error: BaseException, client: Any) -> bool:
    code = str(_state(error).get("C", ""))
    return code.startswith(_TRANSIENT) if code else isinstance(error, client.InterfaceError | OSError)


def _message(error: BaseException) -> str:
    found = _state(error)
    return f"{found['M']} ({found.get('C')})" if "M" in found else ": ".join(map(str, error.args)) or str(error)
