"""Customer sessions: update, read, return items, reopen.

Source: https://docs.talon.one/docs/dev/concepts/entities/customer-sessions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.api.batches import refuse
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import ApiError, invalid, missing
from talon_one_emulator.domain import cart
from talon_one_emulator.domain import profiles as people
from talon_one_emulator.domain import sessions as visits
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, stamp
from talon_one_emulator.handlers.state import effects_only, with_content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_emulator.domain.sessions import Visit


@handles(endpoints.UPDATE_CUSTOMER_SESSION_V2)
def update_customer_session_v2(call: Call) -> Answer:
    """Create a session or change an open one; closing or cancelling it counts for its profile."""
    given, name, dry = call.body["customerSession"], call.path["customerSessionId"], bool(call.query["dry"])
    _check_request(call, given, dry=dry)
    stored = visits.find(call.account, name)
    state = given.get("state", "open")
    visits.check_transition(stored.state if stored else None, state)
    # Documented of a dry close: it considers only what the request itself holds.
    visit = visits.save(call.account, name, stored, given, state, alone=dry and state == "closed")
    if visit.profile:
        people.write(call.account, {visit.profile: None}, active=True)
    visits.count_sale(call.account, stored, visit)
    described = visits.describe(call.account, visit)
    answer = with_content(
        call,
        effects_only(),
        visit.profile,
        customerSession=described,
        previousReturns=visits.returns_of(call.account, visit),
    )
    return ok(answer, dry=dry)


def _check_request(call: Call, given: Mapping[str, Any], *, dry: bool) -> None:
    refuse(call, visits.attribute_problems(call.account, given))
    if not call.account.current:
        return
    cart.check_size(given.get("cartItems") or ())
    now = call.query.get("now")
    if now is not None and (not dry or now <= call.account.now()):
        raise invalid("Invalid parameter", "now: takes a future instant, and dry=true with it", parameter="now")


@handles(endpoints.GET_CUSTOMER_SESSION)
def get_customer_session(call: Call) -> Answer:
    """One session."""
    return ok({"customerSession": visits.describe(call.account, _visit(call)), "effects": []})


@handles(endpoints.RETURN_CART_ITEMS)
def return_cart_items(call: Call) -> Answer:
    """Return items of a closed session, by position or (era ``current``) by SKU. All returned: it is cancelled."""
    account, visit = call.account, _visit(call)
    if visit.state not in ("closed", "partially_returned"):
        raise ApiError(400, [], f"Only a closed session takes returns; this one is {visit.state}")
    body = jsontext.decode(visit.body)
    items = body.get("cartItems", [])
    returned = cart.give_back(items, call.body["return"]["returnedCartItems"], by_sku=account.current)
    people.record_sale(account, visit.profile, 0, -cart.value_of(items, returned))
    if visit.profile and call.query.get("runRuleEngine", not account.current):
        people.write(account, {visit.profile: None}, active=True)
    everything = all(item["remainingQuantity"] == 0 for item in items)
    now = account.now()
    changed = visit._replace(
        state="cancelled" if everything else "partially_returned",
        updated=now,
        update_count=visit.update_count + 1,
        body=jsontext.encode_text(body),
    )
    visits.write(account, changed)
    previous = visits.returns_of(account, visit)
    row = account.store.insert(
        "returns", session=visit.id, created=now, items=jsontext.encode_text([line.describe() for line in returned])
    )
    answer = effects_only()
    answer["return"] = {
        "id": row,
        "created": stamp(now),
        "applicationId": APPLICATION_ID,
        "accountId": ACCOUNT_ID,
        "returnedCartItems": [line.describe() for line in returned],
        "eventId": row,
        "sessionId": visit.id,
        "sessionIntegrationId": visit.integration_id,
        "profileIntegrationId": visit.profile,
    }
    described = visits.describe(account, changed)
    answer = with_content(call, answer, visit.profile, customerSession=described, previousReturns=previous)
    return ok(answer, dry=bool(call.query["dry"]))


@handles(endpoints.REOPEN_CUSTOMER_SESSION)
def reopen_customer_session(call: Call) -> Answer:
    """Reopen a closed session; what closing counted is taken back."""
    account, visit = call.account, _visit(call)
    if visit.state != "closed":
        raise invalid("Invalid state", f"only a closed session can be reopened; this one is {visit.state}")
    changed = visit._replace(state="open", updated=account.now(), update_count=visit.update_count + 1)
    visits.write(account, changed)
    visits.count_sale(account, visit, changed)
    return ok({"effects": []})


def _visit(call: Call) -> Visit:
    found = visits.find(call.account, call.path["customerSessionId"])
    if found is None:
        raise missing(call.endpoint, "customer session")
    return found
