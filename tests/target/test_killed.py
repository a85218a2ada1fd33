"""Syncs that are killed mark no row as sent that was not, and the next run finishes them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from target_talon_one.store.opening import open_store
from tests.killing import Moments
from tests.target.store_content import acknowledged_keys

if TYPE_CHECKING:
    from collections.abc import Callable

VIP = {
    "sink": "audience_members",
    "audience": 1,
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}
LISTS = "update_customer_profile_audiences"
EVENTS = {"sink": "events", "mode": "add", "map": {"eventId": "id", "profileId": "who", "type": "what"}}


class Killed:
    """Pushes in separate processes that are killed."""

    def __init__(self, engine, destination: dict, store: str = "") -> None:
        self.engine, self.destination = engine, destination
        self.store = store or engine.store
        self.killed = 0

    def run(self, rows: list[dict], *, seconds: float | None) -> int:
        """Push, kill the process after so many seconds, and return its exit code."""
        process = self._start(rows)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        return self._end(process)

    def run_until(self, rows: list[dict], enough: Callable[[], bool]) -> int:
        """Push, kill the process as soon as it has done enough, and return its exit code."""
        process = self._start(rows)
        while process.poll() is None and not enough():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
        return self._end(process)

    def _start(self, rows: list[dict]) -> subprocess.Popen[bytes]:
        folder = self.engine.folder
        (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
        config = {
            "base_url": self.engine.emu.url,
            "api_key": self.engine.emu.api_key,
            "rows": str(folder / "rows.jsonl"),
            "folder": str(folder),
            "store": self.store,
            "destination": self.destination,
        }
        (folder / "config.json").write_text(json.dumps(config))
        script = Path(__file__).with_name("killed_process.py")
        return subprocess.Popen([sys.executable, str(script), str(folder / "config.json")], stderr=subprocess.PIPE)

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        self.killed += process.returncode == -signal.SIGKILL
        assert process.returncode in (0, -signal.SIGKILL), errors.decode()
        return process.returncode

    def requests(self, operation: str) -> int:
        """Return how many requests of an operation the emulator has received."""
        counted: int = self.engine.emu.counters().get(operation, {"requests": 0})["requests"]
        return counted

    def known(self) -> set[str]:
        """Return the keys that the store holds as acknowledged."""
        with open_store(self.store) as store:
            return acknowledged_keys(store)


@pytest.mark.slow
def test_a_mirror_killed_at_20_random_moments_ends_as_the_segment(engine):
    """The store never lists a member that is not in the audience, and the last run completes the mirror."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})
    chance, killing = random.Random(4), Killed(engine, VIP)
    engine.emu.fault(LISTS, "latency", count=0, seconds=0.05)
    members = set(range(20_000))
    began = time.monotonic()
    assert 0 == killing.run([{"id": f"c-{n}"} for n in sorted(members)], seconds=None)
    moments, turn = Moments(chance, time.monotonic() - began), 0
    try:
        while moments.killed < 20:
            gone = set(chance.sample(sorted(members), 1500))
            members = members - gone | {30_000 + 1000 * turn + n for n in range(1000)}
            rows, began = [{"id": f"c-{n}"} for n in sorted(members)], time.monotonic()
            code = killing.run(rows, seconds=moments.draw())
            moments.saw(killed=code != 0, seconds=time.monotonic() - began)
            turn += 1
            assert killing.known() <= engine.members()
    finally:
        engine.emu.clear_faults()
    rows = [{"id": f"c-{n}"} for n in sorted(members)]
    assert 0 == killing.run(rows, seconds=None)
    assert {row["id"] for row in rows} == engine.members() == killing.known()


BACKENDS = {"folder": "file://{}/store", "s3": "s3://bucket/store", "postgresql": None}


@pytest.fixture(params=BACKENDS)
def store_url(request, tmp_path):
    """The URL of an empty store, in each kind of backend."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    url = BACKENDS[request.param]
    return url.format(tmp_path) if url else request.getfixturevalue("postgres_url")


@pytest.mark.slow
def test_a_mirror_with_a_store_backend_forgets_no_member_it_added(engine, store_url):
    """After seven kills, each with another segment, the last run removes every member of the earlier ones."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})
    chance, killing = random.Random(6), Killed(engine, VIP, store_url)
    engine.emu.fault(LISTS, "latency", count=0, seconds=0.1)
    try:
        for turn in range(6):
            rows = [{"id": f"c-{turn}-{n}"} for n in range(20_000)]
            enough = killing.requests(LISTS) + chance.randint(2, 18)
            killing.run_until(rows, lambda enough=enough: killing.requests(LISTS) >= enough)
        rows = [{"id": f"last-{n}"} for n in range(20_000)]
        killing.run_until(rows, lambda: "last-1" in engine.members())
    finally:
        engine.emu.clear_faults()
    assert killing.killed >= 5
    assert "last-1" in engine.members()
    rows = [{"id": f"c-{n}"} for n in range(3000)]
    assert 0 == killing.run(rows, seconds=None)
    assert {row["id"] for row in rows} == engine.members() == killing.known()


@pytest.mark.slow
def test_events_killed_at_random_moments_happen_once(engine):
    """No event is tracked twice, because a row keeps its Idempotency-Key until it is acknowledged."""
    chance, killing = random.Random(5), Killed(engine, EVENTS)
    engine.emu.fault("track_event_v2", "latency", count=0, seconds=0.01)
    rows = [{"id": f"e-{n}", "who": f"c-{n % 50}", "what": "visit"} for n in range(1500)]

    def killed_after(events: int) -> int:
        enough = killing.requests("track_event_v2") + events
        return killing.run_until(rows, lambda: killing.requests("track_event_v2") >= enough)

    try:
        while killed_after(chance.randint(50, 300)) != 0:
            assert killing.killed < 60
    finally:
        engine.emu.clear_faults()
    assert killing.killed >= 2
    assert len(rows) == len(engine.emu.state("events")["events"])


def test_a_killed_push_goes_on_where_it_was(engine):
    """The run after a kill sends no row that was acknowledged before it."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})
    engine.emu.fault(LISTS, "latency", count=0, seconds=0.2)
    killing = Killed(engine, VIP)
    rows = [{"id": f"c-{n}"} for n in range(20_000)]
    try:
        killing.run_until(rows, lambda: killing.requests(LISTS) >= 12)
    finally:
        engine.emu.clear_faults()
    assert 1 == killing.killed
    known = killing.known()
    assert known
    assert known <= engine.members()
    engine.requests()
    figures = engine.push(VIP, rows)
    assert 20_000 - len(known) == figures.sent
    assert {row["id"] for row in rows} == engine.members()


def test_two_runs_on_one_store_do_not_mix(engine):
    """The second process is refused with a message that names the process that has the store open."""
    with open_store(engine.store):
        script = (
            "import sys; from target_talon_one.store.opening import open_store\n"
            "from target_talon_one.errors import StoreLockedError\n"
            "try: open_store(sys.argv[1])\n"
            "except StoreLockedError as error: print(error); sys.exit(7)"
        )
        done = subprocess.run([sys.executable, "-c", script, engine.store], capture_output=True, text=True)
    assert 7 == done.returncode
    assert f"is in use by process {os.getpid()}" in done.stdout
