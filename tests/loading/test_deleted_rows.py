"""Rows that are gone at Talon.One: a complete load marks exactly them, and every other load marks nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from talon_one_emulator import Emulator
from talon_one_loading import load
from talon_one_loading.sink import WarehouseSink
from talon_one_loading.stream_selection import select_streams
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import open_warehouse
from tap_talon_one.engine.sync import SomeStreamsFailed
from tap_talon_one.settings import SETTINGS
from tests import commands
from tests.account import settings_of
from tests.examples import slow
from tests.killing import Moments

MEMBERS = "audience_memberships"
PLACES = {
    "duckdb": "duckdb:///{}/w.duckdb",
    "postgresql": None,
    "lake": "file://{}/lake",
    "sqlite": "sqlite:///{}/w.db",
}


@pytest.fixture
def emu():
    """An account without audiences."""
    with Emulator(seed="synthetic", cards=2, transactions=5, profile_transactions=1, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(params=PLACES)
def url(request, tmp_path):
    """One kind of warehouse after the other, empty."""
    url = PLACES[request.param]
    return url.format(tmp_path) if url else request.getfixturevalue("postgres_url")


@pytest.fixture
def client(emu):
    """Changes audiences."""
    config = ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key), management_key=Secret(emu.management_key))
    with TalonOneClient(config) as opened:
        yield opened


class Audiences:
    """Audiences whose members a test sets."""

    def __init__(self, client, count):
        self._client = client
        self.ids = [client.create_audience_v2({"name": f"audience {n}"})["id"] for n in range(count)]

    def set(self, audience, members):
        """Replace the members of an audience."""
        self._client.import_audiences_memberships(audience, "\n".join(["profileintegrationid", *members]).encode())


def run(emu, url, streams=MEMBERS, **given):
    """Load streams; return the result."""
    settings = SETTINGS.load([ConfigSource("the test", settings_of(emu, **{"retry_budget_seconds": 0.5} | given))], {})
    with open_warehouse(url) as warehouse:
        return load(warehouse, settings, select_streams(settings, streams), StopSignal(), Redactor())


def rows(url, marked, table=MEMBERS, columns="audience_id, integration_id"):
    """The rows of a table with or without a mark."""
    condition = f"_deleted_at IS {'NOT ' if marked else ''}NULL"
    with open_warehouse(url) as warehouse:
        return set(warehouse.query(f"SELECT {columns} FROM {warehouse.name_of(table)} WHERE {condition}"))


def names(count, prefix="member"):
    """Integration ids."""
    return [f"{prefix}-{number}" for number in range(count)]


def test_exactly_the_members_who_left_are_marked(emu, url, client):
    """Members who left are marked and counted, and lose the mark when they come back."""
    audiences = Audiences(client, 2)
    first, second = audiences.ids
    audiences.set(first, names(30))
    audiences.set(second, names(10, "other"))
    assert {} == run(emu, url).deleted
    audiences.set(first, names(20))
    done = run(emu, url)
    assert {MEMBERS: 10} == done.as_dict()["deleted"]
    assert {(first, name) for name in names(30)[20:]} == rows(url, marked=True)
    audiences.set(first, names(25))
    assert 5 == run(emu, url).streams[MEMBERS].updated
    assert {(first, name) for name in names(30)[25:]} == rows(url, marked=True)
    assert {(first, name) for name in names(25)} | {(second, name) for name in names(10, "other")} == rows(
        url, marked=False
    )


def test_members_of_an_audience_that_was_deleted_are_marked(emu, url, client):
    """An audience that is gone takes its members with it, and an account without audiences has no members."""
    audiences = Audiences(client, 2)
    for audience in audiences.ids:
        audiences.set(audience, names(3))
    run(emu, url)
    client.delete_audience_v2(audiences.ids[0])
    assert {MEMBERS: 3} == run(emu, url).deleted
    client.delete_audience_v2(audiences.ids[1])
    assert {MEMBERS: 3} == run(emu, url).deleted
    assert set() == rows(url, marked=False)


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
@pytest.mark.parametrize(
    "given",
    [{"shard": "1/2"}, {"shard": "2/2"}, {"audience_ids": [1]}, {"deleted_rows": "keep"}],
    ids=str,
)
def test_a_load_that_does_not_read_everything_marks_nobody(emu, url, client, given):
    """A shard and a list of ids show nothing about rows that they do not find; ``keep`` marks nothing at all."""
    audiences = Audiences(client, 2)
    for audience in audiences.ids:
        audiences.set(audience, names(5))
    run(emu, url)
    for audience in audiences.ids:
        audiences.set(audience, names(2))
    assert {} == run(emu, url, **given).deleted
    assert set() == rows(url, marked=True)
    assert {MEMBERS: 6} == run(emu, url).deleted


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
def test_a_load_that_fails_in_part_marks_nobody(emu, url, client):
    """A page that cannot be read fails the stream, and then nobody is marked, also by the load that resumes it."""
    audiences = Audiences(client, 3)
    for audience in audiences.ids:
        audiences.set(audience, names(40))
    run(emu, url, page_size=10)
    audiences.set(audiences.ids[0], names(20))
    emu.fault("get_audience_memberships", 500, after=7, count=100)
    with pytest.raises(SomeStreamsFailed):
        run(emu, url, page_size=10, concurrency=1)
    assert set() == rows(url, marked=True)
    emu.clear_faults()
    assert {} == run(emu, url, page_size=10).deleted
    assert {MEMBERS: 20} == run(emu, url, page_size=10).deleted


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
def test_rows_can_be_deleted_instead(emu, url, client):
    """With ``deleted_rows: delete`` the rows that are gone are deleted."""
    (audience,) = (audiences := Audiences(client, 1)).ids
    audiences.set(audience, names(5))
    run(emu, url)
    audiences.set(audience, names(2))
    assert {MEMBERS: 3} == run(emu, url, deleted_rows="delete").deleted
    assert {(audience, name) for name in names(2)} == rows(url, marked=False)
    assert set() == rows(url, marked=True)


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
def test_only_the_catalogs_that_were_read_are_marked(emu, url):
    """No list has all catalogs, so a load says nothing about those that it was not given."""
    run(emu, url, "catalog_items", catalog_ids=[1])
    whole = rows(url, marked=False, table="catalog_items", columns="catalogid, id")
    assert whole
    with open_warehouse(url) as warehouse:
        table = warehouse.name_of("catalog_items")
        warehouse.query(f"UPDATE {table} SET catalogid = 2, id = id + 1000 WHERE id = (SELECT min(id) FROM {table})")
        warehouse.query(f"INSERT INTO {table} (catalogid, id) VALUES (1, 5000)")
    assert {"catalog_items": 1} == run(emu, url, "catalog_items", catalog_ids=[1]).deleted
    assert {(1, 5000)} == rows(url, marked=True, table="catalog_items", columns="catalogid, id")


class _Audiences:
    stream, key_properties = "audiences", ("id",)


@pytest.mark.parametrize("url", ["duckdb"], indirect=True)
def test_a_row_that_was_rejected_is_not_gone(url):
    """A row that does not fit its table any more is still there, so nothing is marked while rows are rejected."""
    schema = {"properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
    reads = [[b'{"id":1}', b'{"id":2}'], [b'{"id":1,"name":5}'], [b'{"id":1}']]
    counts = []
    with open_warehouse(url) as warehouse:
        for read in reads:
            with WarehouseSink(warehouse, bad_rows="reject") as sink:
                sink.open(_Audiences, schema, whole=True)
                sink.rows("audiences", read)
                sink.read_whole("audiences", {})
                sink.checkpoint(dict, final=True)
            counts.append(sink.counts["audiences"].deleted)
    assert [0, 0, 1] == counts


def command(emu, url, folder, *options):
    """A load of the members as a process."""
    config = folder / "config.json"
    config.write_text(json.dumps(settings_of(emu, retry_budget_seconds=0.5, page_size=10, concurrency=2)))
    arguments = ["load", "--config", str(config), "--streams", MEMBERS, "--json", *options]
    return commands.Popen(
        [sys.executable, "-m", "talon_one_cli", *arguments],
        env={**os.environ, "TALON_ONE_TO": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at_random(emu, url, client, folder, times, seed):
    """Kill loads at random moments while members come and go."""
    chance, (audience,) = random.Random(seed), (audiences := Audiences(client, 1)).ids
    there = set(names(200))
    audiences.set(audience, sorted(there))
    run(emu, url)
    emu.fault("get_audience_memberships", "latency", count=0, seconds=0.02)
    began = time.monotonic()
    command(emu, url, folder).communicate()
    moments, marked = Moments(chance, time.monotonic() - began), set()
    while moments.killed < times:
        there = set(chance.sample(names(200), chance.randint(50, 150)))
        audiences.set(audience, sorted(there))
        moments.kill(command(emu, url, folder))
        found = {name for _, name in rows(url, marked=True)}
        # It was killed before its marks, or after all of them; rows that it has read have lost an earlier mark.
        assert found == set(names(200)) - there or found <= marked
        marked = found


@pytest.mark.parametrize("url", ["duckdb", slow("postgresql"), slow("lake")], indirect=True)
def test_a_killed_load_marks_nobody(emu, url, client, tmp_path):
    """A load that is killed at a random moment marks nobody, or, if all of its work was done, exactly those gone."""
    killed_at_random(emu, url, client, tmp_path, 3, 11)


@pytest.mark.slow
@pytest.mark.parametrize("url", ["duckdb", "postgresql", "lake", "sqlite"], indirect=True)
def test_a_load_killed_twenty_times_marks_nobody(emu, url, client, tmp_path):
    """Of twenty loads that are killed at random moments none marks a member who is there."""
    killed_at_random(emu, url, client, tmp_path, 20, 12)


@pytest.mark.slow
@pytest.mark.parametrize("url", ["duckdb", "postgresql", "lake"], indirect=True)
def test_a_hundred_thousand_members_leave(emu, url, client):
    """Of 120,000 members 100,000 leave between two loads, and exactly they are marked."""
    (audience,) = (audiences := Audiences(client, 1)).ids
    audiences.set(audience, names(120_000))
    run(emu, url)
    audiences.set(audience, names(20_000, "member"))
    assert {MEMBERS: 100_000} == run(emu, url).deleted
    assert {(audience, name) for name in names(120_000)[20_000:]} == rows(url, marked=True)
