"""The bodies of the notifications that Talon.One sends when data change, or before they do.

Source: https://docs.talon.one/outbound-notifications. It does not say what ``StartDate`` holds for points without a
start; here it is the time at which they were added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import APPLICATION_ID, raw, stamp
from talon_one_emulator.domain.loyalty import points, programs
from talon_one_emulator.domain.loyalty.transactions import Selection
from talon_one_emulator.handlers import coupons as coupon_handlers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.domain.loyalty.tiers import Tier

Body = dict[str, Any]
Tiers = dict[tuple[int, str], "tuple[Tier | None, Any]"]

_MOST_ITEMS = 1000
_ROUTES = {"manual": "management_api", "session": "rule_engine"}  # imports send no notification
_WORDS = {True: ("addition", "Added"), False: ("subtraction", "Deducted")}


def points_changed(account: Account, ids: Sequence[int]) -> list[Body]:
    """Return a notification for each of these ledger rows that was not imported."""
    return [_points(account, row) for row in _ledger(account, ids) if row["kind"] in _ROUTES]


def _ledger(account: Account, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    for first in range(0, len(ids), _MOST_ITEMS):
        some = ids[first : first + _MOST_ITEMS]
        cursor = account.store.db.execute(
            "SELECT l.id, l.program, l.card, c.identifier, p.integration_id, l.addition, l.amount, l.created, l.starts,"  # noqa: S608
            " l.expires, l.subledger, l.session, l.uuid, l.kind, l.head, g.users_per_card FROM ledger l"
            " JOIN programs g ON g.id = l.program LEFT JOIN cards c ON c.id = l.card LEFT JOIN profiles p"
            f" ON p.id = l.profile WHERE l.id IN ({', '.join('?' * len(some))}) ORDER BY l.id",
            some,
        )
        names = [column[0] for column in cursor.description]
        yield from (dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def _points(account: Account, row: Mapping[str, Any]) -> Body:
    operation, word = _WORDS[bool(row["addition"])]
    on_action = row["starts"] == timestamps.FOREVER
    body = {
        "LoyaltyProgramID": row["program"],
        "SubledgerID": row["subledger"],
        "Amount": raw(row["amount"]),
        "Reason": json_text.decode("{" + row["head"] + "}")["name"],
        "TypeOfChange": _ROUTES[row["kind"]],
        "EmployeeName": "Manager" if row["kind"] == "manual" else "",
        "UserID": 1 if row["kind"] == "manual" else 0,
        "Operation": operation,
        "StartDate": None if on_action else stamp(row["starts"]),
        "ExpiryDate": None if row["expires"] == timestamps.FOREVER else stamp(row["expires"]),
        "SessionIntegrationID": row["session"] or "",
        **account.since_current(TransactionUUID=row["uuid"]),
    }
    if row["card"] is None:
        return {"NotificationType": f"LoyaltyPoints{word}", "ProfileIntegrationID": row["integration_id"], **body}
    return {
        "NotificationType": f"LoyaltyCardPoints{word}",
        "CardIdentifier": row["identifier"],
        "ProfileIntegrationIDs": _profiles_of(account, row["card"]),
        "UsersPerCardLimit": row["users_per_card"],
        **body,
    }


def _profiles_of(account: Account, card: int) -> list[str]:
    sql = "SELECT p.integration_id FROM card_profiles JOIN profiles p ON p.id = profile WHERE card = ? ORDER BY p.id"
    return [name for (name,) in account.store.rows(sql, [card])]


def tiers_of(account: Account, owners: Iterable[tuple[int, str]]) -> Tiers:
    """Return the tier and the active points in the main ledger of profiles, by program and integration id."""
    ladders = {program.id: program.ladder for program in programs.all_programs(account)}
    found: Tiers = {}
    for program, name in dict.fromkeys(owners):
        ladder = ladders.get(program)
        profile = account.store.scalar("SELECT id FROM profiles WHERE integration_id = ?", [name])
        if ladder is not None and ladder.tiers and profile is not None:
            chosen = Selection(program=program, profile=profile)
            balance = programs.balances(account, chosen, account.now()).get("", programs.EMPTY)
            found[program, name] = (ladder.at(balance), balance)
    return found


def tiers_changed(account: Account, before: Tiers) -> list[Body]:
    """Return a notification for each direction in which tiers have changed since ``before``."""
    items: dict[str, list[Body]] = {"TierUpgrade": [], "TierDowngrade": []}
    ladders = {program.id: program.ladder for program in programs.all_programs(account)}
    for (program, name), (tier, balance) in tiers_of(account, before).items():
        old = before[program, name][0]
        if tier == old or tier is None:
            continue
        described = ladders[program].describe(balance, account.now())
        upgrade = old is None or tier.min_points > old.min_points
        item = {
            "CustomerProfileID": name,
            "LoyaltyProgramID": program,
            "SubledgerID": "",
            "CurrentTier": tier.name,
            "CurrentPoints": balance.active,
            "OldTier": old.name if old else "",
            "TierExpirationDate": described["currentTier"]["expiryDate"],
            "TimestampOfTierChange": stamp(account.now()),
        }
        if upgrade:
            more = {"NextTier": described["nextTierName"], "PointsRequiredToTheNextTier": described["pointsToNextTier"]}
            items["TierUpgrade"].append({**item, **more})
        else:
            items["TierDowngrade"].append(item)
    return [body for kind, found in items.items() for body in _in_batches(kind, found)]


def coupons_created(account: Account, ids: Sequence[int]) -> list[Body]:
    """Return a notification of new coupons: with all of them, or for more than 1,000 only with the id of the batch."""
    common = {
        "NotificationType": "CouponCreated",
        "TypeOfChange": "management_api",
        "Operation": "CouponCreated",
        "EmployeeName": "Manager",
    }
    if len(ids) > _MOST_ITEMS:
        return [{**common, "BatchID": f"batch-{ids[0]}"}]
    sql = f"SELECT {coupon_handlers.COLUMNS} FROM coupons WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY id"  # noqa: S608
    rows = account.store.rows(sql, ids)
    data = [{**coupon_handlers.describe(account, row), "ApplicationId": APPLICATION_ID} for row in rows]
    return [{**common, "totalResultSize": len(data), "data": data}]


def campaigns_created(account: Account, ids: Sequence[int]) -> list[Body]:
    """Return the notifications of new campaigns, up to five in each."""
    rows = account.store.rows("SELECT id, created, name, state FROM campaigns ORDER BY id")
    items: list[Body] = [
        {
            "Event": "campaign_created",
            "campaign": {
                "id": campaign, "created": stamp(created), "applicationId": APPLICATION_ID, "userId": 1, "name": name,
                "state": state,
            },
            "ruleset": None,
            "placeholders": [],
            "evaluationPosition": {"groupId": 1, "groupName": "Default", "position": campaign},
        }
        for campaign, created, name, state in rows
        if campaign in set(ids)
    ]  # fmt: skip
    return _in_batches("CampaignNotification", items, 5)


def points_expiring(account: Account, days: float) -> list[Body]:
    """Return the notifications of active points that expire within so many days."""
    end = account.now() + int(days * timestamps.DAY)
    rows = account.store.rows(
        "SELECT id FROM ledger WHERE addition AND expires > ? AND expires <= ? ORDER BY id", [account.now(), end]
    )
    items: dict[str, list[Body]] = {"LoyaltyPointsExpiring": [], "LoyaltyCardPointsExpiring": []}
    for row in _ledger(account, [row for (row,) in rows]):
        profile = account.store.scalar("SELECT profile FROM ledger WHERE id = ?", [row["id"]])
        left = points.left_by_row(
            account, Selection(program=row["program"], card=row["card"], profile=profile), "active"
        ).get(row["id"])
        if not left:
            continue
        item = {
            "ExpiryDate": stamp(row["expires"])[:10],
            "LoyaltyProgramID": row["program"],
            "SubledgerID": row["subledger"],
            "AmountOfExpiringPoints": left,
        }
        if row["card"] is None:
            items["LoyaltyPointsExpiring"].append({**item, "CustomerProfileID": row["integration_id"]})
        else:
            names = _profiles_of(account, row["card"])
            card = {"CardIdentifier": row["identifier"], "UsersPerCardLimit": row["users_per_card"], "Profiles": names}
            items["LoyaltyCardPointsExpiring"].append({**item, **card})
    return [body for kind, found in items.items() for body in _in_batches(kind, found)]


def _in_batches(kind: str, items: Sequence[Body], most: int = _MOST_ITEMS) -> list[Body]:
    parts = [items[first : first + most] for first in range(0, len(items), most)]
    return [{"NotificationType": kind, "TotalResultSize": len(part), "Data": part} for part in parts]
