"""Stores, collections, giveaways, and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import not_found
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, raw, stamp
from talon_one_emulator.domain.loyalty.transactions import ORDERS
from talon_one_emulator.handlers.listing import count, ordering, window, with_optional_total
from talon_one_emulator.handlers.management.csv_answer import csv_answer
from talon_one_emulator.handlers.management.filters import between, check_application, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_emulator.handlers.management.filters import Test

_ORDERS = {"id": "id", "created": "created", "name": "name"}
_CHANGE_ORDERS = {"id": "id", "created": "created", "userId": "user"}
_GIVEAWAYS = "id,poolid,code,startdate,enddate,attributes,used,importid,created,profileintegrationid,profileid"


@handles(endpoints.LIST_STORES)
def list_stores(call: Call) -> Answer:
    """List the stores of an Application."""
    check_application(call)
    query = call.query
    condition, args = where([
        ("name = ?", query.get("name")),
        ("integration_id = ?", query.get("integrationId")),
        ("instr(lower(name || ' ' || integration_id), lower(?))", query.get("query")),
        ("? IN (SELECT value FROM json_each(campaigns))", query.get("campaignId")),
    ])  # fmt: skip
    order = ordering(query.get("sort"), _ORDERS, "id")
    columns = "id, created, name, description, integration_id, attributes, campaigns"
    rows, more = window(call, "stores", condition, args, order=order, columns=columns)
    data = [_store(row) for row in rows]
    return with_optional_total(call, data, more, lambda: count(call, "stores", condition, args))


def _store(row: tuple[Any, ...]) -> dict[str, Any]:
    store, created, name, description, integration_id, attributes, campaigns = row
    return {
        "id": store,
        "created": stamp(created),
        "updated": stamp(created),
        "applicationId": APPLICATION_ID,
        "name": name,
        "description": description,
        "integrationId": integration_id,
        "attributes": raw(attributes),
        "linkedCampaignIds": raw(campaigns),
    }


@handles(endpoints.LIST_ACCOUNT_COLLECTIONS)
def list_account_collections(call: Call) -> Answer:
    """List the collections of the account, without those of campaigns."""
    return _collections(call, ("campaign IS NULL AND ?", True))


@handles(endpoints.LIST_COLLECTIONS_IN_APPLICATION)
def list_collections_in_application(call: Call) -> Answer:
    """List the collections of the campaigns of an Application."""
    check_application(call)
    return _collections(call, ("campaign IS NOT NULL AND ?", True))


def _collections(call: Call, kind: Test) -> Answer:
    condition, args = where([kind, ("name = ?", call.query.get("name"))])
    order = ordering(call.query.get("sort"), _ORDERS, "id")
    columns = "id, created, name, description, campaign"
    rows, more = window(call, "collections", condition, args, order=order, columns=columns)
    data = [_collection(row) for row in rows]
    return with_optional_total(call, data, more, lambda: count(call, "collections", condition, args))


def _collection(row: tuple[Any, ...]) -> dict[str, Any]:
    collection, created, name, description, campaign = row
    of_campaign = {"applicationId": APPLICATION_ID, "campaignId": campaign}
    return {
        "id": collection,
        "created": stamp(created),
        "modified": stamp(created),
        "accountId": ACCOUNT_ID,
        "createdBy": 1,
        "name": name,
        "description": description,
        **({"subscribedApplicationsIds": [APPLICATION_ID]} if campaign is None else of_campaign),
    }


@handles(endpoints.GET_COLLECTION_ITEMS)
def get_collection_items(call: Call) -> Answer:
    """List the items of a collection, of the account or of a campaign."""
    collection = call.path["collectionId"]
    if call.account.store.row("SELECT 1 FROM collections WHERE id = ?", [collection]) is None:
        raise not_found(call.endpoint, "collection")
    rows, more = window(call, "collection_items", "collection = ?", [collection], order="item", columns="item")
    return ok({"hasMore": more, "data": [{"item": item} for (item,) in rows]})


@handles(endpoints.EXPORT_POOL_GIVEAWAYS)
def export_pool_giveaways(call: Call) -> Answer:
    """Export the giveaways of a pool; a pool without any is unknown."""
    if call.account.store.row("SELECT 1 FROM giveaways WHERE pool = ?", [call.path["poolId"]]) is None:
        raise not_found(call.endpoint, "giveaway pool")
    condition, args = where([
        ("g.pool = ?", call.path["poolId"]),
        *between(call, "g.created", "createdAfter", "createdBefore"),
    ])  # fmt: skip
    rows = call.account.store.rows(
        "SELECT g.id, g.pool, g.code, g.starts, g.ends, g.attributes, g.used, g.created, p.integration_id, p.id"  # noqa: S608
        f" FROM giveaways g LEFT JOIN profiles p ON p.id = g.profile WHERE {condition} ORDER BY g.id",
        args,
    )
    return csv_answer(call, _GIVEAWAYS, _giveaways(rows))


def _giveaways(rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for giveaway, pool, code, starts, ends, attributes, used, created, name, profile in rows:
        yield {
            "id": giveaway,
            "poolid": pool,
            "code": code,
            "startdate": "" if starts is None else stamp(starts),
            "enddate": "" if ends is None else stamp(ends),
            "attributes": attributes,
            "used": "true" if used else "false",
            "created": stamp(created),
            "profileintegrationid": name or "",
            "profileid": "" if profile is None else profile,
        }


@handles(endpoints.GET_CHANGES)
def get_changes(call: Call) -> Answer:
    """List the audit log; the order without ``sort`` is that of the switch ``order``."""
    query = call.query
    condition, args = where([
        ("application = ?", query.get("applicationId")),
        ("instr(entity, ?)", query.get("entityPath")),
        ("user = ?", query.get("userId")),
        ("management_key = ?", query.get("managementKeyId")),
        *between(call, "created", "createdAfter", "createdBefore"),
    ])  # fmt: skip
    order = ordering(query.get("sort"), _CHANGE_ORDERS, ORDERS[call.account.switches.order])
    columns = "id, created, user, application, entity, old, new, management_key"
    rows, more = window(call, "changes", condition, args, order=order, columns=columns)
    data = [_change(row) for row in rows]
    return with_optional_total(call, data, more, lambda: count(call, "changes", condition, args))


def _change(row: tuple[Any, ...]) -> dict[str, Any]:
    change, created, user, application, entity, old, new, key = row
    optional = {"applicationId": application, "old": raw(old), "new": raw(new), "managementKeyId": key}
    return {
        "id": change,
        "created": stamp(created),
        "userId": user,
        "entity": entity,
        **{name: value for name, value in optional.items() if value is not None},
    }
