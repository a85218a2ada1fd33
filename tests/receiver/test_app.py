"""Requests to a receiver: who may send, what is counted, and when it is full."""

from __future__ import annotations

import base64
import logging
import subprocess
import sys

import pytest
import requests

from talon_one_receiver.authentication import Credentials
from talon_one_receiver.intake import Limits
from talon_one_receiver.server import NotLoaded
from talon_one_singer.errors import ConfigError
from talon_one_warehouse import WarehouseConfigError
from tests import commands, servers
from tests.receiver.examples import body_of

BODY = body_of("LoyaltyPointsAdded")
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


@pytest.mark.parametrize(
    ("accepted", "header"),
    [
        (credentials(TOKEN=TOKEN), {"Authorization": TOKEN}),
        (credentials(TOKEN=TOKEN), {"Authorization": f"Bearer {TOKEN}"}),
        (credentials("X-Token", TOKEN=TOKEN), {"X-Token": TOKEN}),
        (
            credentials(USER="me", PASSWORD=PASSWORD, TOKEN=TOKEN),
            {"Authorization": "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()},
        ),
    ],
)  # fmt: skip
def test_only_requests_with_the_secret_are_accepted(settings, receiver, caplog, accepted, header):
    """With the secret 200, with none or a wrong one 401, and no secret in any log or representation."""
    caplog.set_level(logging.DEBUG)
    with receiver(settings(credentials=accepted)) as running:
        name, value = next(iter(header.items()))
        wrong = [
            {},
            {name: value + "x"},
            {name: value[:-1]},
            {name: ""},
            {"Authorization": "Basic ÿ".encode("latin-1")},
        ]
        statuses = [
            requests.post(running.url, json=BODY, headers=one, timeout=10).status_code for one in [header, *wrong]
        ]
        said = requests.get(f"{running.base}/metrics", timeout=10).text + repr(running.settings)
    assert [200, 401, 401, 401, 401, 401] == statuses
    assert 'talon_one_notifications_requests_total{outcome="unauthorized"} 5.0' in said
    for secret in (TOKEN, PASSWORD):
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


LOCKS = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_warehouse_that_is_in_use_loses_nothing(settings, receiver, rows, tmp_path, caplog):
    """Notifications are accepted while another process holds the warehouse; the next start loads them."""
    command = [sys.executable, "-c", LOCKS, tmp_path / "w.duckdb"]
    with commands.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert "held\n" == other.stdout.readline()
        with pytest.raises(NotLoaded, match="1 notifications are in the journal"), receiver(settings()) as running:
            assert 200 == requests.post(running.url, json=BODY, timeout=10).status_code
        other.stdin.close()
    assert "they are safe in the journal" in caplog.text
    with receiver(settings()):
        pass
    assert 1 == len(rows(settings(), "notifications_points"))


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
    with pytest.raises(ConfigError, match="has 1 notifications for postgresql://") as other, receiver(settings()):
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
