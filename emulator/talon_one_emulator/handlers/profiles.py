"""Customer profiles in the Integration API: writing one or many, erasing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api.batches import raise_problems, rows_to_apply
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import Problem, not_found
from talon_one_emulator.domain import erasure, profiles
from talon_one_emulator.handlers.audiences.integration import set_last_update
from talon_one_emulator.handlers.state import effects_only, with_content

if TYPE_CHECKING:
    from collections.abc import Iterator


@handles(endpoints.UPDATE_CUSTOMER_PROFILE_V2)
def update_customer_profile_v2(call: Call) -> Answer:
    """Create or update a profile and its audiences. ``dry`` and ``responseContent`` require ``runRuleEngine``."""
    body, name = call.body, call.path["integrationId"]
    raise_problems(call, list(_single_problems(call)))
    engine = bool(call.query["runRuleEngine"])
    profiles.write(call.account, {name: body.get("attributes")}, active=engine)
    profile = profiles.find(call.account, name)
    assert profile is not None
    changes = body.get("audiencesChanges") or {"adds": [], "deletes": []}
    store = call.account.store
    store.db.executemany(
        "INSERT OR IGNORE INTO memberships (audience, profile) VALUES (?, ?)",
        [(audience, profile.id) for audience in changes["adds"]],
    )
    store.db.executemany(
        "DELETE FROM memberships WHERE audience = ? AND profile = ?",
        [(audience, profile.id) for audience in changes["deletes"]],
    )
    set_last_update(call.account, [*changes["adds"], *changes["deletes"]])
    answer = effects_only()
    if engine:
        answer = with_content(call, answer, name)
    return ok(answer, dry=engine and bool(call.query["dry"]))


@handles(endpoints.UPDATE_CUSTOMER_PROFILES_V2)
def update_customer_profiles_v2(call: Call) -> Answer:
    """Create or update up to 1000 profiles. Answer 204 unless ``silent=no``."""
    rows = call.body.get("customerProfiles") or []
    registry = call.account.attributes
    bad = dict(call.bad)
    for index, row in enumerate(rows):
        attributes = row.get("attributes") if index not in bad else None
        if attributes:
            pointer = f"/customerProfiles/{index}/attributes"
            problems = list(registry.problems("CustomerProfile", attributes, pointer))
            if problems:
                bad[index] = problems
    good = rows_to_apply(call, rows, bad)
    merged: dict[str, dict[str, Any]] = {}
    for row in good:
        merged.setdefault(row["integrationId"], {}).update(row.get("attributes") or {})
    profiles.write(call.account, merged)
    raise_problems(call, [problem for problems in bad.values() for problem in problems], keep=True)
    if call.query["silent"] == "yes":
        return no_content()
    found = {p.integration_id: p for p in _profiles(call, list(merged))}
    states = profiles.describe(call.account, [found[row["integrationId"]] for row in good])
    return ok({"integrationStates": [{"customerProfile": state} for state in states]})


@handles(endpoints.DELETE_CUSTOMER_DATA)
def delete_customer_data(call: Call) -> Answer:
    """Erase the personal data of a profile. Its history is kept, but no longer names it."""
    profile = profiles.find(call.account, call.path["integrationId"])
    if profile is None:
        raise not_found(call.endpoint, "customer profile")
    erasure.erase(call.account, profile)
    return no_content()


def _single_problems(call: Call) -> Iterator[Problem]:
    yield from call.account.attributes.problems("CustomerProfile", call.body.get("attributes"), "/attributes")
    changes = call.body.get("audiencesChanges") or {}
    for change in ("adds", "deletes"):
        for index, audience in enumerate(changes.get(change, ())):
            if call.account.store.row("SELECT 1 FROM audiences WHERE id = ?", [audience]) is None:
                yield Problem("Unknown", f"audience {audience} not found", f"/audiencesChanges/{change}/{index}")


def _profiles(call: Call, names: list[str]) -> list[profiles.Profile]:
    marks = ", ".join("?" * len(names))
    return profiles.select(call.account, f"integration_id IN ({marks})", names)
