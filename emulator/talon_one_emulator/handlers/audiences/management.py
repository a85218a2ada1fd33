"""Audiences in the Management API: lists, member counts, memberships, their export and import as CSV."""

from __future__ import annotations

import csv
import io
import re

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import CSV, Answer, Call, handles, ok
from talon_one_emulator.api.errors import invalid
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.account import ACCOUNT_ID, stamp
from talon_one_emulator.handlers.audiences import integration as audiences
from talon_one_emulator.handlers.listing import count, ordering, window, with_optional_total

_ORDERS = {"id": "id", "created": "created", "name": "name"}
_MEMBER_ORDERS = {"id": "id", "created": "created", "integrationId": "integration_id"}
_MEMBERS = "id IN (SELECT profile FROM memberships WHERE audience = ?)"
COLUMN = "profileintegrationid"
_ID = re.compile(r"\d{1,20}", re.ASCII)


@handles(endpoints.GET_AUDIENCES)
def get_audiences(call: Call) -> Answer:
    """List the audiences of the account."""
    order = ordering(call.query.get("sort"), _ORDERS, "id")
    rows, more = window(call, "audiences", "1", [], order=order, columns=audiences.COLUMNS)
    data = [audiences.describe(row) for row in rows]
    return with_optional_total(call, data, more, lambda: count(call, "audiences", "1", []))


@handles(endpoints.GET_AUDIENCES_ANALYTICS)
def get_audiences_analytics(call: Call) -> Answer:
    """List the member counts of up to 1000 audiences, whose ids are separated by commas."""
    wanted = _ids(call.query.get("audienceIds"))
    marks = ", ".join("?" * len(wanted))
    rows = call.account.store.rows(
        "SELECT a.id, count(m.profile) FROM audiences a LEFT JOIN memberships m ON m.audience = a.id"  # noqa: S608 - marks
        f" WHERE a.id IN ({marks}) GROUP BY a.id ORDER BY a.id",
        wanted,
    )
    return ok(
        {"hasMore": False, "data": [{"audienceId": audience, "membersCount": members} for audience, members in rows]}
    )


@handles(endpoints.GET_AUDIENCE_MEMBERSHIPS)
def get_audience_memberships(call: Call) -> Answer:
    """List the profiles in an audience; ``profileQuery`` matches a part of their integration id."""
    audience = audiences.get_audience(call)[0]
    where, args = _MEMBERS, [audience]
    if call.query.get("profileQuery"):
        where += " AND instr(integration_id, ?)"
        args.append(call.query["profileQuery"])
    size = call.query.get("pageSize", 1000)
    order = ordering(call.query.get("sort"), _MEMBER_ORDERS, "id")
    found = profiles.select(
        call.account, f"{where} ORDER BY {order} LIMIT ? OFFSET ?", [*args, size + 1, call.query.get("skip", 0)]
    )
    return ok({"hasMore": len(found) > size, "data": profiles.describe(call.account, found[:size])})


@handles(endpoints.EXPORT_AUDIENCES_MEMBERSHIPS)
def export_audiences_memberships(call: Call) -> Answer:
    """Export the members as CSV with one column, ``profileintegrationid``."""
    audience = audiences.get_audience(call)[0]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([COLUMN])
    writer.writerows(
        [profile.integration_id] for profile in profiles.select(call.account, f"{_MEMBERS} ORDER BY id", [audience])
    )
    return Answer(200, text.getvalue().encode(), CSV)


@handles(endpoints.IMPORT_AUDIENCES_MEMBERSHIPS)
def import_audiences_memberships(call: Call) -> Answer:
    """Replace the members by those of an uploaded CSV. Missing profiles are created."""
    account, audience = call.account, audiences.get_audience(call)[0]
    members = profiles.ensure(account, _uploaded(call.upload), visible=not account.current)
    account.store.db.execute("DELETE FROM memberships WHERE audience = ?", (audience,))
    account.store.db.executemany(
        "INSERT INTO memberships (audience, profile) VALUES (?, ?)",
        [(audience, profile) for profile in members.values()],
    )
    audiences.set_last_update(account, [audience])
    now = account.now()
    return ok(
        {
            "id": now,
            "created": stamp(now),
            "accountId": ACCOUNT_ID,
            "userId": 1,
            "entity": "AudienceMembership",
            "amount": len(members),
        }
    )


def _ids(text: str | None) -> list[int]:
    parts = (text or "").split(",")
    if len(parts) > 1000 or not all(_ID.fullmatch(part) for part in parts):
        raise invalid("Invalid parameter", "audienceIds: up to 1000 ids separated by commas", parameter="audienceIds")
    # An id of more than 64 bits is the id of no audience.
    return [int(part) for part in parts if int(part) in json_text.INT64]


def _uploaded(upload: bytes) -> list[str]:
    try:
        rows = list(csv.reader(io.StringIO(upload.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise invalid("Invalid file", f"the upload is not a CSV file in UTF-8: {error}") from error
    if not rows or COLUMN not in rows[0]:
        raise invalid("Invalid file", f"the upload has no column {COLUMN}")
    column = rows[0].index(COLUMN)
    return [row[column] for row in rows[1:] if len(row) > column and row[column]]
