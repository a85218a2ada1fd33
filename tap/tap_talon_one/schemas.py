"""The JSON schemas of the streams: the fields of Talon.One, and the fields that the tap adds.

A field of Talon.One keeps its name (camelCase); a field that the tap adds is snake_case.
"""

from __future__ import annotations

from typing import Any

from talon_one_schemas import record

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
MAYBE_STRING: Schema = {"type": ["string", "null"]}
MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
MAYBE_INSTANT: Schema = {"type": ["string", "null"], "format": "date-time"}

LEDGER_DATES: dict[str, Schema] = {
    "created": MAYBE_INSTANT,
    "created_text": MAYBE_STRING,
    "start_kind": MAYBE_STRING,
    "start_at": MAYBE_INSTANT,
    "expiry_kind": MAYBE_STRING,
    "expiry_at": MAYBE_INSTANT,
}
TYPED_DATES: dict[str, Schema] = {
    "start_kind": MAYBE_STRING,
    "start_at": MAYBE_INSTANT,
    "expiry_kind": MAYBE_STRING,
    "expiry_at": MAYBE_INSTANT,
}
CREATED: dict[str, Schema] = {"created": MAYBE_INSTANT, "created_text": MAYBE_STRING}
TIER_DATES: dict[str, Schema] = {"startDate": MAYBE_STRING, "expiryDate": MAYBE_STRING, **TYPED_DATES}
POINTS = ("activePoints", "pendingPoints", "spentPoints", "expiredPoints", "negativePoints")


def _shipped(node: Any) -> Any:
    """Return a schema without internal annotations."""
    if isinstance(node, dict):
        return {k: _shipped(v) for k, v in node.items() if k not in ("x-since", "$schema", "title")}
    return [_shipped(v) for v in node] if isinstance(node, list) else node


def _properties(of: Schema) -> dict[str, Schema]:
    # A property may itself be called "title": only the annotations of schemas are dropped.
    return {name: _shipped(prop) for name, prop in of["properties"].items()}


def table(properties: dict[str, Schema]) -> Schema:
    """Return an object schema; it allows unknown fields, because other versions of the API may have more."""
    return {"type": "object", "properties": properties, "additionalProperties": True}


def page_row(page: str, **added: Schema) -> Schema:
    """Return the schema of a row of a page record, with added fields."""
    return table({**_properties(record(page)["properties"]["data"]["items"]), **added})


def section_row(name: str, section: str, **added: Schema) -> Schema:
    """Return the schema of a row of the array (or object) ``section`` of record ``name``, with added fields."""
    part = record(name)["properties"][section]
    return table({**_properties(part.get("items", part)), **added})


def nested_row(page: str, array: str, **added: Schema) -> Schema:
    """Return the schema of an object in an array of the rows of a page record, with its position and added fields."""
    row = record(page)["properties"]["data"]["items"]["properties"][array]["items"]
    return table({**added, "position": INTEGER, **_properties(row)})


def partial_row(row: Schema, key: tuple[str, ...]) -> Schema:
    """Return the schema of a row that some strategies provide in part: all fields but the key may be null."""
    fields = {name: prop if name in key else _nullable(prop) for name, prop in row["properties"].items()}
    return table({**fields, "source": STRING})


def _nullable(prop: Schema) -> Schema:
    types = prop.get("type")
    return {**prop, "type": [types, "null"]} if isinstance(types, str) and types != "null" else prop


def effect_row() -> Schema:
    """Return the schema of an effect, with the event that caused it."""
    event = _properties(record("ApplicationEventsPage")["properties"]["data"]["items"])
    inherited = ("applicationId", "profileId", "sessionId", "storeId", "storeIntegrationId")
    row = nested_row(
        "ApplicationEventsPage",
        "effects",
        eventId=INTEGER,
        eventType=MAYBE_STRING,
        **CREATED,
        **{name: event[name] for name in inherited},
    )
    exported = {"profileIntegrationId": STRING, "sessionIntegrationId": STRING, "totalRevenue": MAYBE_NUMBER}
    return partial_row(table({**row["properties"], **exported}), ("eventId", "position"))


def tier_row() -> Schema:
    """Return the schema of the tier of a member."""
    key = {"programId": INTEGER, "subledgerId": STRING, "integrationId": STRING}
    return table({**key, "tierName": MAYBE_STRING, **TIER_DATES})


def join_date_row() -> Schema:
    """Return the schema of the date at which a member has joined a program."""
    key = {"programId": INTEGER, "integrationId": STRING}
    return table({**key, "joinDate": MAYBE_STRING, "joined_at": MAYBE_INSTANT})


def progress_row() -> Schema:
    """Return the schema of the progress of a profile in an achievement."""
    dates = {
        name: prop
        for date, typed in (("startDate", "started_at"), ("endDate", "ends_at"), ("completionDate", "completed_at"))
        for name, prop in ((date, MAYBE_STRING), (typed, MAYBE_INSTANT))
    }
    key = {"achievementId": INTEGER, "integrationId": STRING, "position": INTEGER}
    values = {"title": MAYBE_STRING, "target": MAYBE_NUMBER, "progress": MAYBE_NUMBER, "status": MAYBE_STRING}
    return table({**key, **values, **dates})


def giveaway_row() -> Schema:
    """Return the schema of a giveaway of a pool."""
    return table(
        {
            "id": INTEGER,
            "poolId": INTEGER,
            "code": MAYBE_STRING,
            "created": MAYBE_INSTANT,
            "startDate": MAYBE_INSTANT,
            "endDate": MAYBE_INSTANT,
            "attributes": {"type": ["object", "null"]},
            "used": {"type": ["boolean", "null"]},
            "importId": {"type": ["integer", "null"]},
            "profileId": {"type": ["integer", "null"]},
            "integrationId": MAYBE_STRING,
        }
    )


def balance_row(owner: str, **extra: Schema) -> Schema:
    """Return the schema of a balance: one row for each owner and ledger; unknown points are null."""
    return table(
        {
            "programId": INTEGER,
            owner: STRING,
            "subledgerId": STRING,
            "as_of": INSTANT,
            **dict.fromkeys(POINTS, MAYBE_NUMBER),
            **extra,
            "source": STRING,
        }
    )


def tier_fields() -> dict[str, Schema]:
    """Return the tier fields of a profile's balance (era current)."""
    ledger = _properties(record("LoyaltyBalancesWithTiers")["properties"]["balance"])
    return {name: prop for name, prop in ledger.items() if name not in POINTS}


UNKNOWN = {"expiredBalance": MAYBE_NUMBER, "spentBalance": MAYBE_NUMBER}


def card_row() -> Schema:
    """Return the schema of a card, whose ledgers have null for points that the list of cards never has."""
    row = page_row("LoyaltyCardsPage")
    for ledger in (row["properties"]["ledger"], row["properties"]["subledgers"]["additionalProperties"]):
        ledger["properties"] = {**ledger["properties"], **UNKNOWN}
    return row


def loyalty_row() -> Schema:
    """Return the schema of a profile's membership in a program: one row for each program and ledger."""
    program = record("CustomerInventory")["properties"]["loyalty"]["properties"]["programs"]["additionalProperties"]
    ledger = _properties(program["properties"]["ledger"])
    names = {"programId": INTEGER, "name": MAYBE_STRING, "title": MAYBE_STRING, "joinDate": MAYBE_INSTANT}
    return table({"integrationId": STRING, **names, "subledgerId": STRING, **ledger, **UNKNOWN})
