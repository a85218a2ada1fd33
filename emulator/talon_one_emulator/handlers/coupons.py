"""Coupon reservations. The coupons are created by a seed or by the control endpoint."""

from __future__ import annotations

from typing import Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems, row_problems, rows_to_apply
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import Problem, not_found
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.account import Account, raw, stamp
from talon_one_emulator.domain.promotions import effects

COLUMNS = "id, created, campaign, value, usage_limit, body"


@handles(endpoints.CREATE_COUPON_RESERVATION)
def create_coupon_reservation(call: Call) -> Answer:
    """Reserve a coupon for existing profiles. A repeated reservation changes nothing."""
    coupon = _coupon(call)
    names = call.body["integrationIDs"]
    ids = profiles.ids_of(call.account, [name for index, name in enumerate(names) if index not in call.bad])
    bad = {index: name for index, name in enumerate(names) if index not in call.bad and name not in ids}
    call.account.store.db.executemany(
        "INSERT OR IGNORE INTO reservations (coupon, profile) VALUES (?, ?)",
        [(coupon[0], ids[name]) for name in rows_to_apply(call, names, bad.keys() | call.bad.keys())],
    )
    problems = [Problem("Unknown", f"profile {name!r} not found", f"/integrationIDs/{i}") for i, name in bad.items()]
    raise_problems(call, [*row_problems(call), *problems], keep=True)
    return ok(describe(call.account, coupon), 201)


@handles(endpoints.DELETE_COUPON_RESERVATION)
def delete_coupon_reservation(call: Call) -> Answer:
    """Delete reservations. A reservation that does not exist is not an error."""
    coupon = _coupon(call)
    ids = profiles.ids_of(call.account, rows_to_apply(call, call.body["integrationIDs"], call.bad))
    call.account.store.db.executemany(
        "DELETE FROM reservations WHERE coupon = ? AND profile = ?", [(coupon[0], profile) for profile in ids.values()]
    )
    raise_problems(call, row_problems(call), keep=True)
    return no_content()


@handles(endpoints.GET_RESERVED_CUSTOMERS)
def get_reserved_customers(call: Call) -> Answer:
    """List all profiles that have a reservation; the list is not paged."""
    coupon = _coupon(call)
    found = profiles.select(
        call.account, "id IN (SELECT profile FROM reservations WHERE coupon = ?) ORDER BY id", [coupon[0]]
    )
    return ok({"totalResultSize": len(found), "data": profiles.describe(call.account, found)})


def _coupon(call: Call) -> tuple[Any, ...]:
    row = call.account.store.row(
        f"SELECT {COLUMNS} FROM coupons WHERE value = ?",  # noqa: S608 - constant
        [call.path["couponValue"]],
    )
    if row is None:
        raise not_found(call.endpoint, "coupon")
    return row


def reserved_for(account: Account, profile: int) -> list[dict[str, Any]]:
    """Return the coupons that are reserved for a profile, as InventoryCoupon."""
    rows = account.store.rows(
        f"SELECT {COLUMNS} FROM coupons WHERE id IN (SELECT coupon FROM reservations WHERE profile = ?) ORDER BY id",  # noqa: S608
        [profile],
    )
    return [{**describe(account, row), "profileRedemptionCount": 0, "state": "active"} for row in rows]


def describe(account: Account, row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the JSON object Coupon."""
    coupon, created, campaign, value, usage_limit, body = row
    reserved = account.store.scalar("SELECT count(*) FROM reservations WHERE coupon = ?", [coupon])
    return {
        "id": coupon,
        "created": stamp(created),
        "campaignId": campaign,
        "value": value,
        "usageLimit": usage_limit,
        "usageCounter": effects.redemptions(account, coupon),
        "discountCounter": 0,
        "discountRemainder": 0,
        "reservationCounter": reserved,
        "attributes": raw("{}"),
        "reservation": True,
        "isReservationMandatory": not account.current,
        **account.since_current(implicitlyReserved=False),
        **json_text.decode(body),
    }
