"""Notifications that an earlier version has rejected are merged again, each once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from talon_one_receiver.notification import Notification
from talon_one_receiver.rejects import REJECTED, rejected_row
from talon_one_receiver.stored.merging import with_load_time
from talon_one_receiver.stored.pages import instant
from talon_one_receiver.stored.replay import replay
from talon_one_warehouse import open_warehouse, to_arrow

NOW = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=UTC)
BEFORE = replace(REJECTED, columns=tuple(one for one in REJECTED.columns if one.name != "replayed_at"))
TIER = {"NotificationType": "TierUpgrade", "Data": [{"CustomerProfileID": "łódź", "LoyaltyProgramID": 1}]}


def rejected(name, body, *, short=False):
    """Return the row of a notification that an earlier version has rejected."""
    row = rejected_row(Notification.of_request(name, body, NOW), "not known", "TierUpgrade", short=short)
    return json.dumps({one: value for one, value in json.loads(row).items() if one != "replayed_at"}).encode()


def test_what_is_valid_now_is_merged_once_and_the_rest_stays(url):
    """An earlier version has rejected five notifications, of which one is valid now: it is in its table once."""
    tier = json.dumps(TIER, ensure_ascii=False).encode()
    conflict = Notification.of_request("u-1", tier, NOW)
    before = [
        rejected("u-1", tier),
        rejected("u-2", b'{"NotificationType": "Future"}'),
        rejected("u-3", b"\xff"),
        rejected("u-4", tier + b" " * 20_000, short=True),
        rejected("u-1", tier).replace(b'"u-1"', f'"u-1 {conflict.digest}"'.encode()),
    ]
    with open_warehouse(url) as warehouse:
        warehouse.prepare(BEFORE.with_loaded_at())
        warehouse.merge(with_load_time({BEFORE.name: [to_arrow(BEFORE, before)]}, NOW))
        for merged in (1, 0):
            done = replay(warehouse, lambda: None)
            assert (merged, 2, 2) == (done.merged, len(done.rejected), done.incomplete)
        ((key, profile, received),) = warehouse.query(
            f"SELECT notification_id, customer_profile_id, received_at FROM {warehouse.name_of('notifications_tiers')}"
        )
        assert ("u-1", "łódź", NOW) == (key, profile, instant(received).astimezone(UTC))
        left = warehouse.query(
            f"SELECT notification_id, reason FROM {warehouse.name_of(REJECTED.name)} WHERE replayed_at IS NULL"
        )
    reasons = dict(map(tuple, left))
    assert sorted(["u-2", "u-3", "u-4", f"u-1 {conflict.digest}"]) == sorted(reasons)
    assert "the NotificationType 'Future' is not known" == reasons["u-2"]
    assert "another body came with this X-UUID before" == reasons[f"u-1 {conflict.digest}"]
