"""Which column of a CSV export becomes which field of a row.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from talon_one_client import endpoints as ep

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "label", "integer", "number", "boolean", "instant", "date", "object", "array"]
_ISO: Mapping[str, Any] = {"dateFormat": "ISO8601"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export.

    Attributes:
        heading: name of the column; letter case does not matter.
        name: field of the row.
        kind: how its text is read. An empty text is null, but for a ``label``. A ``date`` stays the text that it is,
            as its zone may be missing, and ``typed`` has its instant.
        required: an export without the column is refused; a field whose column is missing is null.
        typed: field with the instant of a ``date``.
    """

    heading: str
    name: str
    kind: Kind = "text"
    required: bool = False
    typed: str | None = None


@dataclass(frozen=True, slots=True)
class ExportLayout:
    """The columns of an export.

    Attributes:
        columns: those that are read; others are ignored.
        bounded: field whose instant the export can be limited by, for exports that are read from where the last ended.
        limited: the same, for exports that are read whole.
        filtered: field whose values the export can be limited to, and the query parameter that takes them.
        bounds: query parameters of its earliest and latest value.
        gone: heading of the column that is filled in rows which are deleted at Talon.One.
        counted: field by whose values ``position`` counts the rows, the first one has 0.
        ledger_dates: ``startDate`` and ``expiryDate`` get typed dates, as in ledgers.
        query: further query parameters.
    """

    columns: tuple[Column, ...]
    bounded: str | None = None
    limited: str | None = None
    filtered: tuple[str, str] | None = None
    bounds: tuple[str, str] = ("createdAfter", "createdBefore")
    gone: str | None = None
    counted: str | None = None
    ledger_dates: bool = False
    query: Mapping[str, Any] = field(default_factory=dict)

    @property
    def split_by(self) -> str | None:
        """Field by whose instants the export can be requested in parts; None: it is one file."""
        return self.bounded or self.limited


