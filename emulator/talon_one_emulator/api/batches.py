"""Requests with bad rows. The vendor does not document what happens to them, so switches decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.bodies import listed_problems
from talon_one_emulator.api.errors import ApiError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from talon_one_emulator.api.call import Call


def rows_to_apply(call: Call, rows: Sequence[Any], bad: Collection[int]) -> list[Any]:
    """Return the rows to apply: all if none is bad, otherwise the good ones (switch ``batch=partial``) or none."""
    if not bad:
        return list(rows)
    if call.account.switches.batch == "all_or_nothing":
        return []
    return [row for index, row in enumerate(rows) if index not in bad]


def raise_problems(call: Call, problems: Sequence[Problem], status: int = 400, *, keep: bool = False) -> None:
    """Raise ApiError if there are problems. With ``keep``, what was already written (the good rows) stays."""
    if problems:
        raise ApiError(status, listed_problems(call.endpoint, list(problems), call.account.switches), keep=keep)


def row_problems(call: Call) -> list[Problem]:
    """Return the problems of the rows that break the schema, in the order of the rows."""
    return [problem for index in sorted(call.bad) for problem in call.bad[index]]
