"""Custom events, and advanced events, which their own id identifies.

Source: https://docs.talon.one/integration-api#tag/Events
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import ApiError, Problem, not_found
from talon_one_emulator.domain import profiles, sessions
from talon_one_emulator.domain.account import APPLICATION_ID, raw, stamp
from talon_one_emulator.handlers.state import effects_only, with_content

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMNS = "id, created, profile, type, attributes, store, integration_id, session"


@handles(endpoints.TRACK_EVENT_V2)
def track_event_v2(call: Call) -> Answer:
    """Store an event of a profile, which is created if it is missing. Answer 204 unless ``silent=no``."""
    problems = list(_attribute_problems(call))
    if not call.body.get("profileId"):
        # The vendor's schema does not require it, but Talon.One refuses an event without it.
        problems.append(Problem("Required", "profileId is required", "/profileId"))
    raise_problems(call, problems)
    return _answer(call, event={**_described(_stored(call)), "ledgerEntries": []})


@handles(endpoints.TRACK_EVENT_V3)
def track_event_v3(call: Call) -> Answer:
    """Store an advanced event. If its id exists, the switch ``repeated_event`` decides; nothing is changed then."""
    body = call.body
    raise_problems(call, list(_attribute_problems(call)))
    event = _found(call, body["integrationId"])
    if event is None:
        session = body.get("connectedSessionId")
        if session is not None and sessions.find(call.account, session) is None:
            raise_problems(call, [Problem("Unknown", f"session {session!r} not found", "/connectedSessionId")])
        event = _stored(call, integration_id=body["integrationId"], session=session)
    elif call.account.switches.repeated_event == "conflict":
        raise ApiError(409, [], "An advanced event with this integrationId already exists")
    return _answer(call, advancedEvent=_described(event))


@handles(endpoints.GET_EVENT_V3)
def get_event_v3(call: Call) -> Answer:
    """Return one advanced event."""
    event = _found(call, call.path["integrationId"])
    if event is None:
        raise not_found(call.endpoint, "advanced event")
    return ok(_described(event))


def _attribute_problems(call: Call) -> Iterator[Problem]:
    body = call.body
    return call.account.attributes.problems("Event", body.get("attributes"), "/attributes", body["type"])


def _stored(call: Call, **identity: str | None) -> tuple[Any, ...]:
    account, body = call.account, call.body
    profiles.write(account, {body["profileId"]: None}, active=True)
    event = account.store.insert(
        "events",
        created=account.now(),
        profile=body["profileId"],
        type=body["type"],
        attributes=json_text.encode_text(body.get("attributes") or {}),
        store=body.get("storeIntegrationId") if account.current else None,
        **identity,
    )
    row = account.store.row(f"SELECT {_COLUMNS} FROM events WHERE id = ?", [event])  # noqa: S608 - constants
    assert row is not None
    return row


def _found(call: Call, name: str) -> tuple[Any, ...] | None:
    return call.account.store.row(f"SELECT {_COLUMNS} FROM events WHERE integration_id = ?", [name])  # noqa: S608


def _described(row: tuple[Any, ...]) -> dict[str, Any]:
    event, created, profile, kind, attributes, store, name, session = row
    optional = {"storeIntegrationId": store, "integrationId": name, "connectedSessionId": session}
    return {
        "id": event,
        "created": stamp(created),
        "applicationId": APPLICATION_ID,
        "profileId": profile,
        "type": kind,
        "attributes": raw(attributes),
        "effects": [],
        **{field: value for field, value in optional.items() if value is not None},
    }


def _answer(call: Call, **event: Any) -> Answer:
    dry = bool(call.query["dry"])
    if call.query["silent"] == "yes":
        return no_content(dry=dry)
    return ok(with_content(call, effects_only(), call.body["profileId"], **event), dry=dry)
