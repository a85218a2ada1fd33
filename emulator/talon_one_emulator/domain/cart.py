"""Carts: prices, positions, totals and returns, in exact arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text
from talon_one_emulator.api.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_emulator.domain.account import Account

Item = dict[str, Any]
MAX_ITEMS, MAX_QUANTITY = 1_000, 10_000


class Totals(NamedTuple):
    """Sums of a session before any discount."""

    items: Decimal
    item_costs: Decimal
    session_costs: Decimal

    @property
    def total(self) -> Decimal:
        """Return the sum of all."""
        return self.items + self.item_costs + self.session_costs


class ReturnedItem(NamedTuple):
    """A cart item that is returned, with its quantity."""

    position: int
    quantity: int
    sku: str

    def describe(self) -> dict[str, Any]:
        """Return the JSON object ReturnedCartItem."""
        return {"position": self.position, "quantity": self.quantity, "sku": self.sku}


def check_size(items: Sequence[Mapping[str, Any]]) -> None:
    """Raise ApiError 400 if a request has more items than the vendor documents."""
    quantity = sum(item["quantity"] for item in items)
    for found, limit, what in ((len(items), MAX_ITEMS, "items"), (quantity, MAX_QUANTITY, "units of all items")):
        if found > limit:
            why = f"{found} {what}; a request takes at most {limit}"
            raise invalid("Too many items", why, pointer="/customerSession/cartItems")


def priced(account: Account, items: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Return the items with their prices. A price in the catalog takes precedence over the price that was sent.

    Raises:
        ApiError: 400, if an item has no price in either.
    """
    marks = ", ".join("?" * len(items))
    found = account.store.rows(
        f"SELECT sku, id, price FROM items WHERE sku IN ({marks}) ORDER BY catalog DESC",  # noqa: S608 - marks
        [item["sku"] for item in items],
    )
    listed = {sku: (number, price) for sku, number, price in found}
    return [_priced(listed.get(item["sku"]), index, item) for index, item in enumerate(items)]


def _priced(found: tuple[int, str | None] | None, index: int, item: Mapping[str, Any]) -> Item:
    number, price = found or (None, None)
    listed = {} if number is None else {"catalogItemID": number}
    if price is not None:
        return {**item, **listed, "price": json_text.decode(price)}
    if item.get("price") is None:
        why = f"price is required: SKU {item['sku']!r} has none in the catalog"
        raise invalid("Required", why, pointer=f"/customerSession/cartItems/{index}/price")
    return {**item, **listed}


def with_positions(items: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Return cart items with the fields that the server sets: position, returned and remaining quantity."""
    return [
        {**item, "position": position, "returnedQuantity": 0, "remainingQuantity": item["quantity"]}
        for position, item in enumerate(items)
    ]


def totals(items: Sequence[Mapping[str, Any]], costs: Mapping[str, Any]) -> Totals:
    """Return the totals of a session. An additional cost of an item counts for each unit."""
    return Totals(
        sum((_price(item) * item["quantity"] for item in items), Decimal(0)),
        sum((_costs(item.get("additionalCosts") or {}) * item["quantity"] for item in items), Decimal(0)),
        _costs(costs),
    )


def returned_value(items: Sequence[Mapping[str, Any]], lines: Sequence[ReturnedItem]) -> Decimal:
    """Return the price of the returned units, with their additional costs."""
    return sum(
        (
            (_price(items[line.position]) + _costs(items[line.position].get("additionalCosts") or {})) * line.quantity
            for line in lines
        ),
        Decimal(0),
    )


def mark_returned(items: list[Item], wanted: Sequence[Mapping[str, Any]], *, by_sku: bool) -> list[ReturnedItem]:
    """Mark units as returned in ``items`` and list them. Without a quantity, all remaining units are returned.

    Raises:
        ApiError: 400, for an unknown item or more units than remain.
    """
    return [_mark_returned(items, index, request, by_sku) for index, request in enumerate(wanted)]


def _mark_returned(items: list[Item], index: int, request: Mapping[str, Any], by_sku: bool) -> ReturnedItem:
    pointer = f"/return/returnedCartItems/{index}"
    position = _position(items, request, pointer, by_sku)
    item = items[position]
    quantity = request.get("quantity", item["remainingQuantity"])
    if not 1 <= quantity <= item["remainingQuantity"]:
        why = f"{quantity} units of {item['sku']!r} cannot be returned: {item['remainingQuantity']} remain"
        raise invalid("Invalid quantity", why, pointer=f"{pointer}/quantity")
    item["returnedQuantity"] += quantity
    item["remainingQuantity"] -= quantity
    return ReturnedItem(position, quantity, item["sku"])


def _position(items: list[Item], request: Mapping[str, Any], pointer: str, by_sku: bool) -> int:
    position = request.get("position")
    if position is not None:
        if not 0 <= position < len(items):
            raise invalid("Invalid position", f"there is no item at position {position}", pointer=f"{pointer}/position")
        return int(position)
    if not by_sku or request.get("sku") is None:
        raise invalid("Required", "position is required", pointer=f"{pointer}/position")
    matches = [index for index, item in enumerate(items) if item["sku"] == request["sku"]]
    if not matches:
        raise invalid("Invalid SKU", f"there is no item with SKU {request['sku']!r}", pointer=f"{pointer}/sku")
    return next((index for index in matches if items[index]["remainingQuantity"]), matches[0])


def _price(item: Mapping[str, Any]) -> Decimal:
    return Decimal(item.get("price") or 0)


def _costs(costs: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(cost["price"]) for cost in costs.values()), Decimal(0))
