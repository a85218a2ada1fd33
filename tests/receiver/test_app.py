"""Requests to a receiver: who may send, what is counted, and when it is full."""

from __future__ import annotations

import base64
import json
import logging
import socket
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests
from starlette.datastructures import Headers

from talon_one_receiver.authentication import Credentials
from talon_one_receiver.errors import Unauthorized
from talon_one_receiver.intake import Limits
from talon_one_receiver.server import NotLoaded
from talon_one_singer.errors import ConfigError
from talon_one_warehouse import WarehouseConfigError
from tests import servers
from tests.receiver.examples import body_of

BODY = body_of("LoyaltyPointsAdded")
_PAUSE = threading.Event()
TOKEN, PASSWORD = "Kanari7Zx9qq", "Vogel5:Yw8pp"


def credentials(header="Authorization", **environment):
    """Return the credentials of environment variables without their common prefix."""
    return Credentials.from_environment({f"TALON_ONE_LISTEN_{name}": one for name, one in environment.items()}, header)


def test_a_notification_that_is_sent_again_is_in_the_table_once(settings, receiver, rows):
    """A notification with an X-UUID, or without one with the same body, is a row once, also after a restart."""
    for outcome in ("new", "repeated"):
        with receiver(settings()) as running:
            sent = [
                requests.post(running.url, json=BODY, headers=headers, timeout=10).json()
                for headers in ({"X-UUID": "u-1"}, {}, {"X-UUID": "u-1"}, {"X-UUID": "not a message id"})
            ]
        assert [outcome, outcome, "repeated", "repeated"] == [one["outcome"] for one in sent]
    received = rows(settings(), "notifications_points", "notification_id, received_at")
    assert sorted(["u-1", sent[1]["id"]]) == sorted(row[0] for row in received)
    assert sent[1]["id"].startswith("sha256:")


