"""What happens to a request with bad rows: a matter of switches, since the vendor does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.bodies import shown
from talon_one_emulator.api.errors import ApiError, Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from talon_one_emulator.api.call import Call


def settle(call: Call, rows: Sequence[Any], bad: Collection[int]) -> list[Any]:
    """The rows to apply: all, or with switch ``batch=partial`` the good ones, or none."""
    if not bad:
        return list(rows)
    if call.account.switches.batch == "all_or_nothing":
        return []
    return [row for index, row in enumerate(rows) if index not in bad]


def refuse(call: Call, faults: Sequence[Fault], status: int = 400, *, keep: bool = False) -> None:
    """Raise ApiError if there are faults; ``keep`` what was already written (the good rows of a batch)."""
    if faults:
        raise ApiError(status, shown(call.endpoint, list(faults), call.account.switches), keep=keep)


def rows_broken(call: Call) -> list[Fault]:
    """Faults of the rows that break the schema, in their order."""
    return [fault for index in sorted(call.bad) for fault in call.bad[index]]
