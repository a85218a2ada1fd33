"""Arithmetic of a cart: positions, totals, returns. Prices are exact."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text as jsontext
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
        """Everything together."""
        return self.items + self.item_costs + self.session_costs


class Line(NamedTuple):
    """Part of a return."""

    position: int
    quantity: int
    sku: str

    def describe(self) -> dict[str, Any]:
        """ReturnedCartItem."""
        return {"position": self.position, "quantity": self.quantity, "sku": self.sku}


def check_size(items: Sequence[Mapping[str, Any]]) -> None:
    """Raise ApiError 400 if a request holds more items than documented."""
    quantity = sum(item["quantity"] for item in items)
    for found, limit, what in ((len(items), MAX_ITEMS, "items"), (quantity, MAX_QUANTITY, "units of all items")):
        if found > limit:
            why = f"{found} {what}; a request takes at most {limit}"
            raise invalid("Too many items", why, pointer="/customerSession/cartItems")


def priced(account: Account, items: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Items with the prices of the catalog: where it has one, the price that was sent does not count.

    Raises ApiError 400 for an item that has no price in either.
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
        return {**item, **listed, "price": jsontext.decode(price)}
    if item.get("price") is None:
        why = f"price is required: SKU {item['sku']!r} has none in the catalog"
        raise invalid("Required", why, pointer=f"/customerSession/cartItems/{index}/price")
    return {**item, **listed}


def numbered(items: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Cart items with the fields the server sets: position, returned and remaining quantity."""
    return [
        {**item, "position": position, "returnedQuantity": 0, "remainingQuantity": item["quantity"]}
        for position, item in enumerate(items)
    ]


def totals(items: Sequence[Mapping[str, Any]], costs: Mapping[str, Any]) -> Totals:
    """Totals of a session; an additional cost of an item counts once for each unit."""
    return Totals(
        sum((_price(item) * item["quantity"] for item in items), Decimal(0)),
        sum((_costs(item.get("additionalCosts") or {}) * item["quantity"] for item in items), Decimal(0)),
        _costs(costs),
    )


def value_of(items: Sequence[Mapping[str, Any]], lines: Sequence[Line]) -> Decimal:
    """What the returned units had cost, with their additional costs."""
    return sum(
        (
            (_price(items[line.position]) + _costs(items[line.position].get("additionalCosts") or {})) * line.quantity
            for line in lines
        ),
        Decimal(0),
    )


def give_back(items: list[Item], wanted: Sequence[Mapping[str, Any]], *, by_sku: bool) -> list[Line]:
    """Mark units as returned in ``items`` and say which. Without a quantity all remaining ones go back.

    Raises ApiError 400 for an unknown item or more units than remain.
    """
    return [_give_back(items, index, request, by_sku) for index, request in enumerate(wanted)]


def _give_back(items: list[Item], index: int, request: Mapping[str, Any], by_sku: bool) -> Line:
    pointer = f"/return/returnedCartItems/{index}"
    position = _position(items, request, pointer, by_sku)
    item = items[position]
    quantity = request.get("quantity", item["remainingQuantity"])
    if not 1 <= quantity <= item["remainingQuantity"]:
        why = f"{quantity} units of {item['sku']!r} cannot be returned: {item['remainingQuantity']} remain"
        raise invalid("Invalid quantity", why, pointer=f"{pointer}/quantity")
    item["returnedQuantity"] += quantity
    item["remainingQuantity"] -= quantity
    return Line(position, quantity, item["sku"])


def _position(items: list[Item], request: Mapping[str, Any], pointer: str, by_sku: bool) -> int:
    position = request.get("position")
    if position is not None:
        if not 0 <= position < len(items):
            raise invalid("Invalid position", f"there is no item at position {position}", pointer=f"{pointer}/position")
        return int(position)
    if not by_sku or request.get("sku") is None:
        raise invalid("Required", "position is required", pointer=f"{pointer}/position")
    matches = [place for place, item in enumerate(items) if item["sku"] == request["sku"]]
    if not matches:
        raise invalid("Invalid SKU", f"there is no item with SKU {request['sku']!r}", pointer=f"{pointer}/sku")
    return next((place for place in matches if items[place]["remainingQuantity"]), matches[0])


def _price(item: Mapping[str, Any]) -> Decimal:
    return Decimal(item.get("price") or 0)


def _costs(costs: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(cost["price"]) for cost in costs.values()), Decimal(0))
