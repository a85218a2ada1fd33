"""Audiences in the Integration API: creating, renaming, deleting, changing members and their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems, row_problems, rows_to_apply
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import ApiError, Problem, not_found
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.account import ACCOUNT_ID, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_one_emulator.domain.account import Account

_BODY = ("description", "sandbox", "integration", "integrationId", "createdIn3rdParty", "lastUpdate")
COLUMNS = "id, created, name, body"


@handles(endpoints.CREATE_AUDIENCE_V2)
def create_audience_v2(call: Call) -> Answer:
    """Create an audience. Answer 409 if the integration already has one with this integrationId."""
    body, store = call.body, call.account.store
    integration, integration_id = body.get("integration"), body.get("integrationId")
    if integration_id is not None and store.row(
        "SELECT 1 FROM audiences WHERE integration IS ? AND integration_id = ?", [integration, integration_id]
    ):
        problem = Problem(
            "Already exists", f"an audience with integrationId {integration_id!r} exists", "/integrationId"
        )
        raise ApiError(409, [problem], "An audience with this integrationId already exists")
    kept = [*_BODY, "subscribedApplicationsIds"] if call.account.current else _BODY
    audience = store.insert(
        "audiences",
        created=call.account.now(),
        name=body["name"],
        integration=integration,
        integration_id=integration_id,
        body=json_text.encode_text({name: body[name] for name in kept if name in body}),
    )
    return ok(describe(_row(call, audience)), 201)


@handles(endpoints.UPDATE_AUDIENCE_V2)
def update_audience_v2(call: Call) -> Answer:
    """Rename an audience. In era ``current``, its Applications can be changed too."""
    row = get_audience(call)
    body = json_text.decode(row[3])
    if call.account.current and "subscribedApplicationsIds" in call.body:
        body["subscribedApplicationsIds"] = call.body["subscribedApplicationsIds"]
    call.account.store.db.execute(
        "UPDATE audiences SET name = ?, body = ? WHERE id = ?",
        (call.body["name"], json_text.encode_text(body), row[0]),
    )
    return ok(describe(_row(call, row[0])))


@handles(endpoints.DELETE_AUDIENCE_V2)
def delete_audience_v2(call: Call) -> Answer:
    """Delete an audience and its memberships."""
    audience = get_audience(call)[0]
    call.account.store.db.execute("DELETE FROM memberships WHERE audience = ?", (audience,))
    call.account.store.db.execute("DELETE FROM audiences WHERE id = ?", (audience,))
    return no_content()


@handles(endpoints.DELETE_AUDIENCE_MEMBERSHIPS_V2)
def delete_audience_memberships_v2(call: Call) -> Answer:
    """Remove all members of an audience."""
    audience = get_audience(call)[0]
    call.account.store.db.execute("DELETE FROM memberships WHERE audience = ?", (audience,))
    set_last_update(call.account, [audience])
    return no_content()


@handles(endpoints.UPDATE_AUDIENCE_CUSTOMERS_ATTRIBUTES)
def update_audience_customers_attributes(call: Call) -> Answer:
    """Set attributes of every member of an audience. The body is the attribute map itself."""
    audience = get_audience(call)[0]
    raise_problems(call, list(call.account.attributes.problems("CustomerProfile", call.body, "")))
    members = profiles.select(call.account, "id IN (SELECT profile FROM memberships WHERE audience = ?)", [audience])
    call.account.store.db.executemany(
        "UPDATE profiles SET attributes = ? WHERE id = ?",
        [(profiles.merged(member.attributes, call.body), member.id) for member in members],
    )
    return no_content()


@handles(endpoints.UPDATE_CUSTOMER_PROFILE_AUDIENCES)
def update_customer_profile_audiences(call: Call) -> Answer:
    """Add profiles to audiences and remove them. An ``add`` creates a missing profile."""
    rows = call.body.get("data") or []
    known = {row[0] for row in call.account.store.rows("SELECT id FROM audiences")}
    unknown = [
        Problem("Not found", f"audience {row['audienceId']} not found", f"/data/{index}/audienceId")
        for index, row in enumerate(rows)
        if index not in call.bad and row["audienceId"] not in known
    ]
    positions = {int((problem.pointer or "").split("/")[2]) for problem in unknown}
    _apply(call, rows_to_apply(call, rows, positions | call.bad.keys()))
    raise_problems(call, row_problems(call), keep=True)
    raise_problems(call, unknown, 404, keep=True)
    return no_content()


def _apply(call: Call, rows: Sequence[Mapping[str, Any]]) -> None:
    account = call.account
    adds = [row["profileIntegrationId"] for row in rows if row["action"] == "add"]
    ids = profiles.ids_of(account, [row["profileIntegrationId"] for row in rows])
    if any(name not in ids for name in adds):
        ids |= profiles.ensure(account, adds, visible=not account.current)
    for row in rows:
        profile = ids.get(row["profileIntegrationId"])
        if profile is None:
            continue
        if row["action"] == "add":
            sql = "INSERT OR IGNORE INTO memberships (audience, profile) VALUES (?, ?)"
        else:
            sql = "DELETE FROM memberships WHERE audience = ? AND profile = ?"
        account.store.db.execute(sql, (row["audienceId"], profile))
    set_last_update(account, {row["audienceId"] for row in rows})


def set_last_update(account: Account, audiences: Iterable[int]) -> None:
    """Set ``lastUpdate`` of audiences whose memberships have changed."""
    now = stamp(account.now())
    account.store.db.executemany(
        "UPDATE audiences SET body = json_set(body, '$.lastUpdate', ?) WHERE id = ?",
        [(now, each) for each in audiences],
    )


def get_audience(call: Call) -> tuple[Any, ...]:
    """Return the audience of the path as ``(id, created, name, body)``. Raise ApiError if it does not exist."""
    row: tuple[Any, ...] | None = _row(call, int(call.path["audienceId"]))
    if row is None:
        raise not_found(call.endpoint, "audience")
    return row


def _row(call: Call, audience: int) -> Any:
    return call.account.store.row(f"SELECT {COLUMNS} FROM audiences WHERE id = ?", [audience])  # noqa: S608 - constant


def describe(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the JSON object Audience."""
    return {
        "accountId": ACCOUNT_ID,
        "id": row[0],
        "created": stamp(row[1]),
        "name": row[2],
        "sandbox": False,
        **json_text.decode(row[3]),
    }
