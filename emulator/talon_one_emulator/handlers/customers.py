"""Customers and sessions in the Management API, and the inventory of one customer."""

from __future__ import annotations

from typing import Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import not_found
from talon_one_emulator.domain import cart, profiles
from talon_one_emulator.domain.account import APPLICATION_ID, stamp
from talon_one_emulator.handlers import achievements, coupons, referrals
from talon_one_emulator.handlers.listing import count, ordering, window, with_optional_total
from talon_one_emulator.handlers.state import loyalty

_SESSION_ORDERS = {"id": "s.id", "created": "s.created", "integrationId": "s.integration_id", "state": "s.state"}
_SESSION_COLUMNS = (
    "s.id, s.created, s.integration_id, s.profile, s.state, s.body,"
    " (SELECT id FROM profiles WHERE integration_id = s.profile)"
)


@handles(endpoints.GET_CUSTOMER_PROFILES)
def get_customer_profiles(call: Call) -> Answer:
    """List the profiles of the account. Sandbox profiles are not emulated, so ``sandbox=true`` returns none."""
    size = call.query["pageSize"]
    where = "visible AND ?" + " ORDER BY id LIMIT ? OFFSET ?"
    found = profiles.select(call.account, where, [not call.query["sandbox"], size + 1, call.query["skip"]])
    return ok({"hasMore": len(found) > size, "data": profiles.describe(call.account, found[:size])})


@handles(endpoints.GET_APPLICATION_CUSTOMERS)
def get_application_customers(call: Call) -> Answer:
    """List the profiles of an Application; in the emulator, these are all profiles of the account."""
    _check_application(call)
    size, wanted = call.query["pageSize"], call.query.get("integrationId")
    where, args = ("visible AND integration_id = ?", [wanted]) if wanted is not None else ("visible", [])
    found = profiles.select(
        call.account, f"{where} ORDER BY id LIMIT ? OFFSET ?", [*args, size + 1, call.query["skip"]]
    )
    data = profiles.describe(call.account, found[:size])
    return with_optional_total(call, data, len(found) > size, lambda: count(call, "profiles", where, args))


@handles(endpoints.GET_APPLICATION_SESSIONS)
def get_application_sessions(call: Call) -> Answer:
    """List the sessions of an Application, filtered by creation, state, profile, codes and ids."""
    _check_application(call)
    where, args = _session_filter(call)
    order = ordering(call.query.get("sort"), _SESSION_ORDERS, "s.id")
    rows, more = window(call, "sessions s", where, args, order=order, columns=_SESSION_COLUMNS)
    return ok({"hasMore": more, "data": [_session(call, row) for row in rows]})


@handles(endpoints.GET_CUSTOMER_INVENTORY)
def get_customer_inventory(call: Call) -> Answer:
    """Return the inventory of a customer. Each part is included only if its query flag is set."""
    account, query = call.account, call.query
    profile = profiles.find(account, call.path["integrationId"])
    if profile is None:
        raise not_found(call.endpoint, "customer profile")
    answer: dict[str, Any] = {}
    if query["profile"]:
        answer["profile"] = profiles.describe(account, [profile])[0]
    if query["loyalty"]:
        answer["loyalty"] = loyalty(account, profile.integration_id)
    if query["referrals"]:
        answer["referrals"] = referrals.of_advocate(account, profile.integration_id)
    if query["coupons"]:
        answer["coupons"] = coupons.reserved_for(account, profile.id)
    if query["giveaways"]:
        answer["giveaways"] = []
    if query.get("achievements"):
        answer["achievements"] = achievements.of_profile(account, profile)
    return ok(answer)


def _check_application(call: Call) -> None:
    if call.account.store.row("SELECT 1 FROM applications WHERE id = ?", [call.path["applicationId"]]) is None:
        raise not_found(call.endpoint, "application")


def _session_filter(call: Call) -> tuple[str, list[Any]]:
    query = call.query
    partial = bool(query.get("partialMatch"))
    given = (
        (_same("s.profile", query.get("profile"), partial=partial), query.get("profile")),
        (_same("s.integration_id", query.get("integrationId"), partial=partial), query.get("integrationId")),
        ("s.state = ?", query.get("state")),
        ("s.created > ?", query.get("createdAfter")),
        ("s.created < ?", query.get("createdBefore")),
        ("? IN (SELECT value FROM json_each(s.body, '$.couponCodes'))", query.get("coupon")),
        ("json_extract(s.body, '$.referralCode') = ?", query.get("referral")),
        ("json_extract(s.body, '$.storeIntegrationId') = ?", query.get("storeIntegrationId")),
    )
    chosen = [(test, value) for test, value in given if value is not None]
    return " AND ".join(test for test, _ in chosen) or "1", [value for _, value in chosen]


def _same(column: str, wanted: str | None, *, partial: bool) -> str:
    """Return the SQL condition on a text. With ``partial``, a part of three or more characters matches, in any case."""
    return f"instr(lower({column}), lower(?))" if partial and len(wanted or "") >= 3 else f"{column} = ?"


def _session(call: Call, row: tuple[Any, ...]) -> dict[str, Any]:
    session, created, name, profile, state, text, profile_id = row
    body = json_text.decode(text)
    items = body.get("cartItems", [])
    store = body.get("storeIntegrationId")
    return {
        "id": session,
        "created": stamp(created),
        "integrationId": name,
        "applicationId": APPLICATION_ID,
        "profileId": profile_id,
        "profileintegrationid": profile,
        "coupon": next(iter(body.get("couponCodes") or ()), ""),
        "referral": body.get("referralCode", ""),
        "state": state,
        "cartItems": items,
        "discounts": {},
        "totalDiscounts": 0,
        "total": cart.totals(items, body.get("additionalCosts") or {}).total,
        "attributes": body.get("attributes", {}),
        **(call.account.since_current(storeIntegrationId=store) if store else {}),
    }
