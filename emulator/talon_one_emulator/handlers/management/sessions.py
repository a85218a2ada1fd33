"""The export of the sessions of an Application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles
from talon_one_emulator.domain import cart
from talon_one_emulator.domain.account import APPLICATION_ID
from talon_one_emulator.handlers.management.csv_answer import UNSET, csv_answer, date
from talon_one_emulator.handlers.management.filters import between, check_application, where

if TYPE_CHECKING:
    from collections.abc import Iterator

_SESSIONS = (
    "id,firstsession,integrationid,applicationid,profileid,profileintegrationid,created,state,cartitems,discounts,"
    "total,attributes,closedat,cancelledat,referral,identifiers,additional_costs,updated,store_integration_id,coupons"
)


@handles(endpoints.EXPORT_CUSTOMER_SESSIONS)
def export_customer_sessions(call: Call) -> Answer:
    """Export sessions by the times of their creation and last update."""
    check_application(call)
    condition, args = where([
        *between(call, "s.created", "createdAfter", "createdBefore"),
        *between(call, "s.updated", "updatedAfter", "updatedBefore"),
        ("s.profile = ?", call.query.get("profileIntegrationId")),
        ("s.state = ?", call.query.get("customerSessionState")),
    ])  # fmt: skip
    rows = call.account.store.rows(
        "SELECT s.id, s.first_session, s.integration_id, p.id, s.profile, s.created, s.state, s.updated, s.body"  # noqa: S608
        f" FROM sessions s LEFT JOIN profiles p ON p.integration_id = s.profile WHERE {condition} ORDER BY s.id",
        args,
    )
    return csv_answer(call, _SESSIONS, _lines(call, rows))


def _lines(call: Call, rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    text = json_text.encode_text
    for session, first, name, profile_id, profile, created, state, updated, stored in rows:
        body = json_text.decode(stored)
        items, costs = body.get("cartItems", []), body.get("additionalCosts") or {}
        yield {
            "id": session,
            "firstsession": "true" if first else "false",
            "integrationid": name,
            "applicationid": APPLICATION_ID,
            "profileid": "" if profile_id is None else profile_id,
            "profileintegrationid": profile,
            "created": date(call, created),
            "state": state,
            "cartitems": text(items),
            "discounts": "{}",
            "total": cart.totals(items, costs).total,
            "attributes": text(body.get("attributes", {})),
            "closedat": date(call, updated) if state == "closed" else UNSET,
            "cancelledat": date(call, updated) if state == "cancelled" else UNSET,
            "referral": body.get("referralCode", ""),
            "identifiers": text(body.get("identifiers", [])),
            "additional_costs": text(costs),
            "updated": date(call, updated),
            "store_integration_id": body.get("storeIntegrationId", ""),
            "coupons": text(body.get("couponCodes", [])),
        }
