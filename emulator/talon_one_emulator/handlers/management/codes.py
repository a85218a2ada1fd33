"""Coupons and referrals: the lists of a campaign, and the exports of an Application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID
from talon_one_emulator.domain.promotions import effects
from talon_one_emulator.handlers import coupons, referrals
from talon_one_emulator.handlers.listing import ordering, window
from talon_one_emulator.handlers.management.csv_answer import csv_answer, date
from talon_one_emulator.handlers.management.filters import between, check_application, check_campaign, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_emulator.handlers.management.filters import Test

_COUPON_ORDERS = {"id": "id", "created": "created", "value": "value", "campaignId": "campaign"}
_REFERRAL_ORDERS = {"id": "id", "created": "created", "code": "code"}
_USED = f"(SELECT count(*) FROM effects WHERE coupon = coupons.id AND type = '{effects.REDEEMED}')"  # noqa: S608
_USABLE = f"usage_limit = 0 OR usage_limit > {_USED}"
_KEPT = "json_extract(body, '$.deleted') IS NULL"  # exports have deleted coupons for a few days, lists have not
_COUPONS = (
    "id,created,campaignid,value,expirydate,startdate,attributes,applicationid,deleted,deleted_changelogid,accountid,"
    "referralid,recipientintegrationid,importid,batchid,reservation,limits,limitval,counter,discount_counter,"
    "discount_limitval"
)
_COUPONS_BY_TEXT = (
    "accountid,applicationid,attributes,batchid,campaignid,counter,created,deleted,deleted_changelogid,"
    "discount_counter,discount_limitval,expirydate,id,importid,is_reservation_mandatory,limits,limitval,"
    "recipientintegrationid,referralid,reservation,reservation_counter,reservation_limitval,startdate,value"
)
_REFERRALS = (
    "id,created,campaignid,advocateprofileintegrationid,friendprofileintegrationid,startdate,expirydate,code,importid,"
    "attributes,batchid,counter,limitval"
)


@handles(endpoints.GET_COUPONS_WITHOUT_TOTAL_COUNT)
def get_coupons_without_total_count(call: Call) -> Answer:
    """List the coupons of a campaign."""
    campaign, query = check_campaign(call), call.query
    condition, args = where([
        ("campaign = ?", campaign),
        *_coupon_tests(call),
        (f"({_USED} > 0) = ?", _flag(query.get("redeemed"))),
        *between(call, "json_extract(body, '$.expiryDate')", "expiresAfter", "expiresBefore"),
        *between(call, "json_extract(body, '$.startDate')", "startsAfter", "startsBefore"),
    ])  # fmt: skip
    condition = f"{condition} AND {_KEPT}"
    order = ordering(query.get("sort"), _COUPON_ORDERS, "id")
    rows, more = window(call, "coupons", condition, args, order=order, columns=coupons.COLUMNS)
    return ok({"hasMore": more, "data": [coupons.describe(call.account, row) for row in rows]})


@handles(endpoints.EXPORT_COUPONS)
def export_coupons(call: Call) -> Answer:
    """Export the coupons of an Application, also those that were deleted a short time ago."""
    check_application(call)
    query = call.query
    condition, args = where([
        ("campaign = ?", query.get("campaignId")),
        *_coupon_tests(call),
        ("campaign IN (SELECT id FROM campaigns WHERE state = ?)", query.get("campaignState")),
    ])  # fmt: skip
    order = ordering(query.get("sort"), _COUPON_ORDERS, "id")
    rows = call.account.store.rows(
        f"SELECT {coupons.COLUMNS} FROM coupons WHERE {condition} ORDER BY {order}",  # noqa: S608 - constants
        args,
    )
    if query.get("valuesOnly"):
        return csv_answer(call, "value", ({"value": row[3]} for row in rows))
    return csv_answer(call, _COUPONS, _coupon_lines(call, rows), text=_COUPONS_BY_TEXT)


def _coupon_tests(call: Call) -> list[Test]:
    query = call.query
    text = query.get("value")
    same = "value = ?" if query.get("exactMatch") else "instr(lower(value), lower(?))"
    return [
        (same, text),
        *between(call, "created", "createdAfter", "createdBefore"),
        (_validity(call), query.get("valid")),
        (f"({_USABLE}) = ?", _flag(query.get("usable"))),
        ("json_extract(body, '$.referralId') = ?", query.get("referralId")),
        ("json_extract(body, '$.recipientIntegrationId') = ?", query.get("recipientIntegrationId")),
        ("json_extract(body, '$.batchId') = ?", query.get("batchId")),
    ]


def _validity(call: Call) -> str:
    now = timestamps.render(call.account.now())
    start, expiry = "json_extract(body, '$.startDate')", "json_extract(body, '$.expiryDate')"
    future, past = f"coalesce({start} > '{now}', 0)", f"coalesce({expiry} <= '{now}', 0)"
    return f"CASE WHEN {past} THEN 'expired' WHEN {future} THEN 'validFuture' ELSE 'validNow' END = ?"


def _flag(text: str | None) -> bool | None:
    return None if text is None else text == "true"


def _coupon_lines(call: Call, rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        coupon = coupons.describe(call.account, row)
        yield {
            "id": coupon["id"],
            "created": date(call, row[1]),
            "campaignid": coupon["campaignId"],
            "value": coupon["value"],
            "applicationid": APPLICATION_ID,
            "accountid": ACCOUNT_ID,
            "reservation": _word(value=coupon["reservation"]),
            "is_reservation_mandatory": _word(value=coupon["isReservationMandatory"]),
            "limits": "[]",
            "limitval": coupon["usageLimit"],
            "counter": coupon["usageCounter"],
            "discount_counter": coupon["discountCounter"],
            "discount_limitval": coupon.get("discountLimit", ""),
            "reservation_counter": coupon["reservationCounter"],
            "reservation_limitval": coupon.get("reservationLimit", ""),
            **_further(call, json_text.decode(row[5])),
        }


def _word(*, value: bool) -> str:
    return "true" if value else "false"


def _further(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the fields that a code has only if they were set."""
    instants = {"startdate": "startDate", "expirydate": "expiryDate", "deleted": "deleted"}
    texts = {
        "referralid": "referralId",
        "recipientintegrationid": "recipientIntegrationId",
        "importid": "importId",
        "batchid": "batchId",
        "friendprofileintegrationid": "friendProfileIntegrationId",
    }
    return {
        "attributes": json_text.encode_text(body.get("attributes", {})),
        **{column: date(call, timestamps.parse(body[name])) for column, name in instants.items() if body.get(name)},
        **{column: body[name] for column, name in texts.items() if name in body},
    }


