"""Making things in the account that the API itself does not make: programs, cards, catalogs, coupons, ledger rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar, get_args

from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.domain import profiles as people
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import APPLICATION_ID, Account
from talon_one_emulator.domain.loyalty import tiers, transactions

Record = Mapping[str, Any]
T = TypeVar("T")

_ROW_FIELDS = frozenset({
    "program", "card", "profile", "type", "amount", "created", "name", "startDate", "expiryDate", "subledgerId",
    "customerSessionId", "sessionId", "rulesetId", "ruleName", "kind", "validityDuration",
})  # fmt: skip


_TIERS = ({"name": "Bronze", "minPoints": 0}, {"name": "Silver", "minPoints": 100}, {"name": "Gold", "minPoints": 1000})


def skeleton(account: Account) -> None:
    """What every account has: an Application, a campaign, a card-based and a profile-based program, a catalog.

    All have id 1, but for the profile-based program, which is 2.
    """
    now = account.now()
    account.store.insert("applications", id=APPLICATION_ID, created=now, name="Shop")
    account.store.insert("campaigns", id=1, created=now, name="Campaign")
    add_program(account, {"id": 1, "name": "cards", "title": "Card program", "cardBased": True, "usersPerCardLimit": 5})
    add_program(account, {"id": 2, "name": "profiles", "title": "Profile program", "cardBased": False, "tiers": _TIERS})
    add_catalog(account, {"id": 1, "name": "Products"})


def add_program(account: Account, given: Record) -> int:
    """A loyalty program from ``{id, name, title, cardBased, usersPerCardLimit, tiers}``; all optional but ``name``.

    ``tiers`` are ``[{name, minPoints}]``, of a profile-based program.
    """
    name = _text(given, "name")
    return account.store.insert(
        "programs",
        id=given.get("id"),
        created=account.now(),
        name=name,
        title=str(given.get("title", name)),
        card_based=int(bool(given.get("cardBased", True))),
        users_per_card=int(given.get("usersPerCardLimit", 0)),
        tiers=tiers.kept(given.get("tiers", ())),
    )


def add_catalog(account: Account, given: Record) -> int:
    """A catalog from ``{id, name}``."""
    now = account.now()
    return account.store.insert("catalogs", id=given.get("id"), created=now, modified=now, name=_text(given, "name"))


def add_campaign(account: Account, given: Record) -> int:
    """A campaign from ``{id, name}``."""
    return account.store.insert("campaigns", id=given.get("id"), created=account.now(), name=_text(given, "name"))


def add_coupon(account: Account, given: Record) -> int:
    """A coupon from ``{value, campaignId, usageLimit}``."""
    return account.store.insert(
        "coupons",
        created=account.now(),
        campaign=int(given.get("campaignId", 1)),
        value=_text(given, "value"),
        usage_limit=int(given.get("usageLimit", 0)),
    )


def add_attribute(account: Account, given: Record) -> None:
    """An attribute from ``{entity, name, type, eventType}``."""
    account.attributes.add(
        _text(given, "entity"), _text(given, "name"), _text(given, "type"), account.now(), given.get("eventType", "")
    )


def add_profile(account: Account, given: Record) -> int:
    """A profile from ``{integrationId, attributes}``, its attributes unchecked; ``closedSessions``, ``totalSales``."""
    name = _text(given, "integrationId")
    people.write(account, {name: given.get("attributes")})
    account.store.db.execute(
        "UPDATE profiles SET closed_sessions = ?, total_sales = ? WHERE integration_id = ?",
        (int(given.get("closedSessions", 0)), jsontext.number(given.get("totalSales", 0)), name),
    )
    return people.ids_of(account, [name])[name]


def add_card(account: Account, given: Record) -> int:
    """A card from ``{program, identifier, profiles, status, batchId}``; missing profiles are created."""
    now = account.now()
    card = account.store.insert(
        "cards",
        program=int(given.get("program", 1)),
        identifier=_text(given, "identifier"),
        created=now,
        modified=now,
        status=given.get("status", "active"),
        batch=given.get("batchId", ""),
    )
    for profile in people.ensure(account, given.get("profiles", ())).values():
        account.store.insert("card_profiles", card=card, profile=profile, linked=now)
    return card


def add_transactions(account: Account, given: Iterable[Record]) -> list[int]:
    """Ledger rows; their ids.

    Each is ``{program, card or profile, type, amount}`` and, where the defaults (now, ``immediate``, ``unlimited``, the
    main ledger, ``manual``) do not do, ``created``, ``startDate``, ``expiryDate``, ``subledgerId``, ``name``,
    ``customerSessionId``, ``sessionId``, ``rulesetId``, ``ruleName``, ``validityDuration`` and ``kind``. Cards and
    profiles must exist. Raises ValueError.
    """
    return transactions.insert(account.store, [_row(account, each) for each in given])


def _row(account: Account, given: Record) -> transactions.NewRow:
    unknown = given.keys() - _ROW_FIELDS
    if unknown:
        raise ValueError(f"a ledger row has no field {sorted(unknown)[0]!r}")
    program = int(given.get("program", 1))
    card, profile, owner = _owner(account, program, given)
    amount = jsontext.number(given.get("amount"))
    if Decimal(amount) < 0:
        raise ValueError("amount is positive: the direction is in type")
    if given.get("type", "addition") not in ("addition", "subtraction"):
        raise ValueError("type is addition or subtraction")
    created = given.get("created")
    return transactions.NewRow(
        program=program,
        owner=owner,
        type=given.get("type", "addition"),
        amount=amount,
        created=account.now() if created is None else timestamps.parse(created),
        created_text=created,
        card=card,
        profile=profile,
        name=str(given.get("name", "")),
        start=_instant(given.get("startDate", "immediate"), ("immediate", "on_action")),
        expiry=_instant(given.get("expiryDate", "unlimited"), ("unlimited",)),
        subledger=str(given.get("subledgerId", "")),
        session=_optional(given, "customerSessionId", str),
        session_id=_optional(given, "sessionId", int),
        ruleset=_optional(given, "rulesetId", int),
        rule=_optional(given, "ruleName", str),
        kind=_kind(given.get("kind", "manual")),
        validity=_optional(given, "validityDuration", str),
    )


def _owner(account: Account, program: int, given: Record) -> tuple[int | None, int | None, str]:
    if ("card" in given) == ("profile" in given):
        raise ValueError("a ledger row belongs to a card or to a profile")
    if "card" in given:
        name = str(given["card"])
        found = account.store.scalar("SELECT id FROM cards WHERE program = ? AND identifier = ?", [program, name])
    else:
        name = str(given["profile"])
        found = account.store.scalar("SELECT id FROM profiles WHERE integration_id = ?", [name])
    if found is None:
        raise ValueError(f"there is no {'card' if 'card' in given else 'profile'} {name!r} in program {program}")
    return (found, None, name) if "card" in given else (None, found, name)


def _kind(given: Any) -> transactions.Kind:
    if given not in get_args(transactions.Kind):
        raise ValueError(f"kind is {' or '.join(get_args(transactions.Kind))}, not {given!r}")
    kind: transactions.Kind = given
    return kind


def _optional(given: Record, name: str, kind: type[T]) -> T | None:
    value = given.get(name)
    if value is not None and type(value) is not kind:
        raise ValueError(f"{name} is of type {kind.__name__}, not {type(value).__name__}")
    return value


def _instant(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        timestamps.parse(text)
    return text


def _text(given: Record, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is required")
    return value
