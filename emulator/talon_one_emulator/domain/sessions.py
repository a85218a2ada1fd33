"""Customer sessions as stored: states, transitions, printing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.api.errors import Fault, invalid
from talon_one_emulator.domain import cart
from talon_one_emulator.domain import profiles as people
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, Account, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

_COLUMNS = "id, integration_id, profile, created, updated, state, update_count, first_session, body"
# From state (None: new) to the states a PUT may set.
_TRANSITIONS: Mapping[str | None, tuple[str, ...]] = {
    None: ("open", "closed"),
    "open": ("open", "closed", "cancelled"),
    "closed": ("cancelled",),
    "partially_returned": ("cancelled",),
    "cancelled": (),
}
_KEPT = (
    "evaluableCampaignIds",
    "couponCodes",
    "referralCode",
    "loyaltyCards",
    "cartItems",
    "additionalCosts",
    "identifiers",
    "attributes",
)
_KEPT_SINCE_CURRENT = ("storeIntegrationId", "experimentVariantAllocations")


class Visit(NamedTuple):
    """A row of ``sessions``; ``profile`` is an integration id or ''."""

    id: int
    integration_id: str
    profile: str
    created: int
    updated: int
    state: str
    update_count: int
    first_session: int
    body: str


def find(account: Account, integration_id: str) -> Visit | None:
    """The session with this integration id, or None."""
    row = account.store.row(f"SELECT {_COLUMNS} FROM sessions WHERE integration_id = ?", [integration_id])  # noqa: S608
    return Visit(*row) if row else None


def check_transition(old: str | None, new: str) -> None:
    """Raise ApiError 400 if a PUT may not move a session from ``old`` to ``new``."""
    if new not in _TRANSITIONS[old]:
        why = f"a session that is {old or 'new'} cannot become {new} by an update"
        raise invalid("Invalid state", why, pointer="/customerSession/state")


def attribute_problems(account: Account, given: Mapping[str, Any]) -> list[Fault]:
    """Unknown or wrongly typed attributes of the session and its cart items."""
    registry = account.attributes
    faults = list(registry.problems("CustomerSession", given.get("attributes"), "/customerSession/attributes"))
    for index, item in enumerate(given.get("cartItems") or ()):
        pointer = f"/customerSession/cartItems/{index}/attributes"
        faults += registry.problems("CartItem", item.get("attributes"), pointer)
    return faults


def save(
    account: Account, name: str, stored: Visit | None, given: Mapping[str, Any], state: str, *, alone: bool = False
) -> Visit:
    """Create or change a session: a field given replaces the stored one, a field left out stays.

    ``alone``: what is stored does not count.
    """
    kept = (*_KEPT, *_KEPT_SINCE_CURRENT) if account.current else _KEPT
    body = jsontext.decode(stored.body) if stored and not alone else {}
    body.update({field: given[field] for field in kept if field in given})
    if "cartItems" in given:
        items = cart.priced(account, given["cartItems"]) if account.current else given["cartItems"]
        body["cartItems"] = cart.numbered(items)
    now = account.now()
    profile = given.get("profileId", stored.profile if stored else "")
    text = jsontext.encode_text(body)
    if stored:
        changed = stored._replace(
            profile=profile, updated=now, state=state, update_count=stored.update_count + 1, body=text
        )
        write(account, changed)
        return changed
    known = profile and account.store.row("SELECT 1 FROM sessions WHERE profile = ?", [profile]) is not None
    first = not known if profile or account.current else False  # an anonymous session is always a first one
    values = {
        "integration_id": name,
        "profile": profile,
        "created": now,
        "updated": now,
        "state": state,
        "update_count": 1,
        "first_session": int(first),
        "body": text,
    }
    return Visit(account.store.insert("sessions", **values), *values.values())


def write(account: Account, visit: Visit) -> None:
    """Store a changed session."""
    account.store.db.execute(
        "UPDATE sessions SET profile = ?, updated = ?, state = ?, update_count = ?, body = ? WHERE id = ?",
        (visit.profile, visit.updated, visit.state, visit.update_count, visit.body, visit.id),
    )


def count_sale(account: Account, before: Visit | None, after: Visit) -> None:
    """Keep closedSessions and totalSales of the profile in step with the session's state."""
    if before is not None and before.state in ("closed", "partially_returned"):
        people.record_sale(account, before.profile, -1, -_remaining(before))
    if after.state == "closed":
        people.record_sale(account, after.profile, 1, _remaining(after))


def _remaining(visit: Visit) -> Decimal:
    """The session's total less what was returned."""
    body = jsontext.decode(visit.body)
    items = body.get("cartItems", [])
    gone = [cart.Line(place, item["returnedQuantity"], item["sku"]) for place, item in enumerate(items)]
    return cart.totals(items, body.get("additionalCosts") or {}).total - cart.value_of(items, gone)


def returns_of(account: Account, visit: Visit) -> list[dict[str, Any]]:
    """Returns made so far, as Return."""
    rows = account.store.rows("SELECT id, created, items FROM returns WHERE session = ? ORDER BY id", [visit.id])
    return [
        {
            "id": row,
            "created": stamp(created),
            "applicationId": APPLICATION_ID,
            "accountId": ACCOUNT_ID,
            "returnedCartItems": jsontext.raw(items),
            "eventId": row,
            "sessionId": visit.id,
            "sessionIntegrationId": visit.integration_id,
            "profileIntegrationId": visit.profile,
        }
        for row, created, items in rows
    ]


def describe(account: Account, visit: Visit) -> dict[str, Any]:
    """CustomerSessionV2."""
    body = jsontext.decode(visit.body)
    totals = cart.totals(body.get("cartItems", []), body.get("additionalCosts") or {})
    return {
        "id": visit.id,
        "created": stamp(visit.created),
        "integrationId": visit.integration_id,
        "applicationId": APPLICATION_ID,
        "profileId": visit.profile,
        "cartItems": [],
        "attributes": {},
        **body,
        "state": visit.state,
        "firstSession": bool(visit.first_session),
        "total": totals.total,
        "cartItemTotal": totals.items,
        "additionalCostTotal": totals.session_costs,
        "updated": stamp(visit.updated),
        **account.since_current(updateCount=visit.update_count, cartItemAdditionalCostTotal=totals.item_costs),
    }
