"""Custom events."""

from __future__ import annotations

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import Problem
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.account import APPLICATION_ID, raw, stamp
from talon_one_emulator.handlers.state import effects_only, with_content


@handles(endpoints.TRACK_EVENT_V2)
def track_event_v2(call: Call) -> Answer:
    """Store an event of a profile, which is created if it is missing. Answer 204 unless ``silent=no``."""
    account, body = call.account, call.body
    problems = list(account.attributes.problems("Event", body.get("attributes"), "/attributes", body["type"]))
    if not body.get("profileId"):
        # The vendor's schema does not require it, but Talon.One refuses an event without it.
        problems.append(Problem("Required", "profileId is required", "/profileId"))
    raise_problems(call, problems)
    profile = body["profileId"]
    profiles.write(account, {profile: None}, active=True)
    now = account.now()
    attributes = json_text.encode_text(body.get("attributes") or {})
    event = account.store.insert(
        "events",
        created=now,
        profile=profile,
        type=body["type"],
        attributes=attributes,
        store=body.get("storeIntegrationId") if account.current else None,
    )
    dry = bool(call.query["dry"])
    if call.query["silent"] == "yes":
        return no_content(dry=dry)
    described = {
        "id": event,
        "created": stamp(now),
        "applicationId": APPLICATION_ID,
        "profileId": profile,
        "type": body["type"],
        "attributes": raw(attributes),
        "effects": [],
        "ledgerEntries": [],
    }
    return ok(with_content(call, effects_only(), profile, event=described), dry=dry)
