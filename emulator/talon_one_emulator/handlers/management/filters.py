"""Conditions in SQL from the query parameters of lists and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.errors import not_found
from talon_one_emulator.domain.loyalty.transactions import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talon_one_emulator.api.call import Call

Test = tuple[str, Any]


def where(tests: Iterable[Test]) -> tuple[str, list[Any]]:
    """Return the condition of the tests whose value is not None, and its values."""
    given = [(test, value) for test, value in tests if value is not None]
    return " AND ".join(test for test, _ in given) or "1", [value for _, value in given]


def between(call: Call, column: str, after: str, before: str) -> list[Test]:
    """Return the tests of two date parameters; the switch ``date_bounds`` says whether they are inclusive."""
    low, high = BOUNDS[call.account.switches.date_bounds]
    return [(f"{column} {low} ?", call.query.get(after)), (f"{column} {high} ?", call.query.get(before))]


def check_application(call: Call) -> None:
    """Raise ApiError if the Application of the path does not exist."""
    if call.account.store.row("SELECT 1 FROM applications WHERE id = ?", [call.path["applicationId"]]) is None:
        raise not_found(call.endpoint, "application")


def check_campaign(call: Call) -> int:
    """Return the campaign of the path. Raise ApiError if it or its Application does not exist."""
    check_application(call)
    campaign = int(call.path["campaignId"])
    if call.account.store.row("SELECT 1 FROM campaigns WHERE id = ?", [campaign]) is None:
        raise not_found(call.endpoint, "campaign")
    return campaign
