"""The emulated account: its data, clock, era and switches. Every handler works on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.control.switches import Switches
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.attributes import AttributeRegistry
from talon_one_emulator.domain.clock import Clock
from talon_one_emulator.domain.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from talon_one_client.endpoints import Era

ACCOUNT_ID = 1
APPLICATION_ID = 1


class Account:
    """The data of the account, and the rules that depend on era, clock and switches."""

    def __init__(self, era: Era = "current", path: Path | None = None, switches: Switches | None = None) -> None:
        self.era: Era = era
        self.store = Store(path)
        self.clock = Clock()
        self.switches = switches or Switches()
        self.attributes = AttributeRegistry(self.store)

    @property
    def current(self) -> bool:
        """Return whether the era is ``current``."""
        return self.era == "current"

    def now(self) -> int:
        """Return the time of the account in microseconds."""
        return self.clock.now()

    def since_current(self, **fields: Any) -> dict[str, Any]:
        """Return the fields in era ``current``, and none in era ``seed``."""
        return fields if self.current else {}


def stamp(microseconds: int) -> str:
    """Return the RFC 3339 text of an instant."""
    return timestamps.render(microseconds)


def raw(text: str | None) -> json_text.Raw | None:
    """Return stored JSON text as a part of an answer; None stays None."""
    return None if text is None else json_text.raw(text)
