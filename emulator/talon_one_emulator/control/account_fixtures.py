"""Creation of stores, collections, giveaways and changes, which people make in the Campaign Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_emulator.api import json_text
from talon_one_emulator.control.fixtures import Record, parsed, refuse_unknown, text
from talon_one_emulator.domain import profiles

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account


def add_store(account: Account, given: Record) -> int:
    """Create a store from ``{name, integrationId, description, attributes, linkedCampaignIds}``."""
    refuse_unknown("a store", given, {"name", "integrationId", "description", "attributes", "linkedCampaignIds"})
    return account.store.insert(
        "stores",
        created=account.now(),
        name=text(given, "name"),
        description=str(given.get("description", "")),
        integration_id=text(given, "integrationId"),
        attributes=json_text.encode_text(given.get("attributes", {})),
        campaigns=json_text.encode_text(given.get("linkedCampaignIds", [])),
    )


def add_collection(account: Account, given: Record) -> int:
    """Create a collection from ``{name, description, campaignId, items}``; without ``campaignId`` of the account."""
    refuse_unknown("a collection", given, {"name", "description", "campaignId", "items"})
    collection = account.store.insert(
        "collections",
        created=account.now(),
        name=text(given, "name"),
        description=str(given.get("description", "")),
        campaign=given.get("campaignId"),
    )
    account.store.db.executemany(
        "INSERT INTO collection_items (collection, item) VALUES (?, ?)",
        [(collection, str(item)) for item in given.get("items", ())],
    )
    return collection


def add_giveaway(account: Account, given: Record) -> int:
    """Create a giveaway from ``{pool, code, startDate, endDate, attributes, profile}``; with a profile it is used."""
    refuse_unknown("a giveaway", given, {"pool", "code", "startDate", "endDate", "attributes", "profile"})
    name = given.get("profile")
    return account.store.insert(
        "giveaways",
        created=account.now(),
        pool=int(given.get("pool", 1)),
        code=text(given, "code"),
        starts=parsed(given, "startDate"),
        ends=parsed(given, "endDate"),
        attributes=json_text.encode_text(given.get("attributes", {})),
        used=int(name is not None),
        profile=None if name is None else profiles.ensure(account, [name])[name],
    )


def add_change(account: Account, given: Record) -> int:
    """Record a change from ``{entity, userId, applicationId, created, old, new, managementKeyId}``."""
    known = {"entity", "userId", "applicationId", "created", "old", "new", "managementKeyId"}
    refuse_unknown("a change", given, known)
    created = parsed(given, "created")
    return account.store.insert(
        "changes",
        created=account.now() if created is None else created,
        user=int(given.get("userId", 1)),
        application=given.get("applicationId"),
        entity=text(given, "entity"),
        old=json_text.encode_text(given["old"]) if "old" in given else None,
        new=json_text.encode_text(given["new"]) if "new" in given else None,
        management_key=given.get("managementKeyId"),
    )
