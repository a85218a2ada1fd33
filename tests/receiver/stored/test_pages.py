"""Pages of a table of notifications have every row once, in the order of its key."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from talon_one_receiver.notification import Notification
from talon_one_receiver.stored.merging import merge
from talon_one_receiver.stored.pages import pages
from talon_one_receiver.streams import BY_TYPE
from talon_one_warehouse import open_warehouse

TABLE = BY_TYPE["TierUpgrade"].table


def test_pages_have_every_row_once(tmp_path):
    """A page may end within the rows of a notification, and its id may need a quote."""
    names = ("a", "b'", "b\\", "c")
    items = [{"CustomerProfileID": f"p{n}", "LoyaltyProgramID": 1} for n in range(5)]
    body = json.dumps({"NotificationType": "TierUpgrade", "Data": items}).encode()
    with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
        merge(warehouse, [Notification.of_request(name, body, datetime(2026, 11, 26, tzinfo=UTC)) for name in names])
        expected = sorted((name, position) for name in names for position in range(5))
        for most in (1, 3, 5, 20, 21):
            found = list(pages(warehouse, TABLE, ["customer_profile_id"], most=most))
            assert expected == [(row["notification_id"], row["position"]) for page in found for row in page]
            assert max(map(len, found)) == min(most, 20)
