"""HTTP client of Talon.One: endpoint table, typed methods, retries, rate limits, paging.

Importing the package is cheap; names load when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talon_one_client.client import TalonOneClient
    from talon_one_client.connection.config import ClientConfig, RetryConfig
    from talon_one_client.errors import TalonOneError
    from talon_one_client.http.executor import Observer
    from talon_one_singer.settings.secret import Secret

__all__ = ["ClientConfig", "Observer", "RetryConfig", "Secret", "TalonOneClient", "TalonOneError"]

_MODULES = {
    "TalonOneClient": "talon_one_client.client",
    "ClientConfig": "talon_one_client.connection.config",
    "RetryConfig": "talon_one_client.connection.config",
    "Observer": "talon_one_client.http.executor",
    "Secret": "talon_one_singer.settings.secret",
    "TalonOneError": "talon_one_client.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
