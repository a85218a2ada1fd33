"""Campaigns of an Application."""

from __future__ import annotations

from typing import Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.domain.account import APPLICATION_ID, stamp
from talon_one_emulator.handlers.listing import count, ordering, window
from talon_one_emulator.handlers.management.filters import between, check_application, where

_ORDERS = {"id": "id", "created": "created", "name": "name", "startTime": "starts", "endTime": "ends"}
_COLUMNS = "id, created, name, state, starts, ends, body"
_SEED_DEFAULTS: dict[str, Any] = {"description": "", "tags": [], "features": [], "limits": []}
_OF_RUNNING_CAMPAIGNS = ("rules", "linkedAudienceIds")  # fields of the Integration API's list only


@handles(endpoints.GET_CAMPAIGNS)
def get_campaigns(call: Call) -> Answer:
    """List the campaigns of an Application; ``campaignState`` takes stored states and those that follow from dates."""
    check_application(call)
    query = call.query
    condition, args = where([
        (_has_state(call), query.get("campaignState")),
        ("instr(lower(name), lower(?))", query.get("name")),
        *between(call, "created", "createdAfter", "createdBefore"),
        *between(call, "starts", "startAfter", "startBefore"),
        *between(call, "ends", "endAfter", "endBefore"),
        ("? IN (SELECT value FROM json_each(body, '$.linkedStoreIds'))", query.get("storeId")),
        ("? IN (SELECT value FROM json_each(body, '$.campaignGroups'))", query.get("campaignGroupId")),
        ("json_extract(body, '$.templateId') = ?", query.get("templateId")),
        *(("? IN (SELECT value FROM json_each(body, '$.tags'))", tag) for tag in query.get("tags") or ()),
    ])  # fmt: skip
    order = ordering(query.get("sort"), _ORDERS, "id")
    rows, _ = window(call, "campaigns", condition, args, order=order, columns=_COLUMNS)
    total = count(call, "campaigns", condition, args)
    return ok({"totalResultSize": total, "data": [_describe(call, row) for row in rows]})


def _has_state(call: Call) -> str:
    now = call.account.now()
    running = f"CASE WHEN starts > {now} THEN 'scheduled' WHEN ends <= {now} THEN 'expired' ELSE 'running' END"
    return f"? IN (state, CASE WHEN state = 'enabled' THEN {running} ELSE state END)"


def _describe(call: Call, row: tuple[Any, ...]) -> dict[str, Any]:
    campaign, created, name, state, starts, ends, body = row
    account = call.account
    given = {field: value for field, value in json_text.decode(body).items() if field not in _OF_RUNNING_CAMPAIGNS}
    instants = {"startTime": starts, "endTime": ends}
    return {
        "id": campaign,
        "created": stamp(created),
        "applicationId": APPLICATION_ID,
        "userId": 1,
        "name": name,
        "state": state,
        **_SEED_DEFAULTS,
        **account.since_current(
            type="advanced",
            reevaluateOnReturn=False,
            storesImported=False,
            frontendState=_shown_state(state, starts, ends, account.now()),
        ),
        **given,
        **{field: stamp(value) for field, value in instants.items() if value is not None},
    }


def _shown_state(state: str, starts: int | None, ends: int | None, now: int) -> str:
    if state != "enabled":
        return state
    if starts is not None and starts > now:
        return "scheduled"
    return "expired" if ends is not None and ends <= now else "running"
