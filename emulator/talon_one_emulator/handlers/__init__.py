"""Handlers of all operations, one module per area of the API. Importing this package registers them."""

from talon_one_emulator.handlers import (
    account,
    achievements,
    campaigns,
    catalogs,
    coupons,
    customers,
    events,
    profiles,
    referrals,
    sessions,
)
from talon_one_emulator.handlers.audiences import integration as audiences
from talon_one_emulator.handlers.audiences import management as audience_lists
from talon_one_emulator.handlers.loyalty import exports, members, points
from talon_one_emulator.handlers.loyalty import integration as loyalty
from talon_one_emulator.handlers.loyalty import management as loyalty_lists

__all__ = [
    "account",
    "achievements",
    "audience_lists",
    "audiences",
    "campaigns",
    "catalogs",
    "coupons",
    "customers",
    "events",
    "exports",
    "loyalty",
    "loyalty_lists",
    "members",
    "points",
    "profiles",
    "referrals",
    "sessions",
]
