"""Every type of notification has a table, and its rows hold what the vendor's document shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import requests

from talon_one_receiver import STREAMS
from talon_one_receiver.notification import Notification
from talon_one_receiver.rows import rows_of
from talon_one_receiver.streams import BY_TYPE
from talon_one_schemas import names
from tests.receiver.examples import EXAMPLES, body_of

SOURCE = Path(__file__).resolve().parents[2] / "schemas" / "source" / "notifications.json"


def test_every_type_and_every_schema_belongs_to_one_stream():
    """The types of the streams are those of the source of the schemas, and each schema is that of one stream."""
    source = json.loads(SOURCE.read_text(encoding="utf-8"))
    defined = {
        name: source["$defs"][name]["properties"]["NotificationType"]["enum"] for name in source["notifications"]
    }
    assert defined == {stream.schema: list(stream.types) for stream in STREAMS}
    assert sorted(defined) == names("notifications")
    assert sorted(EXAMPLES) == sorted(BY_TYPE)


def test_every_type_is_merged_into_its_table(settings, receiver, rows):
    """After a notification of every type, each table has the rows of its types, column by column."""
    with receiver(settings()) as running:
        for kind in EXAMPLES:
            assert (
                200 == requests.post(running.url, data=encoded(kind), headers={"X-UUID": kind}, timeout=10).status_code
            )
    for kind, (table, _, (columns, expected)) in EXAMPLES.items():
        found = rows(settings(), table, f"notification_id, position, notification_type, {columns}")
        mine = [row for row in found if row[0] == kind]
        assert [(kind, position, kind) for position in range(len(expected))] == [row[:3] for row in mine]
        assert expected == [tuple(map(_text, row[3:])) for row in mine]
    assert [] == rows(settings(), "notifications_rejected")


def test_additional_properties_of_item_and_body_are_both_kept():
    """Where both have a property that has no column, the one of the body gets a prefix if its value is another one."""
    body = {"NotificationType": "TierUpgrade", "New": 1, "Same": 3, "Only": 4}
    body["Data"] = [{"CustomerProfileID": "a", "LoyaltyProgramID": 1, "New": 2, "Same": 3}]
    made = Notification.of_request("u", json.dumps(body).encode(), datetime(2026, 11, 26, tzinfo=UTC))
    (row,) = rows_of(made).rows
    expected = {"New": 2, "notification.New": 1, "Same": 3, "Only": 4}
    assert expected == json.loads(row)["additional_properties"]


def encoded(kind):
    """Return the body of the example of a type, in UTF-8."""
    return json.dumps(body_of(kind), ensure_ascii=False).encode()


def _text(value):
    return None if value is None else format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
