"""The streams, as a table: what each is read from, its key, and its fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from talon_one_client import endpoints as ep
from tap_talon_one import schemas as s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.endpoints import Endpoint

Entity = Literal["card", "profile", "session", "coupon", "audience", "catalog", "account", "program"]
ProgramKind = Literal["card", "profile", "any"]
ReaderName = Literal[
    "ledger", "balances", "inventory", "session", "reservations", "listing", "program_feed", "card_list", "csv_export"
]
ONE_BY_ONE = "per_card"  # the strategy of one call for each card or profile


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream.

    Attributes:
        name: as in the catalog and the warehouse.
        key: fields that identify a row.
        schema: builds its JSON schema.
        replication_key: ``created`` for ledgers, None for snapshots.
        section: of the inventory, where it is read from one.
    """

    name: str
    key: tuple[str, ...]
    schema: Callable[[], s.Schema]
    description: str
    replication_key: str | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """Streams that are read together: for each id (of each program) one operation.

    Attributes:
        name: of its bookmark; the stream's where there is but one.
        endpoint: the operation.
        entity: what the ids are; ``account`` and ``program`` have but one, which has no name.
        program_kind: the loyalty programs that it is read for; None: it has nothing to do with programs.
        reader: how its answers become rows, see tap_talon_one.rows.readers.
        by_default: read if nobody says which streams to read.
        strategy: setting that chooses between this feed and the cheaper ways in WAYS.
    """

    name: str
    endpoint: Endpoint
    entity: Entity
    streams: tuple[Stream, ...]
    reader: ReaderName
    program_kind: ProgramKind | None = None
    by_default: bool = True
    strategy: str | None = None

    @property
    def per_program(self) -> bool:
        """True if it is read for each loyalty program."""
        return self.program_kind is not None

    @property
    def has_ids(self) -> bool:
        """True if it is read for each of many ids."""
        return self.entity not in ("account", "program")

    @property
    def id_param(self) -> str:
        """Path parameter that takes the id."""
        return self.endpoint.path_params[-1].name

    @property
    def incremental(self) -> bool:
        """True if only what is new since the last run is read."""
        return self.reader in ("ledger", "program_feed")


CARD_TRANSACTIONS = Stream(
    "loyalty_card_transactions",
    ("id",),
    lambda: s.page_row("LoyaltyCardTransactionsPage", **s.LEDGER_DATES, source=s.STRING),
    "The ledger of each card: points added and subtracted.",
    replication_key="created",
)
CARD_BALANCES = Stream(
    "loyalty_card_balances",
    ("programId", "cardIdentifier", "subledgerId", "as_of"),
    lambda: s.balance_row("cardIdentifier"),
    "Points of each card and subledger at one instant; subledgerId is empty for the main ledger.",
)
PROFILE_TRANSACTIONS = Stream(
    "loyalty_profile_transactions",
    ("id",),
    lambda: s.page_row(
        "LoyaltyProgramProfileTransactionsPage", integrationId=s.STRING, **s.LEDGER_DATES, source=s.STRING
    ),
    "The ledger of each profile; integrationId is the profile.",
    replication_key="created",
)
PROFILE_BALANCES = Stream(
    "loyalty_profile_balances",
    ("programId", "integrationId", "subledgerId", "as_of"),
    lambda: s.balance_row("integrationId", **s.tier_fields()),
    "Points of each profile and subledger at one instant, with tiers where the API gives them.",
)
CUSTOMER_PROFILES = Stream(
    "customer_profiles",
    ("integrationId",),
    lambda: s.section_row("CustomerInventory", "profile"),
    "Each profile with its attributes and audiences.",
    section="profile",
)
CUSTOMER_COUPONS = Stream(
    "customer_coupons",
    ("integrationId", "id"),
    lambda: s.section_row("CustomerInventory", "coupons", integrationId=s.STRING),
    "Coupons of each profile.",
    section="coupons",
)
CUSTOMER_REFERRALS = Stream(
    "customer_referrals",
    ("integrationId", "id"),
    lambda: s.section_row("CustomerInventory", "referrals", integrationId=s.STRING),
    "Referrals of each profile.",
    section="referrals",
)
CUSTOMER_GIVEAWAYS = Stream(
    "customer_giveaways",
    ("integrationId", "id"),
    lambda: s.section_row("CustomerInventory", "giveaways", integrationId=s.STRING),
    "Giveaways of each profile.",
    section="giveaways",
)
CUSTOMER_LOYALTY = Stream(
    "customer_loyalty",
    ("integrationId", "programId", "subledgerId"),
    s.loyalty_row,
    "Ledgers of each profile in each loyalty program.",
    section="loyalty",
)
CUSTOMER_SESSIONS = Stream(
    "customer_sessions",
    ("integrationId",),
    lambda: s.section_row("IntegrationCustomerSessionResponse", "customerSession"),
    "Customer sessions with their carts.",
)
COUPON_RESERVATIONS = Stream(
    "coupon_reservations",
    ("couponValue", "integrationId"),
    lambda: s.page_row("ReservedCustomers", couponValue=s.STRING),
    "Profiles for which a coupon is reserved.",
)
LOYALTY_PROGRAMS = Stream(
    "loyalty_programs", ("id",), lambda: s.page_row("LoyaltyProgramsPage"), "Loyalty programs of the account."
)
LOYALTY_CARDS = Stream(
    "loyalty_cards",
    ("id",),
    s.card_row,
    "Cards of each card program with their profiles and present points; spent and expired points are null.",
)
PROGRAM_TRANSACTIONS = Stream(
    "loyalty_program_transactions",
    ("id",),
    lambda: s.page_row("LoyaltyProgramTransactionsPage", **s.LEDGER_DATES),
    "The ledger of each program, of all its cards or profiles, in one feed instead of one call each.",
    replication_key="created",
)
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

