"""A receiver that is killed, or that waits for another process: every notification is in the warehouse once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from decimal import Decimal

import pytest
import requests

from talon_one_emulator import Emulator, NotifyTarget
from talon_one_receiver.server import NotLoaded
from talon_one_warehouse import open_warehouse
from tests import commands
from tests.receiver.examples import body_of
from tests.servers import free_port

_PAUSE = threading.Event()
LOCKS = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


class Listener:
    """A process of ``talon-one listen`` on one port, which can be killed and started again."""

    def __init__(self, folder, url):
        self.port = free_port()
        self._command = [
            sys.executable, "-m", "talon_one_cli", "listen", "--to", url, "--port", str(self.port), "--every", "0.2",
            "--journal", str(folder / "journal"),
        ]  # fmt: skip
        self.start()

    def start(self):
        """Start the process, and wait until it accepts notifications."""
        self._process = commands.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert f"listening on http://127.0.0.1:{self.port}/notifications\n" == self._process.stdout.readline()

    def end(self, signum):
        """End the process with a signal, and return its exit code."""
        with self._process:
            self._process.send_signal(signum)
            return self._process.wait()


def run(folder, url, count, kills):
    """Send notifications of points while the receiver is killed; return the emulator's and the warehouse's."""
    listener = Listener(folder, url)
    target = NotifyTarget(f"http://127.0.0.1:{listener.port}/notifications", first_pause_s=0.05)
    try:
        with Emulator(seed="synthetic", cards=10, transactions=0, notify=target) as emulator:
            emulator.add_transactions({"card": f"card-{n % 10 + 1:06}", "amount": f"{n}.01"} for n in range(count))
            for kill in range(kills):
                delivered = count * (kill + 1) // (kills + 1)
                while emulator.notification_counts().get("delivered", 0) < delivered:
                    _PAUSE.wait(0.05)
                assert -signal.SIGKILL == listener.end(signal.SIGKILL)
                listener.start()
            emulator.join_notifications()
            sent = emulator.notifications()
    finally:
        code = listener.end(signal.SIGTERM)
    assert 128 + signal.SIGTERM == code
    with open_warehouse(url) as warehouse:
        table = warehouse.name_of("notifications_card_points")
        loaded = warehouse.query(f"SELECT notification_id, amount FROM {table}")
    return sent, loaded


def check(sent, loaded, count):
    """Check that all notifications were delivered, and that each is a row once, with its amount."""
    assert {"delivered"} == {one["state"] for one in sent}
    assert count == len(sent) == len(loaded)
    assert {one["id"]: one["body"]["Amount"] for one in sent} == {one: Decimal(amount) for one, amount in loaded}


def test_a_killed_receiver_loses_nothing(tmp_path):
    """Of 300 notifications with one kill, every one is in DuckDB once, and SIGTERM ends with everything loaded."""
    check(*run(tmp_path, f"duckdb:///{tmp_path}/w.duckdb", 300, 1), 300)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["duckdb", "postgresql"])
def test_a_receiver_that_is_killed_five_times_loses_nothing(tmp_path, request, database):
    """Of 10,000 notifications with five kills, every one is in the warehouse once."""
    duckdb = f"duckdb:///{tmp_path}/w.duckdb"
    url = duckdb if database == "duckdb" else request.getfixturevalue("postgres_url")
    check(*run(tmp_path, url, 10_000, 5), 10_000)


def test_a_warehouse_that_is_in_use_loses_nothing(settings, receiver, rows, tmp_path, caplog):
    """Notifications are accepted while another process holds the warehouse; the next start loads them."""
    command = [sys.executable, "-c", LOCKS, tmp_path / "w.duckdb"]
    with commands.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert "held\n" == other.stdout.readline()
        with pytest.raises(NotLoaded, match="1 notification is in the journal"), receiver(settings()) as running:
            assert 200 == requests.post(running.url, json=body_of("LoyaltyPointsAdded"), timeout=10).status_code
        other.stdin.close()
    assert "they are safe in the journal" in caplog.text
    with receiver(settings()):
        pass
    assert 1 == len(rows(settings(), "notifications_points"))
