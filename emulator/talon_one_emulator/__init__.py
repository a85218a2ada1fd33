"""A local Talon.One: both APIs over SQLite, with documented rules, switches for the unknown, and faults on demand.

``with Emulator(seed="synthetic", cards=10, transactions=100) as emulator: ...``. Names are imported on first use, so
that the command line can report a missing extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talon_one_emulator.control.faults import FaultRule
    from talon_one_emulator.control.notifier import NotifyTarget
    from talon_one_emulator.emulator import Emulator

__all__ = ["Emulator", "FaultRule", "NotifyTarget"]

_MODULES = {"Emulator": "emulator", "FaultRule": "control.faults", "NotifyTarget": "control.notifier"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
