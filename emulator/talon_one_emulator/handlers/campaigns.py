"""Running campaigns in the Integration API."""

from __future__ import annotations

from typing import Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.domain.account import APPLICATION_ID, stamp
from talon_one_emulator.handlers.listing import window

_DEFAULTS: dict[str, Any] = {"tags": [], "features": [], "rules": []}


@handles(endpoints.INTEGRATION_GET_ALL_CAMPAIGNS)
def integration_get_all_campaigns(call: Call) -> Answer:
    """List the campaigns that are enabled and run now. As documented, the bounds of dates are inclusive."""
    query, now = call.query, call.account.now()
    tests: list[tuple[str, Any]] = [
        ("state = ?", "enabled"),
        ("coalesce(starts, 0) <= ?", now),
        ("coalesce(ends > ?, 1)", now),
        ("starts >= ?", query.get("startAfter")),
        ("starts <= ?", query.get("startBefore")),
        ("ends >= ?", query.get("endAfter")),
        ("ends <= ?", query.get("endBefore")),
        ("? IN (SELECT value FROM json_each(body, '$.linkedStoreIds'))", query.get("storeId")),
        ("? IN (SELECT value FROM json_each(body, '$.linkedAudienceIds'))", query.get("audienceId")),
    ]
    given = [(test, value) for test, value in tests if value is not None]
    clauses, args = [test for test, _ in given], [value for _, value in given]
    ids = query.get("campaignIds")
    if ids is not None:
        clauses.append(f"id IN ({', '.join('?' * len(ids))})")
        args.extend(ids)
    rows, more = window(
        call, "campaigns", " AND ".join(clauses), args, order="id", columns="id, name, starts, ends, body"
    )
    return ok({"hasMore": more, "data": [_describe(row) for row in rows]})


def _describe(row: tuple[Any, ...]) -> dict[str, Any]:
    campaign, name, starts, ends, body = row
    instants = {"startTime": starts, "endTime": ends}
    return {
        "applicationId": APPLICATION_ID,
        "id": campaign,
        "name": name,
        "state": "enabled",
        **_DEFAULTS,
        **json_text.decode(body),
        **{field: stamp(value) for field, value in instants.items() if value is not None},
    }
