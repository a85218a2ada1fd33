"""Mask secrets in Airflow's logs and pages: ``mask_secret`` and ``redact``, wherever this Airflow version has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any
from urllib.parse import quote

from talon_one_singer import Setting
from talon_one_singer.reporting.redaction import url_secrets
from talon_one_singer.settings.conversion import parse_text

_SHORTEST = 5
_SECRET = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)
# Names of settings and environment variables; `key` and `primary_key` name columns.
_CREDENTIAL = re.compile(
    r"(passw(or)?d|pwd|passphrase|secret|token|credentials?"
    r"|(access|account|api|integration|management|private|sse)[_-]?key)\Z",
    re.IGNORECASE,
)
_STRUCTURE = Setting("argument", "object", "")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_CONNECTION = re.compile(r"(s3|gs|abfs)://[^/@:]*@")  # the id of a connection, or a container of Azure
_MODULES = (
    "airflow.providers.common.compat.sdk",
    "airflow.sdk._shared.secrets_masker",
    "airflow.sdk.execution_time.secrets_masker",
    "airflow.utils.log.secrets_masker",  # Airflow 2
)


def mask_secret(secret: str) -> None:
    """Replace this text by ``***`` in all logs."""
    _of_airflow("mask_secret")(secret)


def redact(value: Any) -> Any:
    """Return the value with all secrets in it replaced by ``***``."""
    return _of_airflow("redact")(value)


def mask_connection(connection: Any) -> None:
    """Mask the password of a connection and the secrets in its extra, both as they are and percent-encoded."""
    for secret in (connection.password, *_secrets(connection.extra_dejson)):
        if secret:
            mask_secret(secret)
            mask_secret(quote(secret, safe=""))


def mask_urls(value: Any) -> None:
    """Mask users, passwords and tokens of all URLs in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            mask_urls(one)
    elif isinstance(value, str):
        for secret in url_secrets(value):
            if len(secret) >= _SHORTEST:
                mask_secret(secret)


def mask_arguments(value: Any) -> None:
    """Mask the credentials in an argument of a task, which Airflow shows among its rendered templates."""
    for secret in credentials_of(value):
        mask_secret(secret)


def credentials_of(value: Any) -> list[str]:
    """Return the secrets in URLs, and the texts under names of secrets, like ``management_key`` in settings.

    Short ones are left out, because masking them would mask ordinary words.
    """
    if isinstance(value, Mapping):
        named = [one for name, one in value.items() if isinstance(one, str) and _CREDENTIAL.search(str(name))]
        found = [*named, *(secret for one in value.values() for secret in credentials_of(one))]
    elif isinstance(value, list | tuple):
        found = [secret for one in value for secret in credentials_of(one)]
    elif isinstance(value, str) and value.lstrip().startswith("{"):
        found = []
        with suppress(ValueError):  # another text in braces
            found = credentials_of(parse_text(_STRUCTURE, value))
    elif isinstance(value, str) and _URL.fullmatch(value) and not _CONNECTION.match(value):
        found = [*url_secrets(value)]
    else:
        found = []
    return [secret for secret in found if len(secret) >= _SHORTEST]


def _secrets(extra: Any, name: str = "") -> list[str]:
    """Return the texts whose names sound like secrets, except short ones, which would mask ordinary words too."""
    if isinstance(extra, dict):
        return [text for key, one in extra.items() for text in _secrets(one, key)]
    found = isinstance(extra, str) and len(extra) >= _SHORTEST and _SECRET.search(name)
    return [extra] if found else []


def _of_airflow(name: str) -> Any:
    for module in _MODULES:
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError(f"this Airflow has no function {name}")
