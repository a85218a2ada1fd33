"""Loads into Snowflake by its own connector."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from talon_one_warehouse.databases.client_connection import ClientConnection

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class SnowflakeConnection(ClientConnection):
    """A connection whose statements commit one by one."""

    def transaction(self) -> AbstractContextManager[None]:
        """Run statements one by one: definitions of tables commit by themselves."""
        return nullcontext()
