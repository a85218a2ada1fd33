"""Customer profiles: queries, writes, and JSON objects."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text
from talon_one_emulator.domain.account import ACCOUNT_ID, Account, raw, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_COLUMNS = "id, created, integration_id, attributes, closed_sessions, total_sales, last_activity"


class Profile(NamedTuple):
    """A row of table ``profiles``."""

    id: int
    created: int
    integration_id: str
    attributes: str
    closed_sessions: int
    total_sales: str
    last_activity: int


def find(account: Account, integration_id: str) -> Profile | None:
    """Return the profile with this integration id, or None."""
    row = account.store.row(f"SELECT {_COLUMNS} FROM profiles WHERE integration_id = ?", [integration_id])  # noqa: S608
    return Profile(*row) if row else None


def select(account: Account, where: str, args: Sequence[Any] = ()) -> list[Profile]:
    """Return the profiles that match an SQL condition (with its ORDER BY and LIMIT)."""
    rows = account.store.rows(f"SELECT {_COLUMNS} FROM profiles WHERE {where}", args)  # noqa: S608 - constants
    return [Profile(*row) for row in rows]


def ids_of(account: Account, integration_ids: Iterable[str]) -> dict[str, int]:
    """Return the ids of the profiles that exist, by integration id."""
    wanted = list(integration_ids)
    marks = ", ".join("?" * len(wanted))
    return dict(
        account.store.rows(f"SELECT integration_id, id FROM profiles WHERE integration_id IN ({marks})", wanted)  # noqa: S608
    )


def ensure(account: Account, integration_ids: Iterable[str], *, visible: bool = True) -> dict[str, int]:
    """Create the missing profiles and return the ids of all, by integration id.

    A profile that an audience ``add`` created is not visible in lists until the profile or its session is written.
    """
    wanted = dict.fromkeys(integration_ids)
    now = account.now()
    account.store.db.executemany(
        "INSERT INTO profiles (created, integration_id, last_activity, visible) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (integration_id) DO NOTHING",
        [(now, name, now, visible) for name in wanted],
    )
    return ids_of(account, wanted)


def write(account: Account, attributes: Mapping[str, Mapping[str, Any] | None], *, active: bool = False) -> None:
    """Create or update profiles by integration id. Attributes are merged; a null removes its attribute.

    ``active`` says that the Rule Engine runs. Nothing else changes ``lastActivity`` of an existing profile.
    """
    marks = ", ".join("?" * len(attributes))
    stored = dict(
        account.store.rows(
            f"SELECT integration_id, attributes FROM profiles WHERE integration_id IN ({marks})",  # noqa: S608 - marks
            list(attributes),
        )
    )
    now = account.now()
    account.store.db.executemany(
        "INSERT INTO profiles (created, integration_id, attributes, last_activity) VALUES (?1, ?2, ?3, ?1)"
        " ON CONFLICT (integration_id) DO UPDATE SET attributes = excluded.attributes, visible = 1,"
        " last_activity = CASE WHEN ?4 THEN excluded.last_activity ELSE last_activity END",
        [(now, name, merged(stored.get(name), values), active) for name, values in attributes.items()],
    )


def merged(stored: str | None, given: Mapping[str, Any] | None) -> str:
    """Return the JSON text of stored attributes, updated by the given ones; nulls are removed."""
    values = json_text.decode(stored) if stored and stored != "{}" else {}
    values.update(given or {})
    return json_text.encode_text({name: value for name, value in values.items() if value is not None})


def record_sale(account: Account, integration_id: str, sessions: int, amount: Decimal) -> None:
    """Add to the closed sessions and total sales of a profile. Both amounts may be negative."""
    profile = find(account, integration_id)
    if profile is None:
        return
    account.store.db.execute(
        "UPDATE profiles SET closed_sessions = ?, total_sales = ? WHERE id = ?",
        (profile.closed_sessions + sessions, str(Decimal(profile.total_sales) + amount), profile.id),
    )


def describe(account: Account, profiles: Sequence[Profile]) -> list[dict[str, Any]]:
    """Return CustomerProfile objects with their audience memberships."""
    memberships: dict[int, list[dict[str, Any]]] = {}
    ids = ", ".join(str(profile.id) for profile in profiles)
    for profile_id, audience, name in account.store.rows(
        "SELECT m.profile, a.id, a.name FROM memberships m JOIN audiences a ON a.id = m.audience"  # noqa: S608 - integers
        f" WHERE m.profile IN ({ids}) ORDER BY a.id"
    ):
        memberships.setdefault(profile_id, []).append({"id": audience, "name": name})
    return [_describe(profile, memberships.get(profile.id, [])) for profile in profiles]


def _describe(profile: Profile, memberships: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": profile.id,
        "created": stamp(profile.created),
        "integrationId": profile.integration_id,
        "attributes": raw(profile.attributes),
        "accountId": ACCOUNT_ID,
        "closedSessions": profile.closed_sessions,
        "totalSales": raw(profile.total_sales),
        "loyaltyMemberships": None,
        "audienceMemberships": memberships,
        "lastActivity": stamp(profile.last_activity),
        "sandbox": False,
    }
