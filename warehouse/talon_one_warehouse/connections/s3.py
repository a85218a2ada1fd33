"""Access to S3 by boto3, for files that a database copies."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_warehouse.connections.client_url import one_line, require_client
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_singer.reporting.redaction import Redactor

# Errors that may go away; all other answers are about a name, a key or a right.
_TRANSIENT = frozenset({"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "ThrottlingException"})
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class S3Access:
    """A client with its keys.

    Attributes:
        client: of boto3, for S3.
        credentials: returns the keys of now, with ``access_key``, ``secret_key`` and ``token``; None if there are none.
    """

    client: Any = field(repr=False)
    credentials: Callable[[], Any] = field(repr=False)


def s3_access() -> S3Access:
    """Return access with the keys of the environment, of a profile or of the role of the machine.

    Raises:
        WarehouseConfigError: the client is not installed, or its profile does not exist.
    """
    boto3, exceptions = require_client("redshift", "boto3", "botocore.exceptions")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it logs where it has found keys
    try:
        session = boto3.Session()
        return S3Access(session.client("s3"), lambda: _frozen(session.get_credentials()))
    except (exceptions.BotoCoreError, ValueError) as error:
        raise WarehouseConfigError(f"cannot open S3: {' '.join(str(error).split())}") from None


@contextmanager
def s3_errors(where: str, redactor: Redactor) -> Iterator[None]:
    """Translate the errors of a client, each in one line.

    Args:
        where: the place in S3.
        redactor: masks keys.

    Raises:
        WarehouseConfigError: the bucket does not exist, or the keys are missing or do not suffice.
        WarehouseError: S3 does not answer.
    """
    (exceptions,) = require_client("redshift", "botocore.exceptions")
    try:
        yield
    except exceptions.ClientError as error:
        kind = WarehouseError if _is_transient(error.response) else WarehouseConfigError
        raise kind(f"{where}: {one_line(error, redactor)}") from None
    except (exceptions.BotoCoreError, OSError) as error:
        wrong = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.ParamValidationError)
        kind = WarehouseConfigError if isinstance(error, wrong) else WarehouseError
        raise kind(f"{where}: {one_line(error, redactor)}") from None


def _frozen(credentials: Any) -> Any:
    return credentials and credentials.get_frozen_credentials()


def _is_transient(response: dict[str, Any]) -> bool:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _SERVER_ERROR or response.get("Error", {}).get("Code") in _TRANSIENT
