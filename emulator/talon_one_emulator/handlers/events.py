"""Custom events."""

from __future__ import annotations

from talon_one_client import endpoints
from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.api.batches import refuse
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import Fault
from talon_one_emulator.domain import profiles as people
from talon_one_emulator.domain.account import APPLICATION_ID, raw, stamp
from talon_one_emulator.handlers.state import effects_only, with_content


@handles(endpoints.TRACK_EVENT_V2)
def track_event_v2(call: Call) -> Answer:
    """Store an event of a profile, created if missing; 204 unless ``silent=no``."""
    account, body = call.account, call.body
    faults = list(account.attributes.problems("Event", body.get("attributes"), "/attributes", body["type"]))
    if not body.get("profileId"):
        # Not in the vendor's schema, but the platform refuses an event without it.
        faults.append(Fault("Required", "profileId is required", "/profileId"))
    refuse(call, faults)
    profile = body["profileId"]
    people.write(account, {profile: None}, active=True)
    now = account.now()
    attributes = jsontext.encode_text(body.get("attributes") or {})
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
