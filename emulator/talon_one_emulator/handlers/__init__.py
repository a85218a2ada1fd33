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
from talon_one_emulator.handlers.imports import loyalty as loyalty_imports
from talon_one_emulator.handlers.imports import promotions as promotion_imports
from talon_one_emulator.handlers.loyalty import exports, members, points
from talon_one_emulator.handlers.loyalty import integration as loyalty
from talon_one_emulator.handlers.loyalty import management as loyalty_lists
from talon_one_emulator.handlers.management import account_lists, achievement_lists, codes, figures
from talon_one_emulator.handlers.management import campaigns as campaign_lists
from talon_one_emulator.handlers.management import events as event_lists
from talon_one_emulator.handlers.management import members as member_exports
from talon_one_emulator.handlers.management import sessions as session_exports

__all__ = [
    "account",
    "account_lists",
    "achievement_lists",
    "achievements",
    "audience_lists",
    "audiences",
    "campaign_lists",
    "campaigns",
    "catalogs",
    "codes",
    "coupons",
    "customers",
    "event_lists",
    "events",
    "exports",
    "figures",
    "loyalty",
    "loyalty_imports",
    "loyalty_lists",
    "member_exports",
    "members",
    "points",
    "profiles",
    "promotion_imports",
    "referrals",
    "session_exports",
    "sessions",
]
