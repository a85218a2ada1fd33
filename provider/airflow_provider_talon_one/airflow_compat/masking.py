"""Mask secrets in Airflow's logs and pages: ``mask_secret`` and ``redact``, wherever this Airflow version has them."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any
from urllib.parse import quote

from talon_one_singer.reporting.redaction import url_secrets

_SHORTEST = 5
_SECRET = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)
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
