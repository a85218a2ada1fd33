"""The table of sinks: what each one takes, and by which operations it writes.

A sink is a few attributes: its fields, the settings of its destination, and for each mode what an added, a changed and
a removed row become. Everything else (mapping, diff, plan, batches, docs) reads this table.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from talon_one_client import endpoints as ep
from target_talon_one.sinks import payloads as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.endpoints import Endpoint

Mode = Literal["mirror", "upsert", "add", "remove", "insert_only", "update_only", "empty"]
Op = Literal["add", "update", "remove"]
FieldType = Literal["string", "integer", "number", "boolean", "date-time", "array", "object", "attributes", "product"]

OPS: tuple[Op, ...] = ("remove", "add", "update")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a mapped row, by its wire name; ``key``: it is part of what tells rows apart."""

    name: str
    type: FieldType = "string"
    required: bool = False
    key: bool = False
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """How one kind of change is sent.

    Attributes:
        endpoint: the operation.
        item: bytes of one row in a request of many; None: one request a row.
        common: what a request of many holds beside its rows.
        body: the body of a request for one row; None: it has none.
        path: wire name of each path parameter -> where its value is: ``target.x`` or a field.
        query: query parameters.
        undone_by: item that removes a changed row where ``item`` leaves something behind; the row is then sent again.
        leaves: whether something is left behind, by the fields of the row.
    """

    endpoint: Endpoint
    item: Callable[[wire.Target, str, bytes], bytes] | None = None
    common: Callable[[wire.Target], Mapping[str, Any]] = wire.nothing_common
    body: Callable[[wire.Target, wire.Fields], Any] | None = None
    path: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, Any], ...] = ()
    undone_by: Callable[[wire.Target, str, bytes], bytes] | None = None
    leaves: Callable[[wire.Target, bytes], bool] = wire.leaves_nothing


@dataclass(frozen=True, slots=True)
class SinkType:
    """A kind of destination.

    Attributes:
        name: as settings call it.
        about: one sentence for the docs.
        fields: what a row may hold; those with ``key`` in the order of the key.
        target: settings that say which audience, catalog or program; those with a ``?`` are optional.
        modes: for each mode, what becomes of added, changed and removed rows; an op that is absent is not done.
        entity: whose attributes the field ``attributes`` holds.
        group: field whose value the rows of one request must share.
        lane: field whose value no two requests in flight may share; the key if None.
        ordered: one request at a time, in the order of the rows.
        results: the answers are worth keeping, in the results file.
    """

    name: str
    about: str
    fields: tuple[Field, ...]
    modes: Mapping[Mode, Mapping[Op, Action]]
    target: tuple[str, ...] = ()
    entity: str | None = None
    group: str | None = None
    lane: str | None = None
    ordered: bool = False
    results: bool = False

    @property
    def key(self) -> tuple[Field, ...]:
        """The fields of the key."""
        return tuple(field for field in self.fields if field.key)

    @property
    def field_names(self) -> tuple[str, ...]:
        """Wire names of all fields."""
        return tuple(field.name for field in self.fields)

    def actions(self, mode: Mode) -> Mapping[Op, Action]:
        """What each op becomes in a mode; also the removal of a row that its source marks as deleted."""
        own, mirrored = self.modes[mode], self.modes.get("mirror", {})
        if mode == "upsert" and "remove" in mirrored and not mirrored["remove"].endpoint.destructive:
            return {**own, "remove": mirrored["remove"]}
        return own

    def destructive(self, mode: Mode) -> bool:
        """True if the mode deletes what the connector may not have made."""
        return any(action.endpoint.destructive for action in self.modes[mode].values()) or (
            self.name == "catalog_rules" and mode == "remove"
        )


def _id(name: str, *, max_length: int | None = 1000, key: bool = True) -> Field:
    return Field(name, required=True, key=key, max_length=max_length)


_ADD_MEMBER = Action(ep.UPDATE_CUSTOMER_PROFILE_AUDIENCES, wire.add_member)
_DELETE_MEMBER = Action(ep.UPDATE_CUSTOMER_PROFILE_AUDIENCES, wire.delete_member)

AUDIENCE_MEMBERS = SinkType(
    "audience_members",
    "Who is in an audience.",
    (_id("profileIntegrationId"),),
    {
        "mirror": {"add": _ADD_MEMBER, "remove": _DELETE_MEMBER},
        "upsert": {"add": _ADD_MEMBER},
        "add": {"add": _ADD_MEMBER},
        "remove": {"remove": _DELETE_MEMBER},
    },
    target=("audience",),
)

_AUDIENCE = (("audienceId", "audienceId"),)
_CREATE_AUDIENCE = Action(ep.CREATE_AUDIENCE_V2, body=wire.without("audienceId"))
_RENAME_AUDIENCE = Action(ep.UPDATE_AUDIENCE_V2, body=wire.only("name", "subscribedApplicationsIds"), path=_AUDIENCE)