FEEDS: tuple[Feed, ...] = (
    Feed(
        "loyalty_card_transactions",
        ep.GET_LOYALTY_CARD_TRANSACTIONS,
        "card",
        (CARD_TRANSACTIONS,),
        "ledger",
        "card",
        strategy="transactions_strategy",
    ),
    Feed(
        "loyalty_card_balances",
        ep.GET_LOYALTY_CARD_BALANCES,
        "card",
        (CARD_BALANCES,),
        "balances",
        "card",
        strategy="balances_strategy",
    ),
    Feed(
        "loyalty_profile_transactions",
        ep.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS,
        "profile",
        (PROFILE_TRANSACTIONS,),
        "ledger",
        "profile",
        strategy="transactions_strategy",
    ),
    Feed(
        "loyalty_profile_balances",
        ep.GET_LOYALTY_BALANCES,
        "profile",
        (PROFILE_BALANCES,),
        "balances",
        "profile",
        strategy="balances_strategy",
    ),
    Feed(
        "customer_inventory",
        ep.GET_CUSTOMER_INVENTORY,
        "profile",
        (CUSTOMER_PROFILES, CUSTOMER_COUPONS, CUSTOMER_REFERRALS, CUSTOMER_GIVEAWAYS, CUSTOMER_LOYALTY),
        "inventory",
    ),
    Feed("customer_sessions", ep.GET_CUSTOMER_SESSION, "session", (CUSTOMER_SESSIONS,), "session"),
    Feed("coupon_reservations", ep.GET_RESERVED_CUSTOMERS, "coupon", (COUPON_RESERVATIONS,), "reservations"),
    Feed("loyalty_programs", ep.GET_LOYALTY_PROGRAMS, "account", (LOYALTY_PROGRAMS,), "listing", by_default=False),
    Feed("loyalty_cards", ep.GET_LOYALTY_CARDS, "program", (LOYALTY_CARDS,), "listing", "card", by_default=False),
    Feed(
        "loyalty_program_transactions",
        ep.GET_LOYALTY_PROGRAM_TRANSACTIONS,
        "program",
        (PROGRAM_TRANSACTIONS,),
        "ledger",
        "any",
        by_default=False,
    ),
    Feed("audiences", ep.GET_AUDIENCES, "account", (AUDIENCES,), "listing", by_default=False),
    Feed(
        "audience_memberships",
        ep.GET_AUDIENCE_MEMBERSHIPS,
        "audience",
        (AUDIENCE_MEMBERSHIPS,),
        "listing",
        by_default=False,
    ),
    Feed("catalog_items", ep.LIST_CATALOG_ITEMS, "catalog", (CATALOG_ITEMS,), "listing", by_default=False),
    Feed("attributes", ep.GET_ATTRIBUTES, "account", (ATTRIBUTES,), "listing", by_default=False),
)


@dataclass(frozen=True, slots=True)
class Way:
    """A way of reading a feed's streams.

    Attributes:
        name: value of the feed's strategy setting.
        feed: how it is read this way; it has the name of the feed that it stands for.
        owner: whose rows they are: ``card`` or ``profile``.
    """

    name: str
    feed: Feed
    owner: Entity


def one_by_one(feed: Feed) -> Way:
    """The way of one call for each id."""
    return Way(ONE_BY_ONE, feed, feed.entity)


def _cheaper(of: Feed, name: ReaderName, endpoint: Endpoint) -> Way:
    return Way(name, replace(of, endpoint=endpoint, entity="program", reader=name), of.entity)


_BY_NAME = {feed.name: feed for feed in FEEDS}
_CARD_LEDGERS, _CARD_POINTS = _BY_NAME["loyalty_card_transactions"], _BY_NAME["loyalty_card_balances"]
_PROFILE_LEDGERS, _PROFILE_POINTS = _BY_NAME["loyalty_profile_transactions"], _BY_NAME["loyalty_profile_balances"]

# Ways that need the Management API and take less than a call for each card, the cheapest last.
WAYS: Mapping[str, tuple[Way, ...]] = {
    _CARD_LEDGERS.name: (_cheaper(_CARD_LEDGERS, "program_feed", ep.GET_LOYALTY_PROGRAM_TRANSACTIONS),),
    _CARD_POINTS.name: (
        _cheaper(_CARD_POINTS, "card_list", ep.GET_LOYALTY_CARDS),
        _cheaper(_CARD_POINTS, "csv_export", ep.EXPORT_LOYALTY_CARD_BALANCES),
    ),
    _PROFILE_LEDGERS.name: (_cheaper(_PROFILE_LEDGERS, "program_feed", ep.GET_LOYALTY_PROGRAM_TRANSACTIONS),),
    _PROFILE_POINTS.name: (_cheaper(_PROFILE_POINTS, "csv_export", ep.EXPORT_LOYALTY_BALANCES),),
}

STREAMS: tuple[Stream, ...] = tuple(stream for feed in FEEDS for stream in feed.streams)
