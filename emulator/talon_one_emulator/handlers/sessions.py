"""Customer sessions in the Integration API: updating, reading, returning items, reopening.

Source: https://docs.talon.one/docs/dev/concepts/entities/customer-sessions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import ApiError, invalid, not_found
from talon_one_emulator.domain import cart, profiles, sessions
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, stamp
from talon_one_emulator.handlers.state import effects_only, with_content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_emulator.domain.sessions import Session


@handles(endpoints.UPDATE_CUSTOMER_SESSION_V2)
def update_customer_session_v2(call: Call) -> Answer:
    """Create a session or change an open one. Closing or canceling it changes the sales of its profile."""
    given, name, dry = call.body["customerSession"], call.path["customerSessionId"], bool(call.query["dry"])
    _check_request(call, given, dry=dry)
    stored = sessions.find(call.account, name)
    state = given.get("state", "open")
    sessions.check_transition(stored.state if stored else None, state)
    # As documented, a dry close considers only the content of the request.
    session = sessions.save(call.account, name, stored, given, state, ignore_stored=dry and state == "closed")
    if session.profile:
        profiles.write(call.account, {session.profile: None}, active=True)
    sessions.count_sale(call.account, stored, session)
    described = sessions.describe(call.account, session)
    answer = with_content(
        call,
        effects_only(),
        session.profile,
        customerSession=described,
        previousReturns=sessions.returns_of(call.account, session),
    )
    return ok(answer, dry=dry)


def _check_request(call: Call, given: Mapping[str, Any], *, dry: bool) -> None:
    raise_problems(call, sessions.attribute_problems(call.account, given))
    if not call.account.current:
        return
    cart.check_size(given.get("cartItems") or ())
    now = call.query.get("now")
    if now is not None and (not dry or now <= call.account.now()):
        raise invalid("Invalid parameter", "now: must be a future instant, and needs dry=true", parameter="now")


@handles(endpoints.GET_CUSTOMER_SESSION)
def get_customer_session(call: Call) -> Answer:
    """Return one session."""
    return ok({"customerSession": sessions.describe(call.account, _session(call)), "effects": []})


@handles(endpoints.RETURN_CART_ITEMS)
def return_cart_items(call: Call) -> Answer:
    """Return items of a closed session, by position or (era ``current``) by SKU.

    A session whose items are all returned becomes cancelled.
    """
    account, session = call.account, _session(call)
    if session.state not in ("closed", "partially_returned"):
        raise ApiError(400, [], f"Only items of a closed session can be returned; this one is {session.state}")
    body = json_text.decode(session.body)
    items = body.get("cartItems", [])
    returned = cart.mark_returned(items, call.body["return"]["returnedCartItems"], by_sku=account.current)
    profiles.record_sale(account, session.profile, 0, -cart.returned_value(items, returned))
    if session.profile and call.query.get("runRuleEngine", not account.current):
        profiles.write(account, {session.profile: None}, active=True)
    all_returned = all(item["remainingQuantity"] == 0 for item in items)
    now = account.now()
    changed = session._replace(
        state="cancelled" if all_returned else "partially_returned",
        updated=now,
        update_count=session.update_count + 1,
        body=json_text.encode_text(body),
    )
    sessions.write(account, changed)
    previous = sessions.returns_of(account, session)
    row = account.store.insert(
        "returns", session=session.id, created=now, items=json_text.encode_text([line.describe() for line in returned])
    )
    answer = effects_only()
    answer["return"] = {
        "id": row,
        "created": stamp(now),
        "applicationId": APPLICATION_ID,
        "accountId": ACCOUNT_ID,
        "returnedCartItems": [line.describe() for line in returned],
        "eventId": row,
        "sessionId": session.id,
        "sessionIntegrationId": session.integration_id,
        "profileIntegrationId": session.profile,
    }
    described = sessions.describe(account, changed)
    answer = with_content(call, answer, session.profile, customerSession=described, previousReturns=previous)
    return ok(answer, dry=bool(call.query["dry"]))


@handles(endpoints.REOPEN_CUSTOMER_SESSION)
def reopen_customer_session(call: Call) -> Answer:
    """Reopen a closed session. Its sale is subtracted from those of the profile."""
    account, session = call.account, _session(call)
    if session.state != "closed":
        raise invalid("Invalid state", f"only a closed session can be reopened; this one is {session.state}")
    changed = session._replace(state="open", updated=account.now(), update_count=session.update_count + 1)
    sessions.write(account, changed)
    sessions.count_sale(account, session, changed)
    return ok({"effects": []})


def _session(call: Call) -> Session:
    found = sessions.find(call.account, call.path["customerSessionId"])
    if found is None:
        raise not_found(call.endpoint, "customer session")
    return found