AUDIENCES = SinkType(
    "audiences",
    "Audiences themselves: made and renamed, deleted, or emptied.",
    (
        Field("integrationId", required=True, key=True, max_length=1000),
        Field("audienceId", "integer"),
        Field("name"),
        Field("description"),
        Field("integration"),
        Field("sandbox", "boolean"),
        Field("subscribedApplicationsIds", "array"),
        Field("createdIn3rdParty", "boolean"),
        Field("lastUpdate", "date-time"),
    ),
    {
        "upsert": {"add": _CREATE_AUDIENCE, "update": _RENAME_AUDIENCE},
        "insert_only": {"add": _CREATE_AUDIENCE},
        "update_only": {"add": _RENAME_AUDIENCE, "update": _RENAME_AUDIENCE},
        "remove": {"remove": Action(ep.DELETE_AUDIENCE_V2, path=_AUDIENCE)},
        "empty": {"remove": Action(ep.DELETE_AUDIENCE_MEMBERSHIPS_V2, path=_AUDIENCE)},
    },
    results=True,
)

_SET_ATTRIBUTES = Action(ep.UPDATE_AUDIENCE_CUSTOMERS_ATTRIBUTES, body=wire.attribute_map, path=_AUDIENCE)

AUDIENCE_ATTRIBUTES = SinkType(
    "audience_attributes",
    "Attributes set on every member of an audience.",
    (Field("audienceId", "integer", required=True, key=True), Field("attributes", "attributes", required=True)),
    {"upsert": {"add": _SET_ATTRIBUTES, "update": _SET_ATTRIBUTES}},
    entity="CustomerProfile",
)

_PUT_PROFILES = Action(ep.UPDATE_CUSTOMER_PROFILES_V2, wire.as_is)

CUSTOMER_PROFILES = SinkType(
    "customer_profiles",
    "Attributes of customer profiles, 1,000 profiles a request; no rule runs.",
    (_id("integrationId"), Field("attributes", "attributes", required=True)),
    {"upsert": {"add": _PUT_PROFILES, "update": _PUT_PROFILES}},
    entity="CustomerProfile",
)


def _sync(item: Callable[[wire.Target, str, bytes], bytes]) -> Action:
    return Action(ep.SYNC_CATALOG, item, wire.catalog_common, path=(("catalogId", "target.catalog_id"),))


_REPLACE = replace(_sync(wire.replace_item), undone_by=wire.remove_item, leaves=wire.leaves_price)
_INSERT = _sync(wire.insert_item)
_PATCH_OR_CREATE, _PATCH, _REMOVE = _sync(wire.patch_or_create_item), _sync(wire.patch_item), _sync(wire.remove_item)

CATALOG_ITEMS = SinkType(
    "catalog_items",
    "Items of a catalog.",
    (
        _id("sku", max_length=None),
        Field("price", "number"),
        Field("attributes", "attributes"),
        Field("product", "product"),
    ),
    {
        "mirror": {"add": _REPLACE, "update": _REPLACE, "remove": _REMOVE},
        "upsert": {"add": _PATCH_OR_CREATE, "update": _PATCH_OR_CREATE},
        "insert_only": {"add": _INSERT},
        "update_only": {"add": _PATCH, "update": _PATCH},
        "remove": {"remove": _REMOVE},
    },
    target=("catalog_id", "version?", "missing_price?"),
    entity="CartItem",
    ordered=True,
)

CATALOG_RULES = SinkType(
    "catalog_rules",
    "Price and attributes for all items that pass filters, or their removal.",
    (
        Field("rule", required=True, key=True),
        Field("filters", "array", required=True),
        Field("price", "number"),
        Field("attributes", "attributes"),
    ),
    {
        "upsert": {"add": _sync(wire.patch_many), "update": _sync(wire.patch_many)},
        "remove": {"remove": _sync(wire.remove_many)},
    },
    target=("catalog_id", "version?"),
    entity="CartItem",
    ordered=True,
)

_TRACK = Action(ep.TRACK_EVENT_V2, body=wire.without("eventId"), query=(("silent", "no"),))

EVENTS = SinkType(
    "events",
    "Custom events; each is evaluated by the Rule Engine.",
    (
        _id("eventId"),
        Field("profileId", required=True, max_length=1000),
        Field("type", required=True),
        Field("attributes", "attributes"),
        Field("storeIntegrationId"),
        Field("evaluableCampaignIds", "array"),
        Field("loyaltyCards", "array"),
        Field("responseContent", "array"),
    ),
    {"add": {"add": _TRACK, "update": _TRACK}},
    entity="Event",
    lane="profileId",
    results=True,
)

_SESSION = (("customerSessionId", "customerSessionId"),)
_PUT_SESSION = Action(ep.UPDATE_CUSTOMER_SESSION_V2, body=wire.session_body, path=_SESSION)