def basic(login):
    """Return the header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


@pytest.mark.parametrize(
    ("accepted", "header"),
    [
        (credentials(TOKEN=TOKEN), {"Authorization": TOKEN}),
        (credentials(TOKEN=TOKEN), {"Authorization": f"Bearer {TOKEN}"}),
        (credentials("X-Token", TOKEN=TOKEN), {"x-token": TOKEN}),
        (credentials(USER="me", PASSWORD=PASSWORD, TOKEN=TOKEN), basic(f"me:{PASSWORD}")),
        (credentials(USER="me", PASSWORD=PASSWORD, TOKEN=TOKEN), {"Authorization": f"Bearer {TOKEN}"}),
    ],
)
def test_only_the_secret_opens(accepted, header):
    """A request with the secret is accepted; one with none, or with one that differs by a character, is not."""
    accepted.check(Headers(header))
    ((name, value),) = header.items()
    for wrong in ({}, {name: value + "x"}, {name: value[:-1]}, {name: ""}, {name: "Basic"}, basic("me:"), {"x": value}):
        with pytest.raises(Unauthorized):
            accepted.check(Headers(wrong))


def test_a_request_without_the_secret_is_refused_and_counted(settings, receiver, caplog):
    """With the secret 200, with a wrong one 401, which is counted and logged, and no secret in any log or metric."""
    caplog.set_level(logging.DEBUG)
    accepted = credentials(USER="me", PASSWORD=PASSWORD, TOKEN=TOKEN)
    with receiver(settings(credentials=accepted)) as running:
        headers = [
            {"Authorization": TOKEN},
            {"Authorization": TOKEN[1:]},
            {"Authorization": "Basic ÿ".encode("latin-1")},
        ]
        statuses = [requests.post(running.url, json=BODY, headers=one, timeout=10).status_code for one in headers]
        said = requests.get(f"{running.base}/metrics", timeout=10).text + repr(running.settings)
    assert [200, 401, 401] == statuses
    assert 'talon_one_notifications_requests_total{outcome="unauthorized"} 2.0' in said
    assert "does not send it again: the secret is missing or wrong" in caplog.text
    for secret in (TOKEN, PASSWORD, TOKEN[1:]):
        assert secret not in said + caplog.text


def test_web_pages_cannot_send_notifications(settings, receiver):
    """A request with the headers that only a browser sends is answered with 403."""
    with receiver(settings()) as running:
        for header in ({"Origin": "https://shop.test"}, {"Sec-Fetch-Site": "cross-site"}):
            assert 403 == requests.post(running.url, json=BODY, headers=header, timeout=10).status_code


def test_what_is_too_much_is_answered_with_503_or_413(settings, receiver):
    """A body that is too large is 413; beyond the bytes, the requests and the pending ones of the limits it is 503."""
    cases = {
        "body": (Limits(body=100), 413, None),
        "waiting": (Limits(waiting=100), 503, "1"),
        "requests": (Limits(requests=0), 503, "1"),
        "pending": (Limits(pending=0), 503, "30"),
    }
    for name, (limits, status, after) in cases.items():
        with receiver(settings(limits=limits)) as running:
            done = requests.post(running.url, json=BODY, timeout=10)
            health = requests.get(f"{running.base}/health", timeout=10)
        assert (name, status, after) == (name, done.status_code, done.headers.get("Retry-After"))
        assert (503 if name == "pending" else 200) == health.status_code


def test_a_receiver_is_full_until_its_notifications_are_loaded(settings, receiver, rows):
    """With two notifications in the journal and a limit of two, the third is refused, and accepted after a merge."""
    chosen = settings(limits=Limits(pending=2), every_s=3600)
    with receiver(chosen) as running:
        sent = [requests.post(running.url, json=BODY, headers={"X-UUID": f"u-{n}"}, timeout=10) for n in range(3)]
        assert [200, 200, 503] == [one.status_code for one in sent]
        health = requests.get(f"{running.base}/health", timeout=10).json()
        assert {"status": "full", "warehouse": "ok", "pending": 2} == health
    with receiver(chosen) as running:
        assert 200 == requests.post(running.url, json=BODY, headers={"X-UUID": "u-2"}, timeout=10).status_code
    assert ["u-0", "u-1", "u-2"] == [
        row[0] for row in rows(chosen, "notifications_points", "notification_id, position")
    ]


def test_settings_that_would_be_unsafe_are_refused(settings, receiver, tmp_path):
    """A host that others can reach needs a secret; secrets are long enough; the warehouse is no memory."""
    with pytest.raises(ConfigError, match="TALON_ONE_LISTEN_TOKEN"), receiver(settings(host="0.0.0.0")):
        pass
    with pytest.raises(ConfigError, match="TALON_ONE_LISTEN_PASSWORD belong together"):
        credentials(USER="me")
    with pytest.raises(ConfigError, match="TALON_ONE_LISTEN_TOKEN is too short"):
        credentials(TOKEN="short")
    with receiver(settings(host="0.0.0.0", credentials=credentials(TOKEN=TOKEN))) as running:
        port = running.url.rpartition(":")[2]
        assert 401 == requests.post(f"http://127.0.0.1:{port}", json=BODY, timeout=10).status_code


def test_of_many_requests_with_one_id_one_is_new(settings, receiver, rows):
    """Requests that arrive together with one X-UUID, on any path, are one notification."""
    with receiver(settings()) as running, ThreadPoolExecutor(8) as pool:
        urls = [
            f"{running.base}/{path}" for path in ("notifications", "notifications/", "", "proxy/x") for _ in range(4)
        ]
        sent = pool.map(lambda url: requests.post(url, json=BODY, headers={"X-UUID": "u-1"}, timeout=10).json(), urls)
        assert {"new": 1, "repeated": 15} == Counter(one["outcome"] for one in sent)
    assert 1 == len(rows(settings(), "notifications_points"))


def test_a_journal_that_cannot_be_written_is_answered_with_503(settings, receiver, rows, caplog):
    """No request is answered with 200 before the journal has it: while it cannot be written, the answer is 503."""
    with receiver(settings()) as running, closing(sqlite3.connect(running.settings.journal)) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON notifications BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        refused = requests.post(running.url, json=BODY, timeout=10)
        db.execute("DROP TRIGGER full")
        accepted = requests.post(running.url, json=BODY, timeout=10)
    assert [(503, "30"), (200, None)] == [
        (one.status_code, one.headers.get("Retry-After")) for one in (refused, accepted)
    ]
    assert "disk full" in caplog.text
    assert 1 == len(rows(settings(), "notifications_points"))


def test_a_request_in_flight_is_answered_after_the_signal_to_end(settings, receiver, rows):
    """A body that arrives after the signal to end is kept, answered with 200, and loaded."""
    body = json.dumps(BODY).encode()
    head = f"POST /notifications HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    with receiver(settings()) as running:
        address = ("127.0.0.1", int(running.base.rpartition(":")[2]))
        with socket.create_connection(address) as connection, connection.makefile("rb") as answer:
            connection.sendall(head.encode())
            assert b"HTTP/1.1 100 Continue\r\n" == answer.readline()
            running.stop.set()
            while accepts(address):
                _PAUSE.wait(0.01)
            connection.sendall(body)
            assert b"HTTP/1.1 200 OK\r\n" in answer.read()
    assert 1 == len(rows(settings(), "notifications_points"))


def accepts(address):
    """Return whether a server accepts connections."""
    try:
        socket.create_connection(address).close()
    except OSError:
        return False
    return True


def test_the_metrics_count_what_was_merged(settings, receiver):
    """After a merge, the metrics have its rows, its rejected notifications and its time, and nothing is pending."""
    with receiver(settings(every_s=0.05)) as running:
        for body in (BODY, {}):
            requests.post(running.url, json=body, timeout=10)
        while requests.get(f"{running.base}/health", timeout=10).json()["pending"]:
            _PAUSE.wait(0.01)
        lines = requests.get(f"{running.base}/metrics", timeout=10).text.splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert "1.0" == found['talon_one_notifications_rows_total{stream="notifications_points"}']
    assert ("1.0", "0.0") == tuple(found[f"talon_one_notifications_{one}"] for one in ("rejected_total", "pending"))
    assert 0 < float(found["talon_one_notifications_last_merge_timestamp_seconds"])


def test_a_server_that_is_away_loses_nothing(settings, receiver, rows, postgres_url, caplog):
    """A database that is away is an error at the first start, and later none: what came is loaded when it is back."""
    server, _, database = postgres_url.rpartition("/")
    chosen = settings(url=f"{postgres_url}_later?application_name={TOKEN}")
    with pytest.raises(WarehouseConfigError) as refused, receiver(chosen):
        pass
    execute(server, f"CREATE DATABASE {database}_later")
    with receiver(chosen):
        pass
    execute(server, f"DROP DATABASE {database}_later")
    with pytest.raises(NotLoaded) as ended, receiver(chosen) as running:
        assert 200 == requests.post(running.url, json=BODY, timeout=10).status_code
    with pytest.raises(ConfigError, match="has 1 notification for postgresql://") as other, receiver(settings()):
        pass
    execute(server, f"CREATE DATABASE {database}_later")
    with receiver(chosen):
        pass
    assert 1 == len(rows(chosen, "notifications_points"))
    said = "".join(str(one.value) for one in (refused, ended, other)) + caplog.text
    assert TOKEN not in said
    assert servers.PASSWORD not in said


def execute(server, statement):
    """Execute a statement in PostgreSQL."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(f"{server}/postgres", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
