"""Notifications that are merged as the receiver does it, without a receiver."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from talon_one_receiver import STREAMS
from talon_one_receiver.notification import Notification
from talon_one_receiver.stored.merging import TABLES, merge
from talon_one_warehouse import open_warehouse

TIERS = next(stream for stream in STREAMS if stream.name == "notifications_tiers")


def merge_tier(url, profile):
    """Merge the notification that the tier of a profile has changed; its id is that of the profile."""
    body = {"NotificationType": "TierUpgrade", "Data": [{"CustomerProfileID": profile, "LoyaltyProgramID": 1}]}
    made = Notification.of_request(profile, json.dumps(body).encode(), datetime(2026, 11, 26, tzinfo=UTC))
    with open_warehouse(url) as warehouse:
        for table in TABLES:
            if table != TIERS.table:  # that one is there only with its row
                warehouse.prepare(table.with_loaded_at())
        merge(warehouse, [made])
