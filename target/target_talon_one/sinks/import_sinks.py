"""The sinks for moving into Talon.One by CSV files: points, cards, tiers, join dates, coupons, codes and collections.

A request holds up to 1,000 rows: at three requests per second that is 10 million rows an hour, and of a lost answer or
a refused file few rows are concerned. One request is sent at a time, so that at most one file has no known result.
"""

from __future__ import annotations

from dataclasses import replace as replaced
from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from target_talon_one.lookups import exported, imported, imported_points
from target_talon_one.sinks import csv_files
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from target_talon_one.sinks.csv_files import Column

ROWS_PER_FILE = 1_000
MOST_COLLECTION_ITEMS = 500_000
_PROGRAM = (("loyaltyProgramId", "target.loyalty_program_id"),)
_CAMPAIGN = (("applicationId", "target.application_id"), ("campaignId", "target.campaign_id"))


def _file(endpoint: Endpoint, path: tuple[tuple[str, str], ...], columns: tuple[Column, ...], key: str) -> Action:
    """Return the action that uploads a file with a column for each field."""
    return Action(
        endpoint,
        csv_files.line_of(columns, [key]),
        path=path,
        heading=csv_files.heading_of(columns),
        most_rows=ROWS_PER_FILE,
    )


LOYALTY_POINTS_IMPORT = SinkType(
    "loyalty_points_import",
    "Points that are added to cards (`cardIdentifier`) or to profiles (`customerProfileId`), up to 1,000 rows per "
    "request. `pointsId` distinguishes the rows; Talon.One does not keep it.",
    (
        key_field("pointsId", max_length=None),
        Field("cardIdentifier", max_length=108, personal=True),
        Field("customerProfileId", max_length=1000, personal=True),
        Field("amount", "positive", required=True),
        Field("startDate", "date-time"),
        Field("expiryDate", "date-time"),
        Field("subledgerId", max_length=64),
        Field("reason", max_length=255),
    ),
    {
        "add": {
            "add": _file(
                ep.IMPORT_LOYALTY_POINTS,
                _PROGRAM,
                csv_files.columns_of(
                    identifier="cardIdentifier",
                    customerprofileid="customerProfileId",
                    amount="amount",
                    startdate="startDate",
                    expirydate="expiryDate",
                    subledgerid="subledgerId",
                    reason="reason",
                ),
                "pointsId",
            )
        }
    },
    target=("loyalty_program_id",),
    ordered=True,
    listing=imported_points.list_points,
    match=imported_points.CONTENT,
    lookup=imported_points.find_points,
    creates_profiles=True,
    profile_field="customerProfileId",
)

LOYALTY_CARDS_IMPORT = SinkType(
    "loyalty_cards_import",
    "New loyalty cards with their profiles, which must exist, up to 1,000 per request.",
    (
        key_field("identifier", max_length=108, personal=True),
        Field("status", required=True),
        Field("customerProfileIds", "texts", personal=True),
        Field("attributes", "attributes"),
    ),
    {
        "add": {
            "add": _file(
                ep.IMPORT_LOYALTY_CARDS,
                _PROGRAM,
                csv_files.columns_of(
                    identifier="identifier",
                    state="status",
                    customerprofileids="customerProfileIds",
                    attributes="attributes",
                ),
                "identifier",
            )
        }
    },
    target=("loyalty_program_id",),
    entity="LoyaltyCard",
    ordered=True,
    listing=imported.list_cards,
    lookup=imported.by_key(imported.list_cards),
)

_TIERS = _file(
    ep.IMPORT_LOYALTY_CUSTOMERS_TIERS,
    _PROGRAM,
    csv_files.columns_of(
        subledgerid="target.subledger_id",
        customerprofileid="customerProfileId",
        tiername="tierName",
        expirydate="expiryDate",
    ),
    "customerProfileId",
)

LOYALTY_TIERS_IMPORT = SinkType(
    "loyalty_tiers_import",
    "Tiers of existing profiles in the main ledger, or in the subledger of `subledger_id`, up to 1,000 per request.",
    (
        key_field("customerProfileId", personal=True),
        Field("tierName", required=True),
        Field("expiryDate", "date-time"),
    ),
    {"upsert": {"add": _TIERS, "update": _TIERS}},
    target=("loyalty_program_id", "subledger_id?"),
    ordered=True,
    listing=exported.list_tiers,
)

