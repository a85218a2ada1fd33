"""The table of streams: the operation that each is read from, its key, and its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from talon_one_client import endpoints as ep
from tap_talon_one import schemas as s

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.endpoints import Endpoint

Entity = Literal["card", "profile", "session", "coupon", "audience", "catalog", "account", "program"]
ProgramKind = Literal["card", "profile", "any"]
ReaderName = Literal[
    "ledger", "balances", "inventory", "session", "reservations", "listing", "program_feed", "card_list", "csv_export"
]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: rows of one kind.

    Attributes:
        name: name of the stream in the catalog and of its table in a warehouse.
        key: fields that identify a row.
        schema: builds the JSON schema of a row.
        replication_key: ``created`` for ledgers, None for snapshots.
        section: section of the customer inventory that holds the rows, for streams that are read from it.
    """

    name: str
    key: tuple[str, ...]
    schema: Callable[[], s.Schema]
    description: str
    replication_key: str | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class StreamGroup:
    """Streams that are read from the same requests: one operation for each id (of each program).

    Attributes:
        name: key of the group's bookmark in the state; the name of the stream if there is only one.
        endpoint: the operation.
        entity: what the ids identify; ``account`` and ``program`` have one unnamed entity each.
        program_kind: kind of the loyalty programs that are read; None: the group does not depend on programs.
        reader: key in the table of readers, see tap_talon_one.rows.readers.
        by_default: read if neither catalog nor command line selects streams.
        strategy_setting: setting that chooses between one call for each id and the bulk strategies.
        id_field: field of a row that has the id it was read for, if no list of the API has all ids.
    """

    name: str
    endpoint: Endpoint
    entity: Entity
    streams: tuple[Stream, ...]
    reader: ReaderName
    program_kind: ProgramKind | None = None
    by_default: bool = True
    strategy_setting: str | None = None
    id_field: str | None = None

    @property
    def per_program(self) -> bool:
        """True if the group is read once for each loyalty program."""
        return self.program_kind is not None

    @property
    def has_ids(self) -> bool:
        """True if the group is read once for each of many ids."""
        return self.entity not in ("account", "program")

    @property
    def id_param(self) -> str:
        """Name of the path parameter that takes the id."""
        return self.endpoint.path_params[-1].name

    @property
    def incremental(self) -> bool:
        """True if a run reads only the rows created since the last run."""
        return self.reader in ("ledger", "program_feed")

    @property
    def read_whole(self) -> bool:
        """True if a run reads all rows that there are, so that a row it does not find is gone."""
        return self.reader in ("listing", "inventory")


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
    "Points of each profile and subledger at one instant, with tiers where the API returns them.",
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
    "Cards of each card program with their profiles and current points; spent and expired points are null.",
)
PROGRAM_TRANSACTIONS = Stream(
    "loyalty_program_transactions",
    ("id",),
    lambda: s.page_row("LoyaltyProgramTransactionsPage", **s.LEDGER_DATES),
    "The ledger of each program: the transactions of all its cards or profiles, read from one list.",
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

STREAM_GROUPS: tuple[StreamGroup, ...] = (
    StreamGroup(
        "loyalty_card_transactions",
        ep.GET_LOYALTY_CARD_TRANSACTIONS,
        "card",
        (CARD_TRANSACTIONS,),
        "ledger",
        "card",
        strategy_setting="transactions_strategy",
    ),
    StreamGroup(
        "loyalty_card_balances",
        ep.GET_LOYALTY_CARD_BALANCES,
        "card",
        (CARD_BALANCES,),
        "balances",
        "card",
        strategy_setting="balances_strategy",
    ),
    StreamGroup(
        "loyalty_profile_transactions",
        ep.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS,
        "profile",
        (PROFILE_TRANSACTIONS,),
        "ledger",
        "profile",
        strategy_setting="transactions_strategy",
    ),
    StreamGroup(
        "loyalty_profile_balances",
        ep.GET_LOYALTY_BALANCES,
        "profile",
        (PROFILE_BALANCES,),
        "balances",
        "profile",
        strategy_setting="balances_strategy",
    ),
    StreamGroup(
        "customer_inventory",
        ep.GET_CUSTOMER_INVENTORY,
        "profile",
        (CUSTOMER_PROFILES, CUSTOMER_COUPONS, CUSTOMER_REFERRALS, CUSTOMER_GIVEAWAYS, CUSTOMER_LOYALTY),
        "inventory",
    ),
    StreamGroup("customer_sessions", ep.GET_CUSTOMER_SESSION, "session", (CUSTOMER_SESSIONS,), "session"),
    StreamGroup("coupon_reservations", ep.GET_RESERVED_CUSTOMERS, "coupon", (COUPON_RESERVATIONS,), "reservations"),
    StreamGroup(
        "loyalty_programs", ep.GET_LOYALTY_PROGRAMS, "account", (LOYALTY_PROGRAMS,), "listing", by_default=False
    ),
    StreamGroup(
        "loyalty_cards", ep.GET_LOYALTY_CARDS, "program", (LOYALTY_CARDS,), "listing", "card", by_default=False
    ),
    StreamGroup(
        "loyalty_program_transactions",
        ep.GET_LOYALTY_PROGRAM_TRANSACTIONS,
        "program",
        (PROGRAM_TRANSACTIONS,),
        "ledger",
        "any",
        by_default=False,
    ),
    StreamGroup("audiences", ep.GET_AUDIENCES, "account", (AUDIENCES,), "listing", by_default=False),
    StreamGroup(
        "audience_memberships",
        ep.GET_AUDIENCE_MEMBERSHIPS,
        "audience",
        (AUDIENCE_MEMBERSHIPS,),
        "listing",
        by_default=False,
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
)

STREAMS: tuple[Stream, ...] = tuple(stream for group in STREAM_GROUPS for stream in group.streams)
READ_WHOLE = frozenset(stream.name for group in STREAM_GROUPS if group.read_whole for stream in group.streams)
LEDGERS = frozenset(stream.name for group in STREAM_GROUPS if group.incremental for stream in group.streams)
MARKED = READ_WHOLE | LEDGERS  # their rows can be marked as deleted
