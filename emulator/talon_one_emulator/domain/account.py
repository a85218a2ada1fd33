"""The emulated account: its data, its clock, its era and its switches. Handlers get one of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.control.switches import Switches
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.attributes import Registry
from talon_one_emulator.domain.clock import Clock
from talon_one_emulator.domain.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from talon_one_client.endpoints import Era

ACCOUNT_ID = 1
APPLICATION_ID = 1


class Account:
    """Data plus the rules that depend on era, clock and switches."""

    def __init__(self, era: Era = "current", path: Path | None = None, switches: Switches | None = None) -> None:
        self.era: Era = era
        self.store = Store(path)
        self.clock = Clock()
        self.switches = switches or Switches()
        self.attributes = Registry(self.store)

    @property
    def current(self) -> bool:
        """True in era ``current``."""
        return self.era == "current"

    def now(self) -> int:
        """The account's time in microseconds."""
        return self.clock.now()

    def since_current(self, **fields: Any) -> dict[str, Any]:
        """``fields`` in era ``current``, nothing in era ``seed``."""
        return fields if self.current else {}


def stamp(microseconds: int) -> str:
    """RFC 3339 text of an instant."""
    return timestamps.render(microseconds)


def raw(text: str | None) -> jsontext.Raw | None:
    """Stored JSON text for an answer, None as None."""
    return None if text is None else jsontext.raw(text)
