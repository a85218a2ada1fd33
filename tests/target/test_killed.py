"""Syncs that are killed: nothing is marked sent that was not, and the next run finishes."""

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
    """A push in a process of its own, killed after a while."""

    def __init__(self, engine, destination: dict, store: str = "") -> None:
        self.engine, self.destination = engine, destination
        self.store = store or engine.store
        self.killed = 0

    def run(self, rows: list[dict], *, seconds: float | None) -> int:
        """The exit code of a push that gets so many seconds."""
        process = self._start(rows)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        return self._end(process)

    def run_until(self, rows: list[dict], enough: Callable[[], bool]) -> int:
        """The exit code of a push that is killed as soon as it did enough."""
        process = self._start(rows)
        while process.poll() is None and not enough():
            pass
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
        """How many came to the emulator."""
        counted: int = self.engine.emu.counters().get(operation, {"requests": 0})["requests"]
        return counted

    def known(self) -> set[str]:
        """What the store believes to be at Talon.One."""
        with open_store(self.store) as store:
            return acknowledged_keys(store)


@pytest.mark.slow
def test_a_mirror_killed_at_20_random_moments_ends_as_the_segment(engine):
    """And never knows of a member that is not there."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})
    chance, killing = random.Random(4), Killed(engine, VIP)
    engine.emu.fault(LISTS, "latency", count=0, seconds=0.05)
    members = set(range(20_000))
    began = time.monotonic()
    assert 0 == killing.run([{"id": f"c-{n}"} for n in sorted(members)], seconds=None)
    whole = time.monotonic() - began
    try:
        for turn in range(20):
            gone = set(chance.sample(sorted(members), 1500))
            members = members - gone | {30_000 + 1000 * turn + n for n in range(1000)}
            killing.run([{"id": f"c-{n}"} for n in sorted(members)], seconds=chance.uniform(0.2, 0.9) * whole)
            assert killing.known() <= engine.members()
    finally:
        engine.emu.clear_faults()
    assert killing.killed >= 8
    rows = [{"id": f"c-{n}"} for n in sorted(members)]
    assert 0 == killing.run(rows, seconds=None)
    assert {row["id"] for row in rows} == engine.members() == killing.known()


HOMES = {"folder": "file://{}/home", "s3": "s3://bucket/home", "postgresql": None}


@pytest.fixture(params=HOMES)
def home(request, tmp_path):
    """The URL of a store's home."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    url = HOMES[request.param]
    return url.format(tmp_path) if url else request.getfixturevalue("postgres_url")


@pytest.mark.slow
def test_a_mirror_whose_store_is_elsewhere_forgets_nobody_it_added(engine, home):
    """Killed seven times, each time with another segment: in the end nobody of them is left over."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})
    chance, killing = random.Random(6), Killed(engine, VIP, home)
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
    """The Idempotency-Key of a row stays the same until it is acknowledged."""
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
    """What was acknowledged before the kill is not sent again."""
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
    """The second one is told who is there."""
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
