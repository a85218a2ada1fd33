"""Applications and attributes of the account."""

from __future__ import annotations

from typing import Any

from talon_one_client import endpoints
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, stamp
from talon_one_emulator.domain.loyalty import programs
from talon_one_emulator.handlers.listing import count, ordering, window

_APPLICATION_ORDERS = {"id": "id", "created": "created", "name": "name"}
_ATTRIBUTE_ORDERS = {"id": "id", "created": "created", "name": "name", "entity": "entity", "type": "type"}


@handles(endpoints.GET_APPLICATIONS)
def get_applications(call: Call) -> Answer:
    """List Applications, each with its loyalty programs."""
    order = ordering(call.query.get("sort"), _APPLICATION_ORDERS, "id")
    rows, _ = window(call, "applications", "1", [], order=order)
    described = [programs.describe_program(call.account, each) for each in programs.all_programs(call.account)]
    data = [
        {
            "id": application,
            "created": stamp(created),
            "modified": stamp(created),
            "accountId": ACCOUNT_ID,
            "name": name,
            "description": "",
            "timezone": "UTC",
            "currency": "USD",
            "caseSensitivity": "sensitive",
            "sandbox": False,
            "loyaltyPrograms": described if application == APPLICATION_ID else [],
        }
        for application, created, name in rows
    ]
    return ok({"totalResultSize": count(call, "applications", "1", []), "data": data})


@handles(endpoints.GET_ATTRIBUTES)
def get_attributes(call: Call) -> Answer:
    """List custom attributes. Built-in attributes are not emulated, so ``kind=builtin`` returns none."""
    where, args = _attribute_filter(call)
    order = ordering(call.query.get("sort"), _ATTRIBUTE_ORDERS, "id")
    rows, _ = window(
        call, "attributes", where, args, order=order, columns="id, created, entity, event_type, name, type"
    )
    return ok({"totalResultSize": count(call, "attributes", where, args), "data": [_attribute(row) for row in rows]})


def _attribute_filter(call: Call) -> tuple[str, list[Any]]:
    query = call.query
    given = (
        ("entity = ?", query.get("entity")),
        ("type = ?", query.get("type")),
        ("instr(lower(name || ' ' || type), lower(?))", query.get("search")),
        ("? = 'custom'", query.get("kind")),
    )
    chosen = [(test, value) for test, value in given if value is not None]
    return " AND ".join(test for test, _ in chosen) or "1", [value for _, value in chosen]


def _attribute(row: tuple[Any, ...]) -> dict[str, Any]:
    attribute, created, entity, event_type, name, kind = row
    return {
        "id": attribute,
        "created": stamp(created),
        "accountId": ACCOUNT_ID,
        "entity": entity,
        "name": name,
        "title": name,
        "type": kind,
        "description": "",
        "suggestions": [],
        "editable": True,
        "subscribedApplicationsIds": [APPLICATION_ID],
        **({"eventType": event_type} if event_type else {}),
    }
