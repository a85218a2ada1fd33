"""HTTP core for Talon.One: endpoint table, typed methods, retries, rate budgets, paging.

Importing the package is cheap; names load when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talon_one_client.client import TalonOneClient
    from talon_one_client.connection.config import ClientConfig, Key, RetryConfig
    from talon_one_client.errors import TalonOneError
    from talon_one_client.http.executor import Observer

__all__ = ["ClientConfig", "Key", "Observer", "RetryConfig", "TalonOneClient", "TalonOneError"]

_HOME = {
    "TalonOneClient": "client",
    "ClientConfig": "connection.config",
    "Key": "connection.config",
    "RetryConfig": "connection.config",
    "Observer": "http.executor",
    "TalonOneError": "errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