_CODE = (
    Column("id", "id", "integer", required=True),
    Column("created", "created", "instant", required=True),
    Column("campaignid", "campaignId", "integer", required=True),
    Column("startdate", "startDate", "instant"),
    Column("expirydate", "expiryDate", "instant"),
    Column("attributes", "attributes", "object"),
    Column("importid", "importId", "integer"),
    Column("batchid", "batchId"),
    Column("limitval", "usageLimit", "integer"),
    Column("counter", "usageCounter", "integer"),
)
_COUPONS = ExportLayout(
    (
        *_CODE,
        Column("value", "value", "label", required=True),
        Column("referralid", "referralId", "integer"),
        Column("recipientintegrationid", "recipientIntegrationId"),
        Column("reservation", "reservation", "boolean"),
        Column("is_reservation_mandatory", "isReservationMandatory", "boolean"),
        Column("discount_counter", "discountCounter", "number"),
        Column("discount_limitval", "discountLimit", "number"),
        Column("reservation_counter", "reservationCounter", "number"),
        Column("reservation_limitval", "reservationLimit", "integer"),
    ),
    gone="deleted",
    query=_ISO,
)
_REFERRALS = ExportLayout(
    (
        *_CODE,
        Column("code", "code", "label", required=True),
        Column("advocateprofileintegrationid", "advocateProfileIntegrationId", "label", required=True),
        Column("friendprofileintegrationid", "friendProfileIntegrationId"),
    ),
    query=_ISO,
)
_EFFECTS = ExportLayout(
    (
        Column("eventid", "eventId", "integer", required=True),
        Column("created", "created", "instant", required=True),
        Column("applicationid", "applicationId", "integer", required=True),
        Column("campaignid", "campaignId", "integer", required=True),
        Column("rulesetid", "rulesetId", "integer"),
        Column("ruleindex", "ruleIndex", "integer"),
        Column("name", "effectType", required=True),
        Column("props", "props", "object", required=True),
        Column("couponid", "triggeredByCoupon", "integer"),
        Column("event_type", "eventType"),
        Column("profileid", "profileId", "integer"),
        Column("profileintegrationid", "profileIntegrationId"),
        Column("sessionid", "sessionId", "integer"),
        Column("sessionintegrationid", "sessionIntegrationId"),
        Column("store_id", "storeId", "integer"),
        Column("store_integration_id", "storeIntegrationId"),
        Column("total_revenue", "totalRevenue", "number"),
    ),
    bounded="created",
    counted="eventId",
    query=_ISO,
)
_SESSIONS = ExportLayout(
    (
        Column("id", "id", "integer", required=True),
        Column("integrationid", "integrationId", "label", required=True),
        Column("applicationid", "applicationId", "integer", required=True),
        Column("profileintegrationid", "profileId"),
        Column("created", "created", "instant", required=True),
        Column("updated", "updated", "instant", required=True),
        Column("state", "state", required=True),
        Column("firstsession", "firstSession", "boolean"),
        Column("cartitems", "cartItems", "array"),
        Column("total", "total", "number"),
        Column("attributes", "attributes", "object"),
        Column("referral", "referralCode"),
        Column("coupons", "couponCodes", "array"),
        Column("identifiers", "identifiers", "array"),
        Column("additional_costs", "additionalCosts", "object"),
        Column("store_integration_id", "storeIntegrationId"),
    ),
    bounded="updated",
    bounds=("updatedAfter", "updatedBefore"),
    query=_ISO,
)
_TIERS = ExportLayout(
    (
        Column("programid", "programId", "integer", required=True),
        Column("subledgerid", "subledgerId", "label", required=True),
        Column("customerprofileid", "integrationId", "label", required=True),
        Column("tiername", "tierName", required=True),
        Column("startdate", "startDate"),
        Column("expirydate", "expiryDate"),
    ),
    filtered=("tierName", "tierNames"),
    ledger_dates=True,
)
_JOIN_DATES = ExportLayout(
    (
        Column("loyaltyProgramID", "programId", "integer", required=True),
        Column("profileIntegrationID", "integrationId", "label", required=True),
        Column("joinDate", "joinDate", "date", required=True, typed="joined_at"),
    )
)
_PROGRESS = ExportLayout(
    (
        Column("profileIntegrationID", "integrationId", "label", required=True),
        Column("title", "title"),
        Column("target", "target", "number"),
        Column("progress", "progress", "number", required=True),
        Column("status", "status", required=True),
        Column("startDate", "startDate", "date", typed="started_at"),
        Column("endDate", "endDate", "date", typed="ends_at"),
        Column("completionDate", "completionDate", "date", typed="completed_at"),
    ),
    counted="integrationId",
)
_GIVEAWAYS = ExportLayout(
    (
        Column("id", "id", "integer", required=True),
        Column("poolid", "poolId", "integer", required=True),
        Column("code", "code", required=True),
        Column("created", "created", "instant", required=True),
        Column("startdate", "startDate", "instant"),
        Column("enddate", "endDate", "instant"),
        Column("attributes", "attributes", "object"),
        Column("used", "used", "boolean"),
        Column("importid", "importId", "integer"),
        Column("profileid", "profileId", "integer"),
        Column("profileintegrationid", "integrationId"),
    ),
    limited="created",
)

LAYOUTS: Mapping[str, ExportLayout] = {
    ep.EXPORT_COUPONS.name: _COUPONS,
    ep.EXPORT_REFERRALS.name: _REFERRALS,
    ep.EXPORT_EFFECTS.name: _EFFECTS,
    ep.EXPORT_CUSTOMER_SESSIONS.name: _SESSIONS,
    ep.EXPORT_CUSTOMERS_TIERS.name: _TIERS,
    ep.EXPORT_LOYALTY_JOIN_DATES.name: _JOIN_DATES,
    ep.EXPORT_ACHIEVEMENT_V2.name: _PROGRESS,
    ep.EXPORT_POOL_GIVEAWAYS.name: _GIVEAWAYS,
}
