"""The history of prices of SKUs, and the best price within a timeframe.

Every price of a catalog action is observed when it is sent, and a price adjustment when it takes effect. A price holds
until the next one of its SKU. Source: https://docs.talon.one/integration-api#operation/bestPriorPrice
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import Account, raw, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

EndType = Literal["strict", "price", "sale"]


class Observation(NamedTuple):
    """A row of table ``prices``."""

    id: int
    sku: str
    observed: int
    price: str
    context: str
    reference: str
    type: str


def observe(account: Account, sku: str, price: str) -> None:
    """Note that a SKU has a price from now on."""
    account.store.db.execute("INSERT INTO prices (sku, observed, price) VALUES (?, ?, ?)", (sku, account.now(), price))


def observe_adjustment(account: Account, sku: str, price: str, adjustment: Mapping[str, Any]) -> None:
    """Note a price adjustment, which holds from ``effectiveFrom``, or from now."""
    start = adjustment.get("effectiveFrom")
    account.store.insert(
        "prices",
        sku=sku,
        observed=account.now() if start is None else timestamps.parse(start),
        price=price,
        context=adjustment.get("contextId", ""),
        reference=adjustment["referenceId"],
        type=adjustment["priceType"],
    )


def observe_items(account: Account) -> None:
    """Note the prices of all items of a seed."""
    account.store.db.execute(
        "INSERT INTO prices (sku, observed, price) SELECT sku, created, price FROM items WHERE price IS NOT NULL"
    )


def best(account: Account, sku: str, *, end: int, days: int, end_type: EndType) -> Observation | None:
    """Return the lowest price that a SKU had in the days before an end; None if it had none.

    The timeframe ends at ``end`` (``strict``), or just before the price of that instant began (``price``), or before
    its context began (``sale``).
    """
    history = _until(account, sku, end)
    if end_type != "strict":
        end, history = _before_current(history, end, whole_context=end_type == "sale")
    start = end - days * timestamps.DAY
    within = [each for each in history if each.observed >= start]
    earlier = [each for each in history if each.observed < start]
    return min((*earlier[-1:], *within), key=lambda each: Decimal(each.price), default=None)


def _before_current(history: list[Observation], end: int, *, whole_context: bool) -> tuple[int, list[Observation]]:
    """Return the end and the prices before the current one or, with ``whole_context``, before its context."""
    if not history:
        return end, []
    at = len(history) - 1
    while whole_context and at and history[at - 1].context == history[at].context:
        at -= 1
    return history[at].observed, history[:at]


def _until(account: Account, sku: str, end: int) -> list[Observation]:
    rows = account.store.rows(
        "SELECT id, sku, observed, price, context, reference, type FROM prices WHERE sku = ? AND observed <= ?"
        " ORDER BY observed, id",
        [sku, end],
    )
    return [Observation(*row) for row in rows]


def describe(found: Observation) -> dict[str, Any]:
    """Return the JSON object BestPriorPrice."""
    metadata: dict[str, Any] = {"influencingCampaignDetails": []}
    if found.reference:
        metadata["adjustmentDetails"] = {
            "referenceId": found.reference,
            "selectedPriceType": found.type,
            "value": raw(found.price),
        }
    return {
        "id": found.id,
        "sku": found.sku,
        "observedAt": stamp(found.observed),
        "contextIds": [found.context] if found.context else [],
        "contextId": found.context,
        "price": raw(found.price),
        "metadata": metadata,
        "target": {"type": "NONE"},
    }
