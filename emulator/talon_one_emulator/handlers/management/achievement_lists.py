"""Achievements of the account, and the progress of all profiles in one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import not_found
from talon_one_emulator.domain.account import APPLICATION_ID, Account, raw, stamp
from talon_one_emulator.domain.promotions import achievements
from talon_one_emulator.handlers.listing import ordering
from talon_one_emulator.handlers.management.csv_answer import csv_answer
from talon_one_emulator.handlers.management.filters import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_emulator.domain.promotions.achievements import Achievement

_ORDERS = {"id": "id", "created": "created", "name": "name", "title": "title"}
_PROGRESS = "profileIntegrationID,title,target,progress,status,startDate,endDate,completionDate"


@handles(endpoints.LIST_ACHIEVEMENTS_V2)
def list_achievements_v2(call: Call) -> Answer:
    """List all achievements, also those that have ended."""
    condition, args = where([("instr(lower(title), lower(?))", call.query.get("title"))])
    ordering(call.query.get("sort"), _ORDERS, "id")  # refuses an unknown name; rows are ordered by id
    found = achievements.select(call.account, condition, args)
    skip, size = call.query["skip"], call.query["pageSize"]
    data = [_describe(call.account, each) for each in found[skip : skip + size]]
    return ok({"hasMore": len(found) > skip + size, "data": data})


def _describe(account: Account, achievement: Achievement) -> dict[str, Any]:
    instants = {"fixedStartDate": achievement.starts, "endDate": achievement.ends}
    return {
        "id": achievement.id,
        "created": stamp(achievement.created),
        "name": achievement.name,
        "title": achievement.title,
        "target": raw(achievement.target),
        **json_text.decode(achievement.body),
        "subscribedApplications": [APPLICATION_ID],
        "userId": 1,
        "sandbox": False,
        "timezone": "UTC",
        "status": achievement.status(account.now()) or "expired",
        **{name: stamp(value) for name, value in instants.items() if value is not None},
    }


@handles(endpoints.EXPORT_ACHIEVEMENT_V2)
def export_achievement_v2(call: Call) -> Answer:
    """Export the attempts of all profiles at an achievement."""
    found = achievements.select(call.account, "id = ?", [call.path["achievementId"]])
    if not found:
        raise not_found(call.endpoint, "achievement")
    return csv_answer(call, _PROGRESS, _lines(call, found[0]))


def _lines(call: Call, achievement: Achievement) -> Iterator[dict[str, Any]]:
    now = call.account.now()
    rows = call.account.store.rows(
        "SELECT DISTINCT a.profile, p.integration_id FROM achievement_progress a JOIN profiles p ON p.id = a.profile"
        " WHERE a.achievement = ? ORDER BY p.id",
        [achievement.id],
    )
    for profile, name in rows:
        for attempt in achievements.attempts(call.account, profile, achievement.id):
            yield {
                "profileIntegrationID": name,
                "title": achievement.title,
                "target": achievement.target,
                "progress": attempt.progress,
                "status": attempt.status(now),
                "startDate": stamp(attempt.started),
                "endDate": "" if attempt.ends is None else stamp(attempt.ends),
                "completionDate": "" if attempt.completed is None else stamp(attempt.completed),
            }
