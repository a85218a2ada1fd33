"""Creation of data that the API itself cannot create: programs, cards, catalogs, coupons, ledger rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from typing import Any, TypeVar, get_args

from talon_one_emulator.api import json_text
from talon_one_emulator.domain import profiles, timestamps
from talon_one_emulator.domain.account import APPLICATION_ID, Account
from talon_one_emulator.domain.loyalty import tiers, transactions
from talon_one_emulator.domain.promotions import achievements

Record = Mapping[str, Any]
T = TypeVar("T")

_ROW_FIELDS = frozenset({
    "program", "card", "profile", "type", "amount", "created", "name", "startDate", "expiryDate", "subledgerId",
    "customerSessionId", "sessionId", "rulesetId", "ruleName", "kind", "validityDuration",
})  # fmt: skip


_ACHIEVEMENT_DEFAULTS: Record = {
    "description": "",
    "recurrencePolicy": "no_recurrence",
    "activationPolicy": "user_action",
    "allowRollbackAfterCompletion": False,
}
_TIERS = ({"name": "Bronze", "minPoints": 0}, {"name": "Silver", "minPoints": 100}, {"name": "Gold", "minPoints": 1000})


def skeleton(account: Account) -> None:
    """Create what every account has: an Application, a campaign, a card-based and a profile-based program, a catalog.

    All have id 1, except the profile-based program, which has id 2.
    """
    now = account.now()
    account.store.insert("applications", id=APPLICATION_ID, created=now, name="Shop")
    account.store.insert("campaigns", id=1, created=now, name="Campaign")
    add_program(account, {"id": 1, "name": "cards", "title": "Card program", "cardBased": True, "usersPerCardLimit": 5})
    add_program(account, {"id": 2, "name": "profiles", "title": "Profile program", "cardBased": False, "tiers": _TIERS})
    add_catalog(account, {"id": 1, "name": "Products"})


def add_program(account: Account, given: Record) -> int:
    """Create a loyalty program from ``{id, name, title, cardBased, usersPerCardLimit, tiers, cardCodeSettings}``.

    ``name`` is required. ``tiers`` of a profile-based program is a list of ``{name, minPoints}``. ``cardCodeSettings``
    of a card-based one is ``{couponPattern, validCharacters}``; each # of the pattern becomes a character.
    """
    name, codes = text(given, "name"), given.get("cardCodeSettings")
    return account.store.insert(
        "programs",
        id=given.get("id"),
        created=account.now(),
        name=name,
        title=str(given.get("title", name)),
        card_based=int(bool(given.get("cardBased", True))),
        users_per_card=int(given.get("usersPerCardLimit", 0)),
        tiers=tiers.to_json(given.get("tiers", ())),
        codes=None if codes is None else json_text.encode_text(codes),
    )


def add_catalog(account: Account, given: Record) -> int:
    """Create a catalog from ``{id, name}``."""
    now = account.now()
    return account.store.insert("catalogs", id=given.get("id"), created=now, modified=now, name=text(given, "name"))


def add_achievement(account: Account, given: Record) -> int:
    """Create an achievement from ``{id, name, title, target, campaignId, fixedStartDate, endDate}`` and its policies.

    ``name`` and ``target`` are required. The others are ``description``, ``period``, ``recurrencePolicy``,
    ``activationPolicy`` and ``allowRollbackAfterCompletion``.
    """
    known = {"id", "name", "title", "target", "campaignId", "fixedStartDate", "endDate", "period"}
    refuse_unknown("an achievement", given, known | _ACHIEVEMENT_DEFAULTS.keys())
    name = text(given, "name")
    body = {key: given.get(key, default) for key, default in _ACHIEVEMENT_DEFAULTS.items()}
    return account.store.insert(
        "achievements",
        id=given.get("id"),
        created=account.now(),
        campaign=int(given.get("campaignId", 1)),
        name=name,
        title=str(given.get("title", name)),
        target=json_text.number(given.get("target")),
        starts=parsed(given, "fixedStartDate"),
        ends=parsed(given, "endDate"),
        body=json_text.encode_text({**body, **({"period": given["period"]} if "period" in given else {})}),
    )


def add_achievement_progress(account: Account, given: Record) -> int:
    """Record progress from ``{achievement, profile, progress, startDate, endDate}``; a missing profile is created.

    Progress continues the attempt that is in progress; ``startDate`` begins a new one.
    """
    refuse_unknown("progress", given, {"achievement", "profile", "progress", "startDate", "endDate"})
    found = achievements.select(account, "id = ?", [int(given.get("achievement", 1))])
    if not found:
        raise ValueError(f"there is no achievement {given.get('achievement', 1)!r}")
    name = text(given, "profile")
    return achievements.record(
        account,
        profiles.ensure(account, [name])[name],
        found[0],
        json_text.number(given.get("progress")),
        started=parsed(given, "startDate"),
        ends=parsed(given, "endDate"),
    )


def add_attribute(account: Account, given: Record) -> None:
    """Create an attribute from ``{entity, name, type, eventType}``."""
    account.attributes.add(
        text(given, "entity"), text(given, "name"), text(given, "type"), account.now(), given.get("eventType", "")
    )


def add_profile(account: Account, given: Record) -> int:
    """Create a profile from ``{integrationId, attributes, closedSessions, totalSales}``; attributes are not checked."""
    name = text(given, "integrationId")
    profiles.write(account, {name: given.get("attributes")})
    account.store.db.execute(
        "UPDATE profiles SET closed_sessions = ?, total_sales = ? WHERE integration_id = ?",
        (int(given.get("closedSessions", 0)), json_text.number(given.get("totalSales", 0)), name),
    )
    return profiles.ids_of(account, [name])[name]


def add_card(account: Account, given: Record) -> int:
    """Create a card from ``{program, identifier, profiles, status, batchId}``, and its profiles if they are missing."""
    now = account.now()
    card = account.store.insert(
        "cards",
        program=int(given.get("program", 1)),
        identifier=text(given, "identifier"),
        created=now,
        modified=now,
        status=given.get("status", "active"),
        batch=given.get("batchId", ""),
    )
    for profile in profiles.ensure(account, given.get("profiles", ())).values():
        account.store.insert("card_profiles", card=card, profile=profile, linked=now)
    return card


def add_transactions(account: Account, given: Iterable[Record]) -> list[int]:
    """Insert ledger rows and return their ids.

    Each row is ``{program, card or profile, type, amount}``. Optional are ``created`` (default: now), ``startDate``
    (``immediate``), ``expiryDate`` (``unlimited``), ``subledgerId`` (main ledger), ``kind`` (``manual``), ``name``,
    ``customerSessionId``, ``sessionId``, ``rulesetId``, ``ruleName`` and ``validityDuration``.

    Raises:
        ValueError: a row is invalid, or its card or profile does not exist.
    """
    return transactions.insert(account.store, [_row(account, each) for each in given])


def _row(account: Account, given: Record) -> transactions.NewRow:
    refuse_unknown("a ledger row", given, _ROW_FIELDS)
    program = int(given.get("program", 1))
    card, profile, owner = _owner(account, program, given)
    amount = json_text.number(given.get("amount"))
    if Decimal(amount) < 0:
        raise ValueError("amount must not be negative; type gives the direction")
    if given.get("type", "addition") not in ("addition", "subtraction"):
        raise ValueError("type must be addition or subtraction")
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
        raise ValueError("a ledger row must name either a card or a profile")
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
        raise ValueError(f"kind must be {' or '.join(get_args(transactions.Kind))}, not {given!r}")
    kind: transactions.Kind = given
    return kind


def _optional(given: Record, name: str, kind: type[T]) -> T | None:
    value = given.get(name)
    if value is not None and type(value) is not kind:
        raise ValueError(f"{name} must be of type {kind.__name__}, not {type(value).__name__}")
    return value


def _instant(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        timestamps.parse(text)
    return text


def parsed(given: Record, name: str) -> int | None:
    """Return a field that is an instant, in microseconds; None without it."""
    text = given.get(name)
    return None if text is None else timestamps.parse(text)


def refuse_unknown(what: str, given: Record, known: Set[str]) -> None:
    """Raise ValueError if a record has a field that is not known."""
    unknown = given.keys() - known
    if unknown:
        raise ValueError(f"{what} has no field {sorted(unknown)[0]!r}")


def text(given: Record, name: str) -> str:
    """Return a field that must be a text. Raise ValueError if it is empty or missing."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is required")
    return value
