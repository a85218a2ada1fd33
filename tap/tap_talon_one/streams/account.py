"""Streams of the account."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from tap_talon_one import schemas as s
from tap_talon_one.streams.model import Stream, StreamGroup

AUDIENCES = Stream("audiences", ("id",), lambda: s.page_row("AudiencesPage"), "Audiences of the account.")
AUDIENCE_MEMBERSHIPS = Stream(
    "audience_memberships",
    ("audienceId", "integrationId"),
    lambda: s.page_row("AudienceMembershipsPage", audienceId=s.INTEGER),
    "Profiles in each audience.",
)
CATALOG_ITEMS = Stream(
    "catalog_items", ("catalogid", "id"), lambda: s.page_row("CatalogItemsPage"), "Items of each catalog."
)
ATTRIBUTES = Stream("attributes", ("id",), lambda: s.page_row("AttributesPage"), "Attributes of the account.")
APPLICATIONS = Stream("applications", ("id",), lambda: s.page_row("ApplicationsPage"), "Applications of the account.")
EVENT_TYPES = Stream("event_types", ("id",), lambda: s.page_row("EventTypesPage"), "Types of events of the account.")
COLLECTIONS = Stream("collections", ("id",), lambda: s.page_row("CollectionsPage"), "Collections of the account.")
COLLECTION_ITEMS = Stream(
    "collection_items",
    ("collectionId", "item"),
    lambda: s.page_row("CollectionItemsPage", collectionId=s.INTEGER),
    "Items of each collection of the account.",
)
ACHIEVEMENTS = Stream("achievements", ("id",), lambda: s.page_row("AchievementsPage"), "Achievements of the account.")
ACHIEVEMENT_PROGRESS = Stream(
    "achievement_progress",
    ("achievementId", "integrationId", "position"),
    s.progress_row,
    "Progress of each profile in each achievement, from CSV exports.",
)
GIVEAWAYS = Stream("giveaways", ("id",), s.giveaway_row, "Giveaways of each pool, from CSV exports.")
CHANGES = Stream(
    "changes",
    ("id",),
    lambda: s.page_row("ChangesPage", **s.CREATED),
    "The audit log of the account.",
    replication_key="created",
)

ACCOUNT_GROUPS: tuple[StreamGroup, ...] = (
    StreamGroup("audiences", ep.GET_AUDIENCES, "account", (AUDIENCES,), "listing", by_default=False),
    StreamGroup(
        "audience_memberships",
        ep.GET_AUDIENCE_MEMBERSHIPS,
        "audience",
        (AUDIENCE_MEMBERSHIPS,),
        "listing",
        by_default=False,
        id_added="audienceId",
    ),
    StreamGroup(
        "catalog_items",
        ep.LIST_CATALOG_ITEMS,
        "catalog",
        (CATALOG_ITEMS,),
        "listing",
        by_default=False,
        id_field="catalogid",
    ),
    StreamGroup("attributes", ep.GET_ATTRIBUTES, "account", (ATTRIBUTES,), "listing", by_default=False),
    StreamGroup("applications", ep.GET_APPLICATIONS, "account", (APPLICATIONS,), "listing", by_default=False),
    StreamGroup("event_types", ep.GET_EVENT_TYPES, "account", (EVENT_TYPES,), "listing", by_default=False),
    StreamGroup("collections", ep.LIST_ACCOUNT_COLLECTIONS, "account", (COLLECTIONS,), "listing", by_default=False),
    StreamGroup(
        "collection_items",
        ep.GET_COLLECTION_ITEMS,
        "collection",
        (COLLECTION_ITEMS,),
        "listing",
        by_default=False,
        id_added="collectionId",
    ),
    StreamGroup("achievements", ep.LIST_ACHIEVEMENTS_V2, "account", (ACHIEVEMENTS,), "listing", by_default=False),
    StreamGroup(
        "achievement_progress",
        ep.EXPORT_ACHIEVEMENT_V2,
        "achievement",
        (ACHIEVEMENT_PROGRESS,),
        "export",
        by_default=False,
        id_added="achievementId",
    ),
    StreamGroup(
        "giveaways",
        ep.EXPORT_POOL_GIVEAWAYS,
        "giveaway_pool",
        (GIVEAWAYS,),
        "export",
        by_default=False,
        id_field="poolId",
    ),
    StreamGroup("changes", ep.GET_CHANGES, "account", (CHANGES,), "feed", by_default=False),
)