CUSTOMER_SESSIONS = SinkType(
    "customer_sessions",
    "Customer sessions: carts and purchases; each is evaluated by the Rule Engine.",
    (
        _id("customerSessionId"),
        Field("profileId", max_length=1000),
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
    lane="profileId",
    results=True,
)

_RETURN = Action(ep.RETURN_CART_ITEMS, body=wire.return_body, path=_SESSION)

CART_ITEM_RETURNS = SinkType(
    "cart_item_returns",
    "Returns of items of closed sessions.",
    (_id("returnId"), _id("customerSessionId", key=False), Field("returnedCartItems", "array", required=True)),
    {"add": {"add": _RETURN}},
    lane="customerSessionId",
    results=True,
)

SESSION_REOPENS = SinkType(
    "session_reopens",
    "Closed sessions opened again.",
    (_id("reopenId"), _id("customerSessionId", key=False)),
    {"add": {"add": Action(ep.REOPEN_CUSTOMER_SESSION, path=_SESSION)}},
    lane="customerSessionId",
    results=True,
)

_COUPON = (("couponValue", "couponValue"),)
_RESERVE = Action(ep.CREATE_COUPON_RESERVATION, wire.last_part, path=_COUPON)
_RELEASE = Action(ep.DELETE_COUPON_RESERVATION, wire.last_part, path=_COUPON)

COUPON_RESERVATIONS = SinkType(
    "coupon_reservations",
    "Which profiles a coupon is reserved for, 1,000 a request and coupon.",
    (_id("couponValue", max_length=None), _id("integrationId")),
    {
        "mirror": {"add": _RESERVE, "remove": _RELEASE},
        "upsert": {"add": _RESERVE},
        "add": {"add": _RESERVE},
        "remove": {"remove": _RELEASE},
    },
    group="couponValue",
    lane="couponValue",
)

_REFERRAL = Action(ep.CREATE_REFERRAL, body=wire.referral_body)

REFERRALS = SinkType(
    "referrals",
    "Referral codes of single advocates; the codes go to the results file.",
    (
        _id("advocateProfileIntegrationId"),
        Field("friendProfileIntegrationId", max_length=1000),
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
    ep.CREATE_REFERRALS_FOR_MULTIPLE_ADVOCATES, wire.key_itself, wire.advocates_common, query=(("silent", "no"),)
)

REFERRALS_MULTIPLE = SinkType(
    "referrals_multiple",
    "Referral codes of many advocates at once, alike but for the advocate; the codes go to the results file.",
    (_id("advocateProfileIntegrationId"),),
    {"add": {"add": _MANY_REFERRALS}},
    target=("campaign_id", "usage_limit", "start_date?", "expiry_date?", "referral_pattern?"),
    results=True,
)

_LINK = Action(
    ep.LINK_LOYALTY_CARD_TO_PROFILE,
    body=wire.only("integrationId"),
    path=(("loyaltyProgramId", "target.loyalty_program_id"), ("loyaltyCardId", "loyaltyCardId")),
)

LOYALTY_CARD_LINKS = SinkType(
    "loyalty_card_links",
    "Which profile a loyalty card belongs to.",
    (_id("loyaltyCardId", max_length=108), _id("integrationId")),
    {"add": {"add": _LINK}, "upsert": {"add": _LINK}},
    target=("loyalty_program_id",),
    lane="integrationId",
    results=True,
)

CUSTOMER_DATA_DELETIONS = SinkType(
    "customer_data_deletions",
    "Erases all data of customers, in every Application of the key's environment.",
    (_id("integrationId"),),
    {"remove": {"remove": Action(ep.DELETE_CUSTOMER_DATA, path=(("integrationId", "integrationId"),))}},
)

_PUT_PROFILE = Action(
    ep.UPDATE_CUSTOMER_PROFILE_V2,
    body=wire.without("integrationId"),
    path=(("integrationId", "integrationId"),),
    query=(("runRuleEngine", True),),
)

CUSTOMER_PROFILE = SinkType(
    "customer_profile",
    "Single customer profiles with a run of the Rule Engine; its effects go to the results file.",
    (
        _id("integrationId"),
        Field("attributes", "attributes"),
        Field("evaluableCampaignIds", "array"),
        Field("audiencesChanges", "object"),
        Field("responseContent", "array"),
    ),
    {"upsert": {"add": _PUT_PROFILE, "update": _PUT_PROFILE}},
    entity="CustomerProfile",
    results=True,
)

SINKS: Mapping[str, SinkType] = {
    sink.name: sink
    for sink in (
        AUDIENCE_MEMBERS,
        AUDIENCES,
        AUDIENCE_ATTRIBUTES,
        CUSTOMER_PROFILES,
        CATALOG_ITEMS,
        CATALOG_RULES,
        EVENTS,
        CUSTOMER_SESSIONS,
        CART_ITEM_RETURNS,
        SESSION_REOPENS,
        COUPON_RESERVATIONS,
        REFERRALS,
        REFERRALS_MULTIPLE,
        LOYALTY_CARD_LINKS,
        CUSTOMER_DATA_DELETIONS,
        CUSTOMER_PROFILE,
    )
}
