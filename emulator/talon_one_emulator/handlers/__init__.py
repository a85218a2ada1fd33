"""One module per area of the API; importing this package registers every handler."""

from talon_one_emulator.handlers import (
    account,
    audience_lists,
    audiences,
    catalogs,
    coupons,
    customers,
    events,
    exports,
    loyalty,
    loyalty_lists,
    profiles,
    referrals,
    sessions,
)

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
