"""Customer sessions: states, transitions, storage, and JSON objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text
from talon_one_emulator.api.errors import Problem, invalid
from talon_one_emulator.domain import cart, profiles
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, Account, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

_COLUMNS = "id, integration_id, profile, created, updated, state, update_count, first_session, body"
# From a state (None: new) to the states that a PUT may set.
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


class Session(NamedTuple):
    """A row of table ``sessions``; ``profile`` is an integration id or ''."""

    id: int
    integration_id: str
    profile: str
    created: int
    updated: int
    state: str
    update_count: int
    first_session: int
    body: str


def find(account: Account, integration_id: str) -> Session | None:
    """Return the session with this integration id, or None."""
    row = account.store.row(f"SELECT {_COLUMNS} FROM sessions WHERE integration_id = ?", [integration_id])  # noqa: S608
    return Session(*row) if row else None


def check_transition(old: str | None, new: str) -> None:
    """Raise ApiError 400 if a PUT may not move a session from ``old`` to ``new``."""
    if new not in _TRANSITIONS[old]:
        why = f"a session that is {old or 'new'} cannot become {new} by an update"
        raise invalid("Invalid state", why, pointer="/customerSession/state")


def attribute_problems(account: Account, given: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of the attributes of a session and its cart items."""
    registry = account.attributes
    problems = list(registry.problems("CustomerSession", given.get("attributes"), "/customerSession/attributes"))
    for index, item in enumerate(given.get("cartItems") or ()):
        pointer = f"/customerSession/cartItems/{index}/attributes"
        problems += registry.problems("CartItem", item.get("attributes"), pointer)
    return problems


def save(
    account: Account,
    name: str,
    stored: Session | None,
    given: Mapping[str, Any],
    state: str,
    *,
    ignore_stored: bool = False,
) -> Session:
    """Create or change a session. A given field replaces the stored one; a missing field keeps its value.

    ``ignore_stored`` starts from an empty session.
    """
    kept = (*_KEPT, *_KEPT_SINCE_CURRENT) if account.current else _KEPT
    body = json_text.decode(stored.body) if stored and not ignore_stored else {}
    body.update({field: given[field] for field in kept if field in given})
    if "cartItems" in given:
        items = cart.priced(account, given["cartItems"]) if account.current else given["cartItems"]
        body["cartItems"] = cart.with_positions(items)
    now = account.now()
    profile = given.get("profileId", stored.profile if stored else "")
    text = json_text.encode_text(body)
    if stored:
        changed = stored._replace(
            profile=profile, updated=now, state=state, update_count=stored.update_count + 1, body=text
        )
        write(account, changed)
        return changed
    known = profile and account.store.row("SELECT 1 FROM sessions WHERE profile = ?", [profile]) is not None
    first = not known if profile or account.current else False  # an anonymous session is always a first session
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
    return Session(account.store.insert("sessions", **values), *values.values())


def write(account: Account, session: Session) -> None:
    """Store a changed session."""
    account.store.db.execute(
        "UPDATE sessions SET profile = ?, updated = ?, state = ?, update_count = ?, body = ? WHERE id = ?",
        (session.profile, session.updated, session.state, session.update_count, session.body, session.id),
    )


def count_sale(account: Account, before: Session | None, after: Session) -> None:
    """Update closedSessions and totalSales of the profile for the new state of a session."""
    if before is not None and before.state in ("closed", "partially_returned"):
        profiles.record_sale(account, before.profile, -1, -_remaining(before))
    if after.state == "closed":
        profiles.record_sale(account, after.profile, 1, _remaining(after))


def _remaining(session: Session) -> Decimal:
    """Return the total of a session less the value of its returns."""
    body = json_text.decode(session.body)
    items = body.get("cartItems", [])
    returned = [cart.ReturnedItem(index, item["returnedQuantity"], item["sku"]) for index, item in enumerate(items)]
    return cart.totals(items, body.get("additionalCosts") or {}).total - cart.returned_value(items, returned)


def returns_of(account: Account, session: Session) -> list[dict[str, Any]]:
    """Return the JSON objects Return of all returns so far."""
    rows = account.store.rows("SELECT id, created, items FROM returns WHERE session = ? ORDER BY id", [session.id])
    return [
        {
            "id": row,
            "created": stamp(created),
            "applicationId": APPLICATION_ID,
            "accountId": ACCOUNT_ID,
            "returnedCartItems": json_text.raw(items),
            "eventId": row,
            "sessionId": session.id,
            "sessionIntegrationId": session.integration_id,
            "profileIntegrationId": session.profile,
        }
        for row, created, items in rows
    ]


def describe(account: Account, session: Session) -> dict[str, Any]:
    """Return the JSON object CustomerSessionV2."""
    body = json_text.decode(session.body)
    totals = cart.totals(body.get("cartItems", []), body.get("additionalCosts") or {})
    return {
        "id": session.id,
        "created": stamp(session.created),
        "integrationId": session.integration_id,
        "applicationId": APPLICATION_ID,
        "profileId": session.profile,
        "cartItems": [],
        "attributes": {},
        **body,
        "state": session.state,
        "firstSession": bool(session.first_session),
        "total": totals.total,
        "cartItemTotal": totals.items,
        "additionalCostTotal": totals.session_costs,
        "updated": stamp(session.updated),
        **account.since_current(updateCount=session.update_count, cartItemAdditionalCostTotal=totals.item_costs),
    }
