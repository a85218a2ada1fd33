"""The emulator's notifications: their bodies follow from its data, and they are sent again as documented."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from talon_one_emulator import Emulator, NotifyTarget
from talon_one_emulator.api import json_text
from talon_one_receiver.notification import Notification
from talon_one_receiver.rows import rows_of
from tests.servers import free_port


@contextmanager
def answering(*statuses):
    """Run a server that answers with these statuses, then 200; yield its URL and the requests."""
    left, got = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((dict(self.headers), body))
            self.send_response(left.pop(0) if left else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/notifications", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_changes_are_notified():
    """Points, tiers, coupons, campaigns and points that expire are sent, with bodies that fit the vendor's schemas."""
    with answering() as (url, got), Emulator(notify=NotifyTarget(url, {"X-Token": "t"})) as emulator:
        emulator.add("profiles", {"integrationId": "ada"})
        emulator.add("cards", {"identifier": "card-1", "profiles": ["ada"]})
        emulator.add_transactions(
            [
                {"program": 2, "profile": "ada", "amount": "150.50", "expiryDate": "2099-01-01T00:00:00Z"},
                {"program": 2, "profile": "ada", "amount": 1, "kind": "import"},
                {"card": "card-1", "amount": 7, "expiryDate": "2099-01-01T00:00:00Z"},
                {"card": "card-1", "amount": 2, "type": "subtraction", "kind": "session", "customerSessionId": "s"},
            ]
        )
        emulator.add_transactions([{"program": 2, "profile": "ada", "amount": "100", "type": "subtraction"}])
        emulator.add("coupons", {"value": "XMAS"}, {"value": "EASTER"})
        emulator.add("campaigns", {"name": "Summer"})
        emulator.notify_expiring(100 * 366)
        emulator.notify({"NotificationType": "TierWillDowngrade", "Data": []})
        emulator.join_notifications()
        sent = emulator.notifications()
        kinds = [one["body"]["NotificationType"] for one in sent]
        assert ["LoyaltyPointsAdded", "LoyaltyCardPointsAdded", "LoyaltyCardPointsDeducted", "TierUpgrade"] == kinds[:4]
        assert ["LoyaltyPointsDeducted", "TierDowngrade", "CouponCreated", "CampaignNotification"] == kinds[4:8]
        assert ["LoyaltyPointsExpiring", "LoyaltyCardPointsExpiring", "TierWillDowngrade"] == kinds[8:]
        by_kind = dict(zip(kinds, (one["body"] for one in sent), strict=True))
        assert ("Silver", "Bronze") == tuple(
            by_kind["TierUpgrade"]["Data"][0][one] for one in ("CurrentTier", "OldTier")
        )
        assert ["XMAS", "EASTER"] == [one["value"] for one in by_kind["CouponCreated"]["data"]]
        assert 5 == by_kind["LoyaltyCardPointsExpiring"]["Data"][0]["AmountOfExpiringPoints"]
        for one in sent:
            rows_of(Notification.of_request(one["id"], json_text.encode(one["body"]), datetime.now(UTC)))
        assert {(one["id"], "t") for one in sent} == {(headers["X-UUID"], headers["X-Token"]) for headers, _ in got}


@pytest.mark.parametrize(
    ("answers", "statuses", "state"),
    [([503, 429, 500], [503, 429, 500, 200], "delivered"), ([400], [400], "dropped"), ([302], [302], "dropped")],
)
def test_a_notification_is_sent_again_after_5xx_and_429_only(answers, statuses, state):
    """The same body with the same X-UUID is sent again after 5xx and 429, and after nothing else."""
    with answering(*answers) as (url, got), Emulator(notify=NotifyTarget(url, first_pause_s=0.001)) as emulator:
        emulator.notify({"NotificationType": "x"})
        emulator.join_notifications()
        (sent,) = emulator.notifications()
    assert (statuses, state) == (sent["statuses"], sent["state"])
    assert {(sent["id"], b'{"NotificationType":"x"}')} == {(headers["X-UUID"], body) for headers, body in got}


def test_a_receiver_that_is_away_is_a_switch():
    """With ``unreachable_receiver=drop``, a notification that finds no receiver is not sent again."""
    target = NotifyTarget(f"http://127.0.0.1:{free_port()}/")
    with Emulator(notify=target, switches={"unreachable_receiver": "drop"}) as emulator:
        emulator.notify({})
        emulator.join_notifications()
        assert [([0], "dropped")] == [(one["statuses"], one["state"]) for one in emulator.notifications()]


def test_without_a_receiver_nothing_can_be_sent():
    """An emulator without a receiver says how to name one, and makes no notifications."""
    with Emulator() as emulator:
        emulator.add("coupons", {"value": "XMAS"})
        with pytest.raises(ValueError, match="--notify URL"):
            emulator.notify({})
