"""``mask_secret`` and ``redact``, wherever this Airflow keeps them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = (
    "airflow.providers.common.compat.sdk",
    "airflow.sdk._shared.secrets_masker",
    "airflow.sdk.execution_time.secrets_masker",
    "airflow.utils.log.secrets_masker",  # Airflow 2
)


def mask_secret(secret: str) -> None:
    """Replace this text by ``***`` in all logs."""
    _found("mask_secret")(secret)


def redact(value: Any) -> Any:
    """The value with everything masked that is a secret."""
    return _found("redact")(value)


def _found(name: str) -> Any:
    for place in _PLACES:
        try:
            return getattr(import_module(place), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError(f"this Airflow has no {name}")
