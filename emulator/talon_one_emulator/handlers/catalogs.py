"""Cart item catalogs: sync and best prior price of the Integration API, the item list of the Management API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems, row_problems
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import Problem, invalid, not_found
from talon_one_emulator.domain import prices, timestamps
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, Account, raw, stamp
from talon_one_emulator.domain.catalog import ActionRefused, apply, refused_attributes
from talon_one_emulator.handlers.listing import count, window, with_optional_total

if TYPE_CHECKING:
    from collections.abc import Mapping


@handles(endpoints.SYNC_CATALOG)
def sync_catalog(call: Call) -> Answer:
    """Apply up to 1000 actions to a catalog and increase its version by one."""
    account, catalog = call.account, int(call.path["catalogId"])
    row = account.store.row("SELECT version FROM catalogs WHERE id = ?", [catalog])
    if row is None:
        raise not_found(call.endpoint, "catalog")
    _check_version(call, row[0])
    actions = call.body["actions"]
    if account.current:
        _check_mix(call)
    problems = _apply_all(call, catalog, row[0] + 1)
    changed = len({_position(problem) for problem in problems}) < len(actions)
    if not problems or (account.switches.batch == "partial" and changed):
        account.store.db.execute(
            "UPDATE catalogs SET version = version + 1, modified = ? WHERE id = ?", (account.now(), catalog)
        )
    raise_problems(call, problems, keep=account.switches.batch == "partial")
    return ok(_describe(account, catalog))


@handles(endpoints.LIST_CATALOG_ITEMS)
def list_catalog_items(call: Call) -> Answer:
    """List the items of a catalog. Their attributes are a list here, unlike in the sync."""
    account, query, catalog = call.account, call.query, int(call.path["catalogId"])
    if account.store.row("SELECT 1 FROM catalogs WHERE id = ?", [catalog]) is None:
        raise not_found(call.endpoint, "catalog")
    tests, args = ["catalog = ?"], [catalog]
    for column, name in (("sku", "sku"), ("json_extract(product, '$.name')", "productNames")):
        if query.get(name) is not None:
            tests.append(f"{column} IN ({', '.join('?' * len(query[name]))})")
            args.extend(query[name])
    where = " AND ".join(tests)
    rows, more = window(
        call, "items", where, args, order="id", columns="id, created, sku, price, catalog, version, attributes, product"
    )
    ids = dict(account.store.rows("SELECT name, id FROM attributes WHERE entity = 'CartItem'"))
    data = [_item(row, ids) for row in rows]
    return with_optional_total(call, data, more, lambda: count(call, "items", where, args))


@handles(endpoints.BEST_PRIOR_PRICE)
def best_prior_price(call: Call) -> Answer:
    """Return the lowest price of each SKU in the days before an instant; SKUs without a price are left out.

    Prices of audiences are not emulated, so a request for an audience returns none.
    """
    body = call.body
    if not body["timeframe"].isascii() or not body["timeframe"].isdigit() or len(body["timeframe"]) > 6:
        raise invalid("Invalid value", "timeframe must be a number of days", pointer="/timeframe")
    try:
        end = timestamps.parse(body["timeframeEndDate"])
    except ValueError as error:
        raise invalid("Invalid value", str(error), pointer="/timeframeEndDate") from error
    if (body.get("target") or {}).get("targetType") == "AUDIENCE":
        return ok([])
    days, end_type = int(body["timeframe"]), body["timeframeEndDateType"]
    found = [prices.best(call.account, sku, end=end, days=days, end_type=end_type) for sku in body["skus"]]
    return ok([prices.describe(each) for each in found if each is not None])


def _check_version(call: Call, stored: int) -> None:
    given = call.body.get("version")
    if given is not None and given != stored and call.account.switches.catalog_version == "match":
        raise invalid("Invalid version", f"the catalog is at version {stored}, not {given}", pointer="/version")


def _check_mix(call: Call) -> None:
    actions = [(index, action) for index, action in enumerate(call.body["actions"]) if index not in call.bad]
    first = actions[0][1]["type"] if actions else None
    seen: set[str] = set()
    for index, action in actions:
        if action["type"] != first:
            why = f"a request must hold one type of action only; this one mixes {first} and {action['type']}"
            raise invalid("Mixed actions", why, pointer=f"/actions/{index}/type")
        sku = action["payload"].get("sku")
        if sku is not None and sku in seen:
            raise invalid("Duplicate SKU", f"SKU {sku!r} occurs twice", pointer=f"/actions/{index}/payload/sku")
        if sku is not None:
            seen.add(sku)


def _apply_all(call: Call, catalog: int, version: int) -> list[Problem]:
    account, problems = call.account, row_problems(call)
    for index, action in enumerate(call.body["actions"]):
        if index in call.bad:
            continue
        pointer = f"/actions/{index}/payload"
        refused = refused_attributes(account, action, pointer)
        if not refused:
            try:
                apply(account, catalog, version, action)
            except ActionRefused as error:
                refused = [Problem("Invalid action", str(error), pointer + error.pointer)]
        problems += refused
    return problems


def _position(problem: Problem) -> str:
    return (problem.pointer or "").split("/")[2]


def _describe(account: Account, catalog: int) -> dict[str, Any]:
    row = account.store.row("SELECT id, created, modified, name, version FROM catalogs WHERE id = ?", [catalog])
    assert row is not None
    return {
        "id": row[0],
        "created": stamp(row[1]),
        "accountId": ACCOUNT_ID,
        "modified": stamp(row[2]),
        "name": row[3],
        "description": "",
        "subscribedApplicationsIds": [APPLICATION_ID],
        "version": row[4],
        "createdBy": 1,
    }


def _item(row: tuple[Any, ...], ids: Mapping[str, int]) -> dict[str, Any]:
    item_id, created, sku, price, catalog, version, attributes, product = row
    values = json_text.decode(attributes)
    return {
        "id": item_id,
        "created": stamp(created),
        "sku": sku,
        "price": raw(price),
        "catalogid": catalog,
        "version": version,
        "attributes": [{"attributeid": ids[name], "name": name, "value": value} for name, value in values.items()],
        "product": raw(product),
    }
