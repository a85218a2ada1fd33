"""Catalog actions and their effects on the items.

Source: https://docs.talon.one/integration-api#operation/syncCatalog
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.domain import prices
from talon_one_emulator.domain.profiles import merged

if TYPE_CHECKING:
    from talon_one_emulator.api.errors import Problem
    from talon_one_emulator.domain.account import Account

Payload = Mapping[str, Any]


class ActionRefused(Exception):
    """An action that cannot be applied. ``pointer`` is relative to its payload."""

    def __init__(self, why: str, pointer: str = "/sku") -> None:
        self.pointer = pointer
        super().__init__(why)


def refused_attributes(account: Account, action: Mapping[str, Any], pointer: str) -> list[Problem]:
    """Return the problems of the attributes of an action, by the CartItem attributes of the account."""
    return list(account.attributes.problems("CartItem", action["payload"].get("attributes"), f"{pointer}/attributes"))


def apply(account: Account, catalog: int, version: int, action: Mapping[str, Any]) -> None:
    """Apply one action. Raise ActionRefused if it cannot be applied."""
    _ACTIONS[action["type"]](account, catalog, version, action["payload"])


def _add(account: Account, catalog: int, version: int, payload: Payload) -> None:
    sku = payload["sku"]
    stored = account.store.row("SELECT id, price, adjustments FROM items WHERE catalog = ? AND sku = ?", [catalog, sku])
    if stored and not payload.get("replaceIfExists"):
        raise ActionRefused(f"an item with SKU {sku!r} exists; set replaceIfExists to replace it")
    if stored:
        _observe(account, sku, payload, stored[1:])
        account.store.db.execute(
            "UPDATE items SET price = ?, attributes = ?, product = ?, version = ?, adjustments = '[]' WHERE id = ?",
            (
                _price(payload) if "price" in payload else stored[1],
                merged(None, payload.get("attributes")),
                _product(account, payload),
                version,
                stored[0],
            ),
        )
    else:
        _insert(account, catalog, version, payload)


def _patch(account: Account, catalog: int, version: int, payload: Payload) -> None:
    sku = payload["sku"]
    stored = account.store.row(
        "SELECT id, price, attributes, product, adjustments FROM items WHERE catalog = ? AND sku = ?", [catalog, sku]
    )
    if stored is None:
        if not payload.get("createIfNotExists"):
            raise ActionRefused(f"there is no item with SKU {sku!r}; set createIfNotExists to create it")
        _insert(account, catalog, version, payload)
        return
    item, price, attributes, product, adjustments = stored
    _observe(account, sku, payload, (price, adjustments))
    account.store.db.execute(
        "UPDATE items SET price = ?, attributes = ?, product = ?, version = ? WHERE id = ?",
        (
            _price(payload) if "price" in payload else price,
            merged(attributes, payload.get("attributes")),
            # Era current: a PATCH without product removes the stored one. Era seed has no products.
            _product(account, payload) if account.current else product,
            version,
            item,
        ),
    )


def _patch_many(account: Account, catalog: int, version: int, payload: Payload) -> None:
    for item, price, attributes, sku in _matching(account, catalog, payload.get("filters") or ()):
        _observe(account, sku, payload, (price, "[]"))
        account.store.db.execute(
            "UPDATE items SET price = ?, attributes = ?, version = ? WHERE id = ?",
            (
                _price(payload) if "price" in payload else price,
                merged(attributes, payload.get("attributes")),
                version,
                item,
            ),
        )


def _remove(account: Account, catalog: int, version: int, payload: Payload) -> None:
    account.store.db.execute("DELETE FROM items WHERE catalog = ? AND sku = ?", (catalog, payload["sku"]))


def _remove_many(account: Account, catalog: int, version: int, payload: Payload) -> None:
    found = _matching(account, catalog, payload.get("filters") or ())
    account.store.db.executemany("DELETE FROM items WHERE id = ?", [(row[0],) for row in found])


def _adjust_price(account: Account, catalog: int, version: int, payload: Payload) -> None:
    if not account.current:
        raise ActionRefused("ADD_PRICE_ADJUSTMENT is not known in this era", "")
    stored = account.store.row(
        "SELECT id, adjustments FROM items WHERE catalog = ? AND sku = ?", [catalog, payload["sku"]]
    )
    if stored is None:
        raise ActionRefused(f"there is no item with SKU {payload['sku']!r}")
    for adjustment in payload["adjustments"]:
        if adjustment.get("price") is not None:
            prices.observe_adjustment(account, payload["sku"], json_text.encode_text(adjustment["price"]), adjustment)
    adjustments = [*json_text.decode(stored[1]), *payload["adjustments"]]
    account.store.db.execute(
        "UPDATE items SET adjustments = ?, version = ? WHERE id = ?",
        (json_text.encode_text(adjustments), version, stored[0]),
    )


_ACTIONS: Mapping[str, Callable[[Account, int, int, Payload], None]] = {
    "ADD": _add,
    "PATCH": _patch,
    "PATCH_MANY": _patch_many,
    "REMOVE": _remove,
    "REMOVE_MANY": _remove_many,
    "ADD_PRICE_ADJUSTMENT": _adjust_price,
}


def _insert(account: Account, catalog: int, version: int, payload: Payload) -> None:
    _observe(account, payload["sku"], payload, (None, "[]"))
    account.store.insert(
        "items",
        catalog=catalog,
        sku=payload["sku"],
        created=account.now(),
        price=_price(payload),
        attributes=merged(None, payload.get("attributes")),
        product=_product(account, payload),
        version=version,
    )


def _observe(account: Account, sku: str, payload: Payload, stored: tuple[Any, ...]) -> None:
    """Note a price that differs from the stored one, or that follows price adjustments."""
    price = _price(payload)
    if price is not None and stored != (price, "[]") and account.current:
        prices.observe(account, sku, price)


def _price(payload: Payload) -> str | None:
    price = payload.get("price")
    return None if price is None else json_text.encode_text(price)


def _product(account: Account, payload: Payload) -> str | None:
    product = payload.get("product") if account.current else None
    return None if product is None else json_text.encode_text({"name": product["name"]})


def _matching(
    account: Account, catalog: int, filters: Sequence[Mapping[str, Any]]
) -> list[tuple[int, str | None, str, str]]:
    """Return the items that match every filter, as (id, price, attributes, SKU). Without filters, all items match."""
    tests = [_test(account, index, each) for index, each in enumerate(filters)]
    rows = account.store.rows("SELECT id, price, attributes, sku FROM items WHERE catalog = ?", [catalog])
    if not tests:
        return rows
    found = []
    for item, price, attributes, sku in rows:
        values = {**json_text.decode(attributes), "sku": sku}
        if price is not None:
            values["price"] = json_text.decode(price)
        if all(test(values) for test in tests):
            found.append((item, price, attributes, sku))
    return found


def _test(account: Account, index: int, given: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    name, operator, value = given["attr"], given["op"], given["value"]
    pointer = f"/filters/{index}"
    if name not in ("sku", "price") and name not in account.attributes.known("CartItem"):
        raise ActionRefused(f"unknown attribute {name!r} in a filter", f"{pointer}/attr")
    if operator == "EQ":
        return lambda values: name in values and bool(values[name] == value)
    if operator == "IN":
        if not isinstance(value, str):
            raise ActionRefused("IN needs one string of values separated by commas", f"{pointer}/value")
        wanted = {part.strip() for part in value.split(",")}
        return lambda values: name in values and _text(values[name]) in wanted
    if not _is_number(value):
        raise ActionRefused(f"{operator} compares numbers only", f"{pointer}/value")
    compare = _COMPARISONS[operator]
    return lambda values: _is_number(values.get(name)) and compare(values[name], value)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "LT": lambda left, right: left < right,
    "LE": lambda left, right: left <= right,
    "GT": lambda left, right: left > right,
    "GE": lambda left, right: left >= right,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json_text.encode_text(value)
