"""Transactions that are gone at Talon.One: a complete check of the ledgers marks exactly them, and other loads none."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time

import pytest

from talon_one_client.paging.windows import MIN_US, Window
from talon_one_emulator import Emulator
from talon_one_loading import load
from talon_one_loading.sink import WarehouseSink
from talon_one_loading.stream_selection import select_streams
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import open_warehouse
from tap_talon_one.settings import SETTINGS
from tests.account import settings_of
from tests.killing import Moments

CARDS, PROFILES = "loyalty_card_transactions", "loyalty_profile_transactions"
PROGRAMS = "loyalty_program_transactions"
PLACES = {
    "duckdb": "duckdb:///{}/w.duckdb",
    "postgresql": None,
    "lake": "file://{}/lake",
    "sqlite": "sqlite:///{}/w.db",
}


@pytest.fixture(scope="module")
def running():
    """One emulator for all tests."""
    with Emulator(management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def emu(running):
    """The shared emulator with 20 cards of 15 transactions, and profiles of 3."""
    running.clear_faults()
    refill(running)
    return running


def refill(emu):
    """Bring back all transactions that were deleted."""
    emu.reset("synthetic", cards=20, transactions=15, profile_transactions=3)


@pytest.fixture(
    params=["duckdb", "postgresql", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lake", "sqlite"))]
)
def url(request, tmp_path):
    """One kind of warehouse after the other, empty."""
    url = PLACES[request.param]
    return url.format(tmp_path) if url else request.getfixturevalue("postgres_url")


def run(emu, url, streams=CARDS, **given):
    """Load streams with a check of the ledgers; return the result."""
    given = {"recheck_days": 0, "transactions_strategy": "program_feed"} | given
    settings = SETTINGS.load([ConfigSource("the test", settings_of(emu, **given))], {})
    with open_warehouse(url) as warehouse:
        return load(warehouse, settings, select_streams(settings, streams), StopSignal(), Redactor())


def ids(url, table=CARDS, condition="_deleted_at IS NOT NULL"):
    """The ids of the rows of a table that are marked, or of others."""
    with open_warehouse(url) as warehouse:
        return {number for (number,) in warehouse.query(f"SELECT id FROM {warehouse.name_of(table)} WHERE {condition}")}


def test_exactly_the_transactions_that_are_gone_are_marked(emu, url):
    """In every stream of ledgers they are marked and counted once, and lose the mark when they come back."""
    streams = ",".join((CARDS, PROFILES, PROGRAMS))
    assert {} == run(emu, url, streams).deleted
    chance, before = random.Random(3), {name: ids(url, name, "1 = 1") for name in (CARDS, PROFILES, PROGRAMS)}
    gone = {name: set(chance.sample(sorted(before[name]), count)) for name, count in ((CARDS, 40), (PROFILES, 7))}
    gone[PROGRAMS] = gone[CARDS] | gone[PROFILES]
    emu.delete_transactions(gone[PROGRAMS])
    assert {CARDS: 40, PROFILES: 7, PROGRAMS: 47} == run(emu, url, streams).deleted
    assert gone == {name: ids(url, name) for name in before}
    assert {} == run(emu, url, streams).deleted
    refill(emu)
    back = run(emu, url, streams)
    assert {CARDS: 40, PROFILES: 7, PROGRAMS: 47} == {name: counts.updated for name, counts in back.streams.items()}
    assert {name: set() for name in before} == {name: ids(url, name) for name in before}


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
def test_transactions_can_be_deleted_instead(emu, url):
    """With ``deleted_rows: delete`` they are deleted, however the ledgers are read."""
    run(emu, url)
    gone = set(sorted(ids(url, condition="1 = 1"))[::9])
    emu.delete_transactions(gone)
    done = run(emu, url, deleted_rows="delete", transactions_strategy="per_entity")
    assert {CARDS: len(gone)} == done.deleted
    assert set() == gone & ids(url, condition="1 = 1")


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
def test_only_what_was_checked_is_marked(emu, url):
    """Transactions of other programs, from before the start date or without a date are left alone."""
    run(emu, url)
    with open_warehouse(url) as warehouse:
        table = warehouse.name_of(CARDS)
        warehouse.query(
            f"INSERT INTO {table} (id, program_id, created) VALUES (-1, 1, '2025-02-01'), (-2, 9, '2025-02-01'), "
            "(-3, 1, '2024-12-31'), (-4, 1, NULL), (-5, 1, '2999-01-01')"
        )
    assert {CARDS: 1} == run(emu, url, start_date="2025-01-01T00:00:00Z").deleted
    assert {-1} == ids(url)
    assert {CARDS: 1} == run(emu, url, loyalty_program_ids=[1]).deleted
    assert {-1, -3} == ids(url)


class _Cards:
    stream, key_properties = CARDS, ("id",)


@pytest.mark.parametrize(
    "properties",
    [{"created": {"type": "string", "format": "date-time"}}, {"programId": {"type": "string"}}, {}],
    ids=["left out", "hashed", "neither"],
)
def test_fields_that_are_not_loaded_as_they_are_leave_all_rows_alone(caplog, properties):
    """Without the program and the instant of a row nothing is known of it."""
    schema = {"properties": {"id": {"type": "integer"}, **properties}}
    with open_warehouse("duckdb:///:memory:") as warehouse, WarehouseSink(warehouse) as sink:
        sink.open(_Cards, schema, whole=True)
        sink.rows(CARDS, [b'{"id":1}'])
        sink.checkpoint(dict, final=True)
        sink.open(_Cards, schema, whole=True)
        sink.read_whole(CARDS, {"programId": [1], "created": Window(MIN_US, 0)})
        sink.checkpoint(dict, final=True)
        assert 0 == sink.counts[CARDS].deleted
    assert "programId, created must be loaded, and not hashed" in caplog.text


def command(emu, url, folder):
    """A load of the ledgers of cards as a process."""
    config = folder / "config.json"
    given = {"transactions_strategy": "per_entity", "recheck_days": 0, "concurrency": 2, "retry_budget_seconds": 0.5}
    config.write_text(json.dumps(settings_of(emu, **given)))
    return subprocess.Popen(
        [sys.executable, "-m", "talon_one_cli", "load", "--config", str(config), "--streams", CARDS, "--json"],
        env={**os.environ, "TALON_ONE_TO": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at_random(emu, url, folder, times, seed):
    """Kill loads at random moments while transactions go and come back."""
    chance, marked = random.Random(seed), set()
    run(emu, url)
    every = sorted(ids(url, condition="1 = 1"))
    emu.fault("get_loyalty_card_transactions", "latency", count=0, seconds=0.05)
    began = time.monotonic()
    command(emu, url, folder).communicate()
    moments = Moments(chance, time.monotonic() - began)
    while moments.killed < times:
        refill(emu)
        gone = set(chance.sample(every, chance.randint(20, 100)))
        emu.delete_transactions(gone)
        moments.kill(command(emu, url, folder))
        found = ids(url)
        # It was killed before its marks, or after all of them; rows that it has read have lost an earlier mark.
        assert found == gone or found <= marked
        marked = found
    emu.clear_faults()
    run(emu, url, transactions_strategy="per_entity")  # it may resume the last one
    run(emu, url, transactions_strategy="per_entity")
    assert gone == ids(url)


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
def test_a_killed_check_marks_nothing(emu, url, tmp_path):
    """A check that is killed at a random moment marks nothing, or, if its work was done, exactly what is gone."""
    killed_at_random(emu, url, tmp_path, 3, 5)


@pytest.mark.slow
def test_a_check_killed_twenty_times_marks_nothing(emu, url, tmp_path):
    """Of twenty checks that are killed at random moments none marks a transaction that is there."""
    killed_at_random(emu, url, tmp_path, 20, 6)
