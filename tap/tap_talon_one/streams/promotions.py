"""Streams of campaigns, of their coupons and referrals, and of the events and effects of an Application."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from tap_talon_one import schemas as s
from tap_talon_one.streams.model import Nested, Stream, StreamGroup

CAMPAIGNS = Stream("campaigns", ("id",), lambda: s.page_row("CampaignsPage"), "Campaigns of each Application.")
CAMPAIGN_BUDGETS = Stream(
    "campaign_budgets",
    ("campaignId", "position"),
    lambda: s.nested_row("CampaignsPage", "budgets", campaignId=s.INTEGER, applicationId=s.INTEGER),
    "Budgets of each campaign: limit and counter of an action.",
    nested=Nested("budgets", {"campaignId": "id", "applicationId": "applicationId"}),
)
APPLICATION_EVENTS = Stream(
    "application_events",
    ("id",),
    lambda: s.page_row("ApplicationEventsPage", **s.CREATED),
    "Events of each Application, such as closed sessions, each with its effects.",
    replication_key="created",
)
EFFECTS = Stream(
    "effects",
    ("eventId", "position"),
    s.effect_row,
    "What each event has caused: effects with their campaign, ruleset, rule, type and properties.",
    replication_key="created",
    nested=Nested(
        "effects",
        {
            "eventId": "id",
            "created": "created",
            "created_text": "created_text",
            "applicationId": "applicationId",
            "eventType": "type",
            "profileId": "profileId",
            "sessionId": "sessionId",
            "storeId": "storeId",
            "storeIntegrationId": "storeIntegrationId",
        },
    ),
)
COUPONS = Stream(
    "coupons",
    ("id",),
    lambda: s.partial_row(s.page_row("CouponsPage", applicationId=s.INTEGER), ("id",)),
    "Coupons of each campaign with their limits and counters.",
)
REFERRALS = Stream(
    "referrals",
    ("id",),
    lambda: s.partial_row(s.page_row("ReferralsPage", applicationId=s.INTEGER), ("id",)),
    "Referrals of each campaign with their limits and counters.",
)
CAMPAIGN_ANALYTICS = Stream(
    "campaign_analytics",
    ("campaignId", "date"),
    lambda: s.page_row("CampaignAnalyticsPage", campaignId=s.INTEGER, applicationId=s.INTEGER),
    "Figures of each campaign by day: revenue, costs, redemptions and points, each also as a total so far.",
)
STORES = Stream("stores", ("id",), lambda: s.page_row("StoresPage"), "Stores of each Application.")
CAMPAIGN_COLLECTIONS = Stream(
    "campaign_collections",
    ("id",),
    lambda: s.page_row("CollectionsPage"),
    "Collections of the campaigns of each Application.",
)
CAMPAIGN_COLLECTION_ITEMS = Stream(
    "campaign_collection_items",
    ("collectionId", "item"),
    lambda: s.page_row("CollectionItemsPage", collectionId=s.INTEGER, applicationId=s.INTEGER),
    "Items of each collection of a campaign.",
)

PROMOTION_GROUPS: tuple[StreamGroup, ...] = (
    StreamGroup(
        "campaigns",
        ep.GET_CAMPAIGNS,
        "application",
        (CAMPAIGNS, CAMPAIGN_BUDGETS),
        "listing",
        per_application=True,
        by_default=False,
    ),
    StreamGroup(
        "application_events",
        ep.GET_APPLICATION_EVENTS_WITHOUT_TOTAL_COUNT,
        "application",
        (APPLICATION_EVENTS,),
        "feed",
        per_application=True,
        by_default=False,
    ),
    StreamGroup(
        "effects",
        ep.GET_APPLICATION_EVENTS_WITHOUT_TOTAL_COUNT,
        "application",
        (EFFECTS,),
        "feed",
        per_application=True,
        by_default=False,
        strategy_setting="exports_strategy",
    ),
    StreamGroup(
        "coupons",
        ep.GET_COUPONS_WITHOUT_TOTAL_COUNT,
        "campaign",
        (COUPONS,),
        "listing",
        per_application=True,
        by_default=False,
        strategy_setting="exports_strategy",
        parent_added="applicationId",
    ),
    StreamGroup(
        "referrals",
        ep.GET_REFERRALS_WITHOUT_TOTAL_COUNT,
        "campaign",
        (REFERRALS,),
        "listing",
        per_application=True,
        by_default=False,
        strategy_setting="exports_strategy",
        parent_added="applicationId",
    ),
    StreamGroup(
        "campaign_analytics",
        ep.GET_CAMPAIGN_ANALYTICS,
        "campaign",
        (CAMPAIGN_ANALYTICS,),
        "figures",
        per_application=True,
        by_default=False,
        id_added="campaignId",
        parent_added="applicationId",
    ),
    StreamGroup("stores", ep.LIST_STORES, "application", (STORES,), "listing", per_application=True, by_default=False),
    StreamGroup(
        "campaign_collections",
        ep.LIST_COLLECTIONS_IN_APPLICATION,
        "application",
        (CAMPAIGN_COLLECTIONS,),
        "listing",
        per_application=True,
        by_default=False,
    ),
    StreamGroup(
        "campaign_collection_items",
        ep.GET_COLLECTION_ITEMS,
        "collection",
        (CAMPAIGN_COLLECTION_ITEMS,),
        "listing",
        per_application=True,
        by_default=False,
        id_added="collectionId",
        parent_added="applicationId",
    ),
)
