"""A few rows of every kind, for a first look and for the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.control import fixtures
from talon_one_emulator.control.promotion_fixtures import add_coupon
from talon_one_emulator.domain import prices, profiles
from talon_one_emulator.seeds import empty

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account

_ATTRIBUTES = (
    ("CustomerProfile", "Name", "string"),
    ("CustomerProfile", "Email", "string"),
    ("CustomerProfile", "birthday", "time"),
    ("CustomerProfile", "points_goal", "number"),
    ("CustomerProfile", "newsletter", "boolean"),
    ("CustomerProfile", "interests", "(list string)"),
    ("CustomerSession", "channel", "string"),
    ("CartItem", "colour", "string"),
    ("CartItem", "weight_kg", "number"),
    ("Referral", "note", "string"),
)
_PROFILES: tuple[dict[str, Any], ...] = (
    {"integrationId": "ada", "attributes": {"Name": "Ada", "points_goal": 500, "newsletter": True}},
    {"integrationId": "ben", "attributes": {"Name": "Ben", "interests": ["tea", "hiking"]}},
    {"integrationId": "chloé/ö%20", "attributes": {"Name": "Chloé"}},
)
_ROWS: tuple[dict[str, Any], ...] = (
    {"card": "card-ada", "amount": "100.50", "created": "2025-01-10T09:30:00Z", "expiryDate": "2026-01-10T09:30:00Z",
     "name": "Welcome", "rulesetId": 1, "ruleName": "Hello", "customerSessionId": "order-1", "kind": "session"},
    {"card": "card-ada", "type": "subtraction", "amount": "20.25", "created": "2025-02-01T12:00:00Z"},
    {"card": "card-ada", "amount": "30", "created": "2025-02-02T12:00:00Z", "startDate": "2099-01-01T00:00:00Z"},
    {"card": "card-ada", "amount": "7.5", "created": "2025-02-03T12:00:00Z", "subledgerId": "bonus", "kind": "import"},
    {"card": "card-ben", "amount": "12345678901234.56", "created": "2025-03-01T00:00:00.000001Z"},
    {"card": "card-ben", "amount": "5", "created": "2025-03-01T00:00:00.000002Z", "startDate": "on_action"},
    {"program": 2, "profile": "ada", "amount": "42", "created": "2025-01-10T09:30:00Z"},
    {"program": 2, "profile": "chloé/ö%20", "amount": "0.1", "created": "2025-01-11T09:30:00Z"},
    {"program": 2, "profile": "chloé/ö%20", "type": "subtraction", "amount": "0.3", "created": "2025-01-12T09:30:00Z"},
)  # fmt: skip
_ITEMS: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
    ("MUG-1", "9.99", {"colour": "red", "weight_kg": 1}),
    ("MUG-2", "12.50", {"colour": "blue"}),
    ("TEA-1", None, {}),
)


def load(account: Account) -> None:
    """Replace the data of the account by the demo data."""
    empty.load(account)
    with account.store.transaction():
        for entity, name, kind in _ATTRIBUTES:
            account.attributes.add(entity, name, kind, account.now())
        account.attributes.add("Event", "page", "string", account.now(), "visit")
        for profile in _PROFILES:
            fixtures.add_profile(account, profile)
        for name in ("ada", "ben"):
            fixtures.add_card(account, {"identifier": f"card-{name}", "profiles": [name]})
        fixtures.add_transactions(account, _ROWS)
        add_coupon(account, {"value": "10$OFF_NOW"})
        add_coupon(account, {"value": "WELCOME", "usageLimit": 1})
        _audience(account)
        _items(account)
        prices.observe_items(account)


def _audience(account: Account) -> None:
    now = account.now()
    body = json_text.encode_text({"integration": "crm", "integrationId": "vip"})
    audience = account.store.insert(
        "audiences", created=now, name="VIP", integration="crm", integration_id="vip", body=body
    )
    for profile in profiles.ids_of(account, ["ada", "ben"]).values():
        account.store.insert("memberships", audience=audience, profile=profile)


def _items(account: Account) -> None:
    for sku, price, attributes in _ITEMS:
        account.store.insert(
            "items",
            catalog=1,
            sku=sku,
            created=account.now(),
            price=price,
            attributes=json_text.encode_text(attributes),
            product=json_text.encode_text({"name": sku.split("-", maxsplit=1)[0].title()}),
            version=1,
        )
