"""Pushes with a store in the source that are killed forget nothing, and remove nobody who should stay."""

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

import pytest

from tests.killing import Moments
from tests.target.source_databases import SERVERS, SourceDatabase

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
PROJECT = Path(__file__).parents[4]


class Killed:
    """Pushes of a table in separate processes that are killed."""

    def __init__(self, engine, source, destination) -> None:
        self.engine, self.source, self.destination = engine, source, destination
        self.killed = 0

    def run(self, *, seconds=None, enough=lambda: False) -> int:
        """Push, kill the process after so many seconds or when it has done enough, and return its exit code."""
        folder = self.engine.folder
        config = {
            "base_url": self.engine.emu.url,
            "api_key": self.engine.emu.api_key,
            "folder": str(folder),
            "source": self.source.url,
            "destination": self.destination,
        }
        (folder / "config.json").write_text(json.dumps(config))
        script = PROJECT / "tests" / "target" / "killed_in_source_process.py"
        process = subprocess.Popen(
            [sys.executable, str(script), str(folder / "config.json")],
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
        )
        ends = None if seconds is None else time.monotonic() + seconds
        while process.poll() is None and not enough() and (ends is None or time.monotonic() < ends):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
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


def _source(request, tmp_path):
    of_server = SERVERS.get(request.param)
    return SourceDatabase(request.getfixturevalue(of_server) if of_server else f"duckdb:///{tmp_path}/source.duckdb")


@pytest.fixture(params=["duckdb", "postgresql"])
def source(request, tmp_path):
    """A database without tables, in which what was acknowledged is saved every few seconds."""
    return _source(request, tmp_path)


@pytest.fixture(params=["duckdb", "postgresql", "snowflake", "bigquery"])
def any_source(request, tmp_path):
    """A database without tables."""
    return _source(request, tmp_path)


@pytest.fixture
def audience(engine):
    """An audience with the id 1."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})


@pytest.mark.usefixtures("audience")
@pytest.mark.slow
def test_a_killed_push_goes_on_where_it_was(engine, source):
    """The run after a kill sends no row that was acknowledged and saved before it."""
    engine.emu.fault(LISTS, "latency", count=0, seconds=1.5)
    killing = Killed(engine, source, VIP)
    source.fill_ids([f"c-{n}" for n in range(30_000)])
    try:
        killing.run(enough=lambda: killing.requests(LISTS) >= 20)
    finally:
        engine.emu.clear_faults()
    assert 1 == killing.killed
    known = source.acknowledged()
    assert known
    assert known <= engine.members()
    figures = source.push(engine, VIP)
    assert 30_000 - len(known) == figures.sent
    assert {f"c-{n}" for n in range(30_000)} == engine.members()


@pytest.mark.slow
@pytest.mark.usefixtures("audience")
def test_a_mirror_killed_at_20_random_moments_ends_as_the_segment(engine, any_source):
    """The tables never list a member that is not in the audience, and the last run completes the mirror."""
    chance, source = random.Random(4), any_source
    killing = Killed(engine, source, VIP)
    engine.emu.fault(LISTS, "latency", count=0, seconds=0.05)
    members = set(range(20_000))
    source.fill_ids([f"c-{n}" for n in sorted(members)])
    began = time.monotonic()
    assert 0 == killing.run()
    moments, turn = Moments(chance, time.monotonic() - began), 0
    try:
        while moments.killed < 20:
            gone = set(chance.sample(sorted(members), 1500))
            members = members - gone | {30_000 + 1000 * turn + n for n in range(1000)}
            source.fill_ids([f"c-{n}" for n in sorted(members)])
            began = time.monotonic()
            code = killing.run(seconds=moments.draw())
            moments.saw(killed=code != 0, seconds=time.monotonic() - began)
            turn += 1
            assert source.acknowledged() <= engine.members()
    finally:
        engine.emu.clear_faults()
    assert 0 == killing.run()
    assert {f"c-{n}" for n in members} == engine.members() == source.acknowledged()


@pytest.mark.slow
@pytest.mark.usefixtures("audience")
def test_no_member_is_forgotten_that_a_killed_push_has_added(engine, source):
    """After seven kills, each with another segment, the last run removes every member of the earlier ones."""
    chance, killing = random.Random(6), Killed(engine, source, VIP)
    engine.emu.fault(LISTS, "latency", count=0, seconds=0.1)
    try:
        for turn in range(6):
            source.fill_ids([f"c-{turn}-{n}" for n in range(20_000)])
            enough = killing.requests(LISTS) + chance.randint(2, 18)
            killing.run(enough=lambda enough=enough: killing.requests(LISTS) >= enough)
        source.fill_ids([f"last-{n}" for n in range(20_000)])
        killing.run(enough=lambda: "last-1" in engine.members())
    finally:
        engine.emu.clear_faults()
    assert killing.killed >= 5
    assert "last-1" in engine.members()
    source.fill_ids([f"c-{n}" for n in range(3000)])
    assert 0 == killing.run()
    assert {f"c-{n}" for n in range(3000)} == engine.members() == source.acknowledged()


@pytest.mark.slow
def test_events_killed_at_random_moments_happen_once(engine, source):
    """No event is tracked twice, because a row keeps its Idempotency-Key until it is acknowledged."""
    chance, killing = random.Random(5), Killed(engine, source, EVENTS)
    engine.emu.fault("track_event_v2", "latency", count=0, seconds=0.01)
    source.fill("id varchar, who varchar, what varchar", [f"('e-{n}', 'c-{n % 50}', 'visit')" for n in range(1500)])
    try:
        while True:
            # What was acknowledged is saved every few seconds, so each push must last longer than the one before.
            enough = killing.requests("track_event_v2") + chance.randint(50, 300) * (killing.killed + 1)
            if killing.run(enough=lambda enough=enough: killing.requests("track_event_v2") >= enough) == 0:
                break
            assert killing.killed < 60
    finally:
        engine.emu.clear_faults()
    assert killing.killed >= 2
    assert 1500 == len(engine.emu.state("events")["events"])