_JOIN_DATES = _file(
    ep.IMPORT_LOYALTY_JOIN_DATES,
    _PROGRAM,
    csv_files.columns_of(customerprofileid="customerProfileId", newjoindate="joinDate"),
    "customerProfileId",
)

LOYALTY_JOIN_DATES_IMPORT = SinkType(
    "loyalty_join_dates_import",
    "Dates at which existing profiles have joined a profile-based program, up to 1,000 per request.",
    (key_field("customerProfileId", personal=True), Field("joinDate", "date-time", required=True)),
    {"upsert": {"add": _JOIN_DATES, "update": _JOIN_DATES}},
    target=("loyalty_program_id",),
    ordered=True,
    listing=exported.list_join_dates,
)

COUPONS_IMPORT = SinkType(
    "coupons_import",
    "New coupons of a campaign with the codes of the rows, up to 1,000 per request.",
    (
        key_field("value", max_length=None),
        Field("recipientIntegrationId", max_length=1000, personal=True),
        Field("startDate", "date-time"),
        Field("expiryDate", "date-time"),
        Field("usageLimit", "integer"),
        Field("discountLimit", "number"),
        Field("attributes", "attributes"),
    ),
    {
        "add": {
            "add": _file(
                ep.IMPORT_COUPONS,
                _CAMPAIGN,
                csv_files.columns_of(
                    value="value",
                    expirydate="expiryDate",
                    startdate="startDate",
                    recipientintegrationid="recipientIntegrationId",
                    limitval="usageLimit",
                    discountlimit="discountLimit",
                    attributes="attributes",
                ),
                "value",
            )
        }
    },
    target=("application_id", "campaign_id"),
    entity="Coupon",
    ordered=True,
    listing=exported.list_coupons,
    lookup=imported.by_key(exported.list_coupons),
)

REFERRALS_IMPORT = SinkType(
    "referrals_import",
    "New referral codes of existing advocates with the codes of the rows, up to 1,000 per request.",
    (
        key_field("code", max_length=None),
        Field("advocateProfileIntegrationId", required=True, max_length=1000, personal=True),
        Field("startDate", "date-time"),
        Field("expiryDate", "date-time"),
        Field("usageLimit", "integer"),
        Field("attributes", "attributes"),
    ),
    {
        "add": {
            "add": _file(
                ep.IMPORT_REFERRALS,
                _CAMPAIGN,
                csv_files.columns_of(
                    code="code",
                    advocateprofileintegrationid="advocateProfileIntegrationId",
                    startdate="startDate",
                    expirydate="expiryDate",
                    limitval="usageLimit",
                    attributes="attributes",
                ),
                "code",
            )
        }
    },
    target=("application_id", "campaign_id"),
    entity="Referral",
    ordered=True,
    listing=exported.list_referrals,
    lookup=imported.by_key(exported.list_referrals),
)


def _collection(
    name: str, about: str, endpoint: Endpoint, export: Endpoint, path: tuple[tuple[str, str], ...]
) -> SinkType:
    replace = replaced(
        _file(endpoint, path, csv_files.columns_of(item="item"), "item"), most_rows=MOST_COLLECTION_ITEMS
    )
    return SinkType(
        name,
        f"{about}: the rows replace all that it has, in one request.",
        (key_field("item", max_length=None),),
        {"mirror": {"add": replace, "remove": replace}},
        target=tuple(setting.removeprefix("target.") for _, setting in path),
        ordered=True,
        replaces=True,
        listing=imported.collection_listing(export),
    )


_COLLECTION = (("collectionId", "target.collection_id"),)
COLLECTION_ITEMS = _collection(
    "collection_items",
    "Items of a collection of the account",
    ep.IMPORT_ACCOUNT_COLLECTION,
    ep.EXPORT_ACCOUNT_COLLECTION_ITEMS,
    _COLLECTION,
)
CAMPAIGN_COLLECTION_ITEMS = _collection(
    "campaign_collection_items",
    "Items of a collection of a campaign",
    ep.IMPORT_COLLECTION,
    ep.EXPORT_COLLECTION_ITEMS,
    (*_CAMPAIGN, *_COLLECTION),
)
