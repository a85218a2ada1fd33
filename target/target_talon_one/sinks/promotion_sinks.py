"""The sinks of coupons and referrals."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from target_talon_one.sinks import payloads
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field

_COUPON = (("couponValue", "couponValue"),)
_RESERVE = Action(ep.CREATE_COUPON_RESERVATION, payloads.last_part, path=_COUPON)
_RELEASE = Action(ep.DELETE_COUPON_RESERVATION, payloads.last_part, path=_COUPON)

COUPON_RESERVATIONS = SinkType(
    "coupon_reservations",
    "Reservations of coupons for profiles, up to 1,000 per request and coupon.",
    (key_field("couponValue", max_length=None), key_field("integrationId", personal=True)),
    {
        "mirror": {"add": _RESERVE, "remove": _RELEASE},
        "upsert": {"add": _RESERVE},
        "add": {"add": _RESERVE},
        "remove": {"remove": _RELEASE},
    },
    group="couponValue",
    ordering_key="couponValue",
)

_REFERRAL = Action(ep.CREATE_REFERRAL, body=payloads.referral_body)

REFERRALS = SinkType(
    "referrals",
    "Referral codes of single advocates; the codes are written to the results file.",
    (
        key_field("advocateProfileIntegrationId", personal=True),
        Field("friendProfileIntegrationId", max_length=1000, personal=True),
        Field("startDate", "date-time"),
        Field("expiryDate", "date-time"),
        Field("usageLimit", "integer"),
        Field("attributes", "attributes"),
    ),
    {"add": {"add": _REFERRAL}},
    target=("campaign_id",),
    entity="Referral",
    results=True,
)

_MANY_REFERRALS = Action(
    ep.CREATE_REFERRALS_FOR_MULTIPLE_ADVOCATES,
    payloads.key_itself,
    payloads.advocates_common,
    query=(("silent", "no"),),
)

REFERRALS_MULTIPLE = SinkType(
    "referrals_multiple",
    "Referral codes of many advocates at once, with the same settings; the codes are written to the results file.",
    (key_field("advocateProfileIntegrationId", personal=True),),
    {"add": {"add": _MANY_REFERRALS}},
    target=("campaign_id", "usage_limit", "start_date?", "expiry_date?", "referral_pattern?"),
    results=True,
)
