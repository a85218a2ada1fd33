"""The identity of a destination in a store, in a canonical form that does not depend on how the settings spell it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from talon_one_client.connection.base_url import normalized
from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.instants import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_talon_one.config.destination_config import DestinationConfig

_AUDIENCE = "audience "  # how a store remembers the id of an audience: "audience BASE_URL NAME"
_HOW = ("version", "missing_price")  # how rows are sent, not where they go
_DATES = ("start_date", "expiry_date")


def identity_of(config: DestinationConfig, target: Mapping[str, Any], base_url: str) -> str:
    """Return the identity of a destination: Talon.One's address, the sink, and which audience, catalog or program."""
    if target.get("audience_id") is not None:
        which: Any = {"audience": target["audience_id"]}
    else:
        which = {name: target[name] for name in sorted(config.target) if name not in _HOW}
    return _text([base_url, config.sink.name, which])


def canonical_identity(identity: str) -> str:
    """Return the identity as ``identity_of`` writes it today; stores of older versions hold other spellings."""
    try:
        base_url, kind, which = json.loads(identity)
        dates = {name: instant_of(which[name]) for name in _DATES if name in which}
        return _text([normalized(base_url), kind, which | dates])
    except (ValueError, TypeError, AttributeError, ConversionError):
        return identity


def described(identity: str) -> str:
    """Return an identity for people, like ``audience_members at https://…, audience 7``; "" if it is none."""
    try:
        base_url, kind, which = json.loads(identity)
        names = _names(which)
    except (ValueError, TypeError, AttributeError):
        return ""
    return ", ".join([f"{kind} at {base_url}", *names])


def same_destination(one: str, other: str, identity: str) -> str:
    """Return the message that two syncs write to one destination, which it names, like ``audience VIP``."""
    _, kind, which = json.loads(identity)
    named = ", ".join(_names(which))
    return f"{one} and {other} write to the same {kind}{named and f' ({named})'}; let only one of them do it"


def _names(which: Mapping[str, Any]) -> list[str]:
    return [f"{name.removesuffix('_id')} {_plain(value)}" for name, value in which.items()]


def _plain(value: Any) -> str:
    return str(value.get("name", value)) if isinstance(value, dict) else str(value)


def merge_spellings(run: Callable[..., list[Any]]) -> None:
    """Merge the destinations that a store keeps under several spellings of one identity.

    Rows that were acknowledged under only one spelling stay acknowledged. Where two spellings hold different rows, the
    row that was sent last is unknown: it becomes uncertain, so that the next run sends or removes it.

    Args:
        run: runs a statement of the store, in a transaction.
    """
    numbers: dict[str, int] = {}
    for number, identity in run("SELECT id, identity FROM destinations ORDER BY id"):
        spelled = canonical_identity(identity)
        if spelled in numbers:
            _move(run, number, numbers[spelled])
            continue
        numbers[spelled] = number
        if spelled != identity:
            run("UPDATE destinations SET identity = ? WHERE id = ?", spelled, number)
    for name, value in run("SELECT name, value FROM remembered WHERE starts_with(name, ?)", _AUDIENCE):
        spelled = _audience(name)
        if spelled != name:
            run("DELETE FROM remembered WHERE name = ?", name)
            known = "SELECT 1 FROM remembered WHERE name = ?"
            run(f"INSERT INTO remembered SELECT ?, ? WHERE NOT EXISTS ({known})", spelled, value, spelled)


def _move(run: Callable[..., list[Any]], number: int, into: int) -> None:
    run(
        f"UPDATE sent_{into} AS s SET fingerprint = NULL FROM sent_{number} AS o "  # noqa: S608 - the numbers are integers
        "WHERE s.key = o.key AND s.fingerprint IS DISTINCT FROM o.fingerprint"
    )
    known = f"SELECT key FROM sent_{into}"  # noqa: S608
    run(f"INSERT INTO sent_{into} SELECT * FROM sent_{number} WHERE key NOT IN ({known})")  # noqa: S608
    for table in ("rejects", "run_destinations", "imports"):
        run(f"UPDATE {table} SET destination = ? WHERE destination = ?", into, number)  # noqa: S608
    for table in ("sent", "changes", "done", "begun"):
        run(f"DROP TABLE {table}_{number}")
    run("DELETE FROM destinations WHERE id = ?", number)
    run("UPDATE destinations SET generation = generation + 1 WHERE id = ?", into)


def _audience(name: str) -> str:
    base_url, _, audience = name.removeprefix(_AUDIENCE).partition(" ")
    try:
        return f"{_AUDIENCE}{normalized(base_url)} {audience}"
    except ValueError:
        return name


def _text(values: list[Any]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))
