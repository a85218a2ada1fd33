"""What each command leaves behind when a signal has stopped it, and what continues it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_CHANGE = "nothing was changed; run the command again for its result"
_IN_STORE = "what Talon.One has acknowledged is in the store"

AFTER_STOP: Mapping[str, str] = {
    "apply": f"{_IN_STORE}; make a new plan and apply it to send the rest",
    "call": "Talon.One may have received the request, and its answer is not known",
    "check": _NO_CHANGE,
    "demo": "its files are not complete; run the command again to start over",
    "doctor": _NO_CHANGE,
    "erase": "what was deleted stays deleted; run the command again to delete the rest",
    "estimate": _NO_CHANGE,
    "expiring": "the list is not complete; run the command again to read all of it",
    "init": "files that it has written stay; run the command again to write the others",
    "listen": "notifications are in the warehouse or still where they were; run the command again to continue",
    "load": "rows read so far are in the warehouse; run the command again to continue from there",
    "migrate-lake": "tables that it has made stay; run the command again to make the others",
    "models": "run the command again to create all views",
    "plan": "nothing was sent; run the command again for the plan",
    "push": f"{_IN_STORE}; run the command again to send the rest",
    "reconcile": _NO_CHANGE,
    "report": "run the command again for the report",
    "retry": f"{_IN_STORE}; run the command again to send the rest",
    "runs": _NO_CHANGE,
    "verify": f"without --heal nothing was changed, and with it {_IN_STORE}; run the command again to continue",
}
"""By the name of the command."""
