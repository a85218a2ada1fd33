"""The sinks that the Rule Engine evaluates: events, sessions, returns and reopened sessions."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from target_talon_one.sinks import payloads
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field

_TRACK = Action(ep.TRACK_EVENT_V2, body=payloads.without("eventId"), query=(("silent", "no"),))

EVENTS = SinkType(
    "events",
    "Custom events; each is evaluated by the Rule Engine.",
    (
        key_field("eventId"),
        Field("profileId", required=True, max_length=1000, personal=True),
        Field("type", required=True),
        Field("attributes", "attributes"),
        Field("storeIntegrationId"),
        Field("evaluableCampaignIds", "array"),
        Field("loyaltyCards", "array"),
        Field("responseContent", "array"),
    ),
    {"add": {"add": _TRACK, "update": _TRACK}},
    entity="Event",
    ordering_key="profileId",
    writes_profiles=True,
    profile_field="profileId",
    results=True,
)

_TRACK_ADVANCED = Action(ep.TRACK_EVENT_V3, body=payloads.without(), query=(("silent", "no"),))

ADVANCED_EVENTS = SinkType(
    "advanced_events",
    "Advanced events, which have an id at Talon.One; each is evaluated by the Rule Engine.",
    (
        key_field("integrationId", max_length=None),
        Field("profileId", required=True, max_length=1000, personal=True),
        Field("type", required=True),
        Field("attributes", "attributes"),
        Field("connectedSessionId"),
        Field("storeIntegrationId"),
        Field("evaluableCampaignIds", "array"),
        Field("loyaltyCards", "array"),
        Field("responseContent", "array"),
    ),
    {"add": {"add": _TRACK_ADVANCED}},
    entity="Event",
    ordering_key="profileId",
    writes_profiles=True,
    profile_field="profileId",
    results=True,
)

_SESSION = (("customerSessionId", "customerSessionId"),)
_PUT_SESSION = Action(ep.UPDATE_CUSTOMER_SESSION_V2, body=payloads.session_body, path=_SESSION)

CUSTOMER_SESSIONS = SinkType(
    "customer_sessions",
    "Customer sessions: carts and purchases; each is evaluated by the Rule Engine.",
    (
        key_field("customerSessionId"),
        Field("profileId", max_length=1000, personal=True),
        Field("storeIntegrationId"),
        Field("evaluableCampaignIds", "array"),
        Field("couponCodes", "array"),
        Field("referralCode"),
        Field("loyaltyCards", "array"),
        Field("state"),
        Field("cartItems", "array"),
        Field("additionalCosts", "object"),
        Field("identifiers", "array"),
        Field("attributes", "attributes"),
    ),
    {"upsert": {"add": _PUT_SESSION, "update": _PUT_SESSION}},
    entity="CustomerSession",
    ordering_key="profileId",
    writes_profiles=True,
    profile_field="profileId",
    results=True,
)

_RETURN = Action(ep.RETURN_CART_ITEMS, body=payloads.return_body, path=_SESSION)

CART_ITEM_RETURNS = SinkType(
    "cart_item_returns",
    "Returns of items of closed sessions.",
    (
        key_field("returnId"),
        key_field("customerSessionId", key=False),
        Field("returnedCartItems", "array", required=True),
    ),
    {"add": {"add": _RETURN}},
    ordering_key="customerSessionId",
    results=True,
)

SESSION_REOPENS = SinkType(
    "session_reopens",
    "Closed sessions to reopen.",
    (key_field("reopenId"), key_field("customerSessionId", key=False)),
    {"add": {"add": Action(ep.REOPEN_CUSTOMER_SESSION, path=_SESSION)}},
    ordering_key="customerSessionId",
    results=True,
)
