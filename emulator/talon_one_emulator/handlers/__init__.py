"""Handlers of all operations, one module per area of the API. Importing this package registers them."""

from talon_one_emulator.handlers import account, catalogs, coupons, customers, events, profiles, referrals, sessions
from talon_one_emulator.handlers.audiences import integration as audiences
from talon_one_emulator.handlers.audiences import management as audience_lists
from talon_one_emulator.handlers.loyalty import exports
from talon_one_emulator.handlers.loyalty import integration as loyalty
from talon_one_emulator.handlers.loyalty import management as loyalty_lists

__all__ = [
    "account",
    "audience_lists",
    "audiences",
    "catalogs",
    "coupons",
    "customers",
    "events",
    "exports",
    "loyalty",
    "loyalty_lists",
    "profiles",
    "referrals",
    "sessions",
]
