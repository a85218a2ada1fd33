"""Streams of whole loyalty programs."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from tap_talon_one import schemas as s
from tap_talon_one.streams.model import Stream, StreamGroup

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
LOYALTY_TIERS = Stream(
    "loyalty_tiers",
    ("programId", "subledgerId", "integrationId"),
    s.tier_row,
    "The tier of each member and subledger of each profile program, from a CSV export.",
)
LOYALTY_JOIN_DATES = Stream(
    "loyalty_join_dates",
    ("programId", "integrationId"),
    s.join_date_row,
    "When each member joined a profile program, from a CSV export.",
)
LOYALTY_CARD_POINTS = Stream(
    "loyalty_card_points",
    ("id",),
    lambda: s.page_row("LoyaltyCardPointsPage", cardIdentifier=s.STRING, status=s.STRING, **s.TYPED_DATES),
    "Unused points of each card: what is left of an addition, with its status, start and expiry.",
)
LOYALTY_PROFILE_POINTS = Stream(
    "loyalty_profile_points",
    ("id",),
    lambda: s.page_row("LoyaltyProgramProfilePointsPage", integrationId=s.STRING, status=s.STRING, **s.TYPED_DATES),
    "Unused points of each profile: what is left of an addition, with its status, start and expiry.",
)
PROGRAM_DASHBOARD = Stream(
    "program_dashboard",
    ("programId", "date"),
    lambda: s.page_row("ProgramDashboard", programId=s.INTEGER),
    "Figures of each program by day: members and points.",
)

PROGRAM_GROUPS: tuple[StreamGroup, ...] = (
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
    StreamGroup(
        "loyalty_tiers", ep.EXPORT_CUSTOMERS_TIERS, "program", (LOYALTY_TIERS,), "export", "profile", by_default=False
    ),
    StreamGroup(
        "loyalty_join_dates",
        ep.EXPORT_LOYALTY_JOIN_DATES,
        "program",
        (LOYALTY_JOIN_DATES,),
        "export",
        "profile",
        by_default=False,
    ),
    StreamGroup(
        "loyalty_card_points",
        ep.GET_LOYALTY_CARD_POINTS,
        "card",
        (LOYALTY_CARD_POINTS,),
        "points",
        "card",
        by_default=False,
    ),
    StreamGroup(
        "loyalty_profile_points",
        ep.GET_LOYALTY_PROGRAM_PROFILE_POINTS,
        "profile",
        (LOYALTY_PROFILE_POINTS,),
        "points",
        "profile",
        by_default=False,
    ),
    StreamGroup(
        "program_dashboard",
        ep.GET_DASHBOARD_STATISTICS,
        "program",
        (PROGRAM_DASHBOARD,),
        "figures",
        "any",
        by_default=False,
        parent_added="programId",
    ),
)
