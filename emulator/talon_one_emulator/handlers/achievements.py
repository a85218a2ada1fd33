"""Achievements of a customer in the Integration API: those that can be reached, and the attempts at one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import not_found
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.promotions import achievements

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.domain.profiles import Profile


@handles(endpoints.GET_CUSTOMER_ACHIEVEMENTS)
def get_customer_achievements(call: Call) -> Answer:
    """List achievements with the progress of a profile; by default those that are active. Ended ones are left out."""
    account, query, profile = call.account, call.query, _profile(call)
    reached = achievements.current(account, profile.id)
    status = query.get("achievementStatus") or ["active"]
    tests = {"campaign": query.get("campaignIds"), "id": query.get("achievementIds")}
    given = {column: values for column, values in tests.items() if values is not None}
    where = " AND ".join(f"{column} IN ({', '.join('?' * len(values))})" for column, values in given.items()) or "1"
    found = achievements.select(account, where, [value for values in given.values() for value in values])
    rows = [
        achievements.describe(account, each, reached.get(each.id))
        for each in found
        if each.status(account.now()) in status
    ]
    wanted = query.get("currentProgressStatus")
    return _page(call, [row for row in rows if wanted is None or row["currentProgress"]["status"] in wanted])


@handles(endpoints.GET_CUSTOMER_ACHIEVEMENT_HISTORY)
def get_customer_achievement_history(call: Call) -> Answer:
    """List the attempts of a profile at an achievement; both dates are inclusive and apply to their start."""
    account, query, profile = call.account, call.query, _profile(call)
    number = call.path["achievementId"]
    if not achievements.select(account, "id = ?", [number]):
        raise not_found(call.endpoint, "achievement")
    now, wanted = account.now(), query.get("progressStatus")
    first, last = query.get("startDate"), query.get("endDate")
    return _page(
        call,
        [
            attempt.describe(now)
            for attempt in achievements.attempts(account, profile.id, number)
            if (wanted is None or attempt.status(now) in wanted)
            and (first is None or attempt.started >= first)
            and (last is None or attempt.started <= last)
        ],
    )


def of_profile(account: Account, profile: Profile) -> list[dict[str, Any]]:
    """Return the current progress of a profile, as AchievementProgressWithDefinition."""
    reached = achievements.current(account, profile.id)
    return [
        achievements.describe_progress(account, each, reached[each.id])
        for each in achievements.select(account, "1")
        if each.id in reached
    ]


def _profile(call: Call) -> Profile:
    profile = profiles.find(call.account, call.path["integrationId"])
    if profile is None:
        raise not_found(call.endpoint, "customer profile")
    return profile


def _page(call: Call, rows: list[dict[str, Any]]) -> Answer:
    skip, size = call.query["skip"], call.query["pageSize"]
    return ok({"totalResultSize": len(rows), "data": rows[skip : skip + size]})
