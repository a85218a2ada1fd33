"""Streams of profiles, sessions and coupons by their ids."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from tap_talon_one import schemas as s
from tap_talon_one.streams.model import Stream, StreamGroup

CUSTOMER_PROFILES = Stream(
    "customer_profiles",
    ("integrationId",),
    lambda: s.section_row("CustomerInventory", "profile", source=s.STRING),
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
    lambda: s.partial_row(s.section_row("IntegrationCustomerSessionResponse", "customerSession"), ("integrationId",)),
    "Customer sessions with their carts.",
)
COUPON_RESERVATIONS = Stream(
    "coupon_reservations",
    ("couponValue", "integrationId"),
    lambda: s.page_row("ReservedCustomers", couponValue=s.STRING),
    "Profiles for which a coupon is reserved.",
)

CUSTOMER_GROUPS: tuple[StreamGroup, ...] = (
    StreamGroup(
        "customer_inventory",
        ep.GET_CUSTOMER_INVENTORY,
        "profile",
        (CUSTOMER_PROFILES, CUSTOMER_COUPONS, CUSTOMER_REFERRALS, CUSTOMER_GIVEAWAYS, CUSTOMER_LOYALTY),
        "inventory",
        strategy_setting="profiles_strategy",
    ),
    StreamGroup(
        "customer_sessions",
        ep.GET_CUSTOMER_SESSION,
        "session",
        (CUSTOMER_SESSIONS,),
        "session",
        strategy_setting="exports_strategy",
    ),
    StreamGroup("coupon_reservations", ep.GET_RESERVED_CUSTOMERS, "coupon", (COUPON_RESERVATIONS,), "reservations"),
)
