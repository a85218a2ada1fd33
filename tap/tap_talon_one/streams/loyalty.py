"""Streams of loyalty programs that need the ids of cards or profiles."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from tap_talon_one import schemas as s
from tap_talon_one.streams.model import Stream, StreamGroup

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

LEDGER_GROUPS: tuple[StreamGroup, ...] = (
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
)
