"""Connections to BigQuery.

https://docs.cloud.google.com/python/docs/reference/bigquery/latest
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from talon_one_warehouse.connections.client_errors import ClientErrors
from talon_one_warehouse.connections.client_url import client_url, flag, one_line, require_client
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud.bigquery import Client
    from google.cloud.bigquery_storage import BigQueryReadClient

    from talon_one_warehouse.connections.client_url import ClientURL, Parameters

EXAMPLE = "bigquery://project/dataset?location=EU"
_PARAMETERS: Parameters = {"location": str, "credentials_file": str, "impersonate": str, "storage_api": flag}
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_EMULATOR = "BIGQUERY_EMULATOR_HOST"


def connect(rest: str, options: Mapping[str, Any] | None = None) -> Client:
    """Connect to ``project/dataset?parameters``.

    The credentials are those of the service account in ``credentials_file``, or the application default credentials:
    the variable ``GOOGLE_APPLICATION_CREDENTIALS``, ``gcloud auth application-default login``, or the service account
    of the machine. An emulator (``BIGQUERY_EMULATOR_HOST``) needs none.

    Args:
        rest: the URL without its scheme.
        options: ``keyfile``: the content of a service account file; and the parameters of the URL, which they win over.

    Raises:
        WarehouseConfigError: the client is not installed, or the URL or the credentials are wrong.
        WarehouseError: Google does not answer.
    """
    url, settings = _parsed(rest, options)
    bigquery, auth = require_client("bigquery", "google.cloud.bigquery", "google.auth")
    try:
        credentials, project = _credentials(settings)
        client: Client = bigquery.Client(
            project=url.host or project, credentials=credentials, location=settings.get("location")
        )
        if url.path:
            client.default_query_job_config = bigquery.QueryJobConfig(
                default_dataset=bigquery.DatasetReference(client.project, url.path[0])
            )
    except auth.exceptions.TransportError as error:
        raise WarehouseError(f"cannot open {url.shown}: {one_line(error, url.redactor)}") from None
    except (auth.exceptions.GoogleAuthError, ValueError, TypeError, OSError, AttributeError) as error:
        raise WarehouseConfigError(f"cannot open {url.shown}: {one_line(error, url.redactor)}") from None
    return client


def read_client(client: Client, rest: str, options: Mapping[str, Any] | None = None) -> BigQueryReadClient | None:
    """Return a client of the Storage Read API with the same credentials; None to read over REST.

    ``storage_api=false`` reads over REST, which needs no role for read sessions and is several times slower.
    """
    _, settings = _parsed(rest, options)
    if os.environ.get(_EMULATOR) or not settings.get("storage_api", True):
        return None
    (storage,) = require_client("bigquery", "google.cloud.bigquery_storage")
    found: BigQueryReadClient = storage.BigQueryReadClient(credentials=client._credentials)
    return found


def errors(rest: str, options: Mapping[str, Any] | None = None) -> ClientErrors:
    """Return the translator of errors of a connection."""
    url, _ = _parsed(rest, options)
    core, auth = require_client("bigquery", "google.api_core.exceptions", "google.auth.exceptions")
    transient = (core.TooManyRequests, auth.TransportError)
    permanent = (core.ClientError, auth.GoogleAuthError)
    return ClientErrors(
        url.shown,
        (core.GoogleAPIError, auth.GoogleAuthError, OSError),  # errors of requests are OSError
        lambda error: isinstance(error, permanent) and not isinstance(error, transient),
        url.redactor,
        _message,
    )


def dataset_of(rest: str) -> str:
    """Return the dataset that a URL names, or ""."""
    url, _ = _parsed(rest, None)
    return url.path[0] if url.path else ""


def _message(error: BaseException) -> str:
    """Return Google's own words, without the address of the request."""
    reasons = [str(one["message"]) for one in getattr(error, "errors", None) or () if one.get("message")]
    return reasons[0] if reasons else str(error)


def _parsed(rest: str, options: Mapping[str, Any] | None) -> tuple[ClientURL, dict[str, Any]]:
    url = client_url("bigquery", rest, parameters=_PARAMETERS, example=EXAMPLE, depth=1)
    if url.user or url.password or url.port:
        raise WarehouseConfigError(
            f"a bigquery:// URL names neither user nor password nor port; it looks like {EXAMPLE}, and the credentials "
            "come from credentials_file or GOOGLE_APPLICATION_CREDENTIALS"
        )
    return url, {**url.parameters, **(options or {})}


def _credentials(settings: Mapping[str, Any]) -> tuple[Any, str | None]:
    """Return the credentials and their project."""
    import google.auth
    from google.auth import impersonated_credentials
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2.service_account import Credentials as ServiceAccount

    if os.environ.get(_EMULATOR):
        return AnonymousCredentials(), None
    if settings.get("keyfile"):
        found = ServiceAccount.from_service_account_info(_keyfile(settings["keyfile"]), scopes=[_SCOPE])
        project = found.project_id
    elif settings.get("credentials_file"):
        found = ServiceAccount.from_service_account_file(settings["credentials_file"], scopes=[_SCOPE])
        project = found.project_id
    else:
        found, project = google.auth.default(scopes=[_SCOPE])
    if settings.get("impersonate"):
        found = impersonated_credentials.Credentials(found, settings["impersonate"], target_scopes=[_SCOPE])
    return found, project


def _keyfile(given: Any) -> Any:
    try:
        return json.loads(given) if isinstance(given, str) else given
    except ValueError:
        raise ValueError("the content of the service account file is not JSON") from None