@handles(endpoints.GET_REFERRALS_WITHOUT_TOTAL_COUNT)
def get_referrals_without_total_count(call: Call) -> Answer:
    """List the referrals of a campaign. No referral is redeemed, as the Rule Engine is not emulated."""
    campaign, query = check_campaign(call), call.query
    condition, args = where([
        ("campaign = ?", campaign),
        ("instr(lower(code), lower(?))", query.get("code")),
        ("advocate = ?", query.get("advocate")),
        *_referral_tests(call),
    ])  # fmt: skip
    order = ordering(query.get("sort"), _REFERRAL_ORDERS, "id")
    rows, more = window(call, "referrals", condition, args, order=order, columns=referrals.COLUMNS)
    return ok({"hasMore": more, "data": [referrals.describe(row) for row in rows]})


@handles(endpoints.EXPORT_REFERRALS)
def export_referrals(call: Call) -> Answer:
    """Export the referrals of an Application."""
    check_application(call)
    condition, args = where([
        ("campaign = ?", call.query.get("campaignId")),
        ("json_extract(body, '$.batchId') = ?", call.query.get("batchId")),
        *_referral_tests(call),
    ])  # fmt: skip
    rows = call.account.store.rows(
        f"SELECT {referrals.COLUMNS} FROM referrals WHERE {condition} ORDER BY id",  # noqa: S608 - constants
        args,
    )
    return csv_answer(call, _REFERRALS, _referral_lines(call, rows))


def _referral_tests(call: Call) -> list[Test]:
    return [
        *between(call, "created", "createdAfter", "createdBefore"),
        (_validity(call), call.query.get("valid")),
        ("? = 1", _flag(call.query.get("usable"))),
    ]


def _referral_lines(call: Call, rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        referral, created, campaign, advocate, code, usage_limit, body = row
        yield {
            "id": referral,
            "created": date(call, created),
            "campaignid": campaign,
            "advocateprofileintegrationid": advocate,
            "code": code,
            "counter": 0,
            "limitval": usage_limit,
            **_further(call, json_text.decode(body)),
        }
