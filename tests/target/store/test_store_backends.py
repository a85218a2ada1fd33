"""Stores that live in a folder at an fsspec URL or in PostgreSQL."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from target_talon_one.errors import StoreError, StoreLockedError
from target_talon_one.store.opening import open_store

CONNECTIONS = Path("/proc/net/tcp")  # https://docs.kernel.org/networking/proc_net_tcp.html
HOMES = {"folder": "file://{}/home", "s3": "s3://bucket/home", "postgresql": None}
GUARDS = {"create_profiles": "allow", "max_delete_share": 1, "max_reject_share": 1}
VIP = {"sink": "audience_members", "audience": {"name": "VIP"}, "mode": "mirror", "key": "id"}
SCHEMA = {"type": "SCHEMA", "stream": "vip", "key_properties": ["id"], "schema": {"properties": {"id": {}}}}


@pytest.fixture(params=HOMES)
def home(request, tmp_path):
    """The URL of a home with nothing in it."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    url = HOMES[request.param]
    return url.format(tmp_path) if url else request.getfixturevalue("postgres_url")


@pytest.fixture
def push(singer, home):
    """Mirrors names through the target, with the store at home."""

    def run(*names, **settings):
        lines = [SCHEMA, *({"type": "RECORD", "stream": "vip", "record": {"id": name}} for name in names)]
        streams = {"vip": VIP | GUARDS}
        done = singer([*lines, {"type": "STATE", "value": {}}], streams, store=home, **settings)
        assert "planted" not in done.stdout + done.stderr
        return done

    return run


def test_the_next_run_sends_the_difference(engine, push):
    """Nothing is needed but the home."""
    for names in ("abc", "bcd", "bcd"):
        done = push(*names)
        assert 0 == done.returncode, done.stderr
        assert set(names) == engine.members()
    assert 2 == engine.requests()["update_customer_profile_audiences"]


def test_runs_and_rejects_are_at_home_too(engine, push, home):
    """History survives the worker."""
    push("a", "")
    push("a", "b")
    with open_store(home) as store:
        assert ["target-talon-one"] * 2 == [one["command"] for one in store.runs.find()]
        assert [("invalid", "line 3")] == [(one["kind"], one["place"]) for one in store.rejects.find()]


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_second_run_in_postgresql_is_told_at_once(push, home):
    """And can begin when the first has ended."""
    push("a")
    with open_store(home), pytest.raises(StoreLockedError, match="in use by another run") as raised:
        open_store(home)
    assert "planted" not in str(raised.value)
    with open_store(home) as store:
        assert 1 == len(store.runs.find())


@pytest.mark.skipif(not CONNECTIONS.exists(), reason="the system does not tell of its connections")
@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_postgresql_asks_after_a_minute_whether_the_worker_is_still_there(home):
    """A machine that is gone says nothing, and keeps the lock until the server has noticed."""
    port, until = f":{urlsplit(home).port:04X}", time.monotonic() + 30
    with open_store(home):
        ticks: list[int] = []
        while not any(0 < one <= 60 * 100 for one in ticks):  # another timer runs until all is acknowledged
            assert time.monotonic() < until
            lines = [line.split() for line in CONNECTIONS.read_text().splitlines()]
            timers = [line[5].split(":") for line in lines if line[1].endswith(port) and line[3] == "01"]
            ticks = [int(when, 16) for kind, when in timers if kind == "02"]


@pytest.mark.parametrize("home", ["folder", "s3"], indirect=True)
def test_a_second_run_in_a_folder_is_told_when_it_saves(push, home):
    """What the first one saves stays."""
    push("a")
    with open_store(home) as first:
        second = open_store(home)
        first.values.set("x", "first")
    second.values.set("x", "second")
    with pytest.raises(StoreLockedError, match="another run has written"):
        second.close()
    with open_store(home) as store:
        assert "first" == store.values.get("x")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://user:planted@127.0.0.1:9/nothing", "127.0.0.1:9"),
        ("nosuch://user:planted@host/folder", "nosuch"),
        ("s3://nowhere/at/all", "nowhere/at/all"),
        ("s3://nowhere/at/all?token=planted", "cannot have parameters"),
    ],
)
def test_a_home_that_cannot_be_used_is_told_without_secrets(url, words, monkeypatch):
    """One line."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "planted-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    with pytest.raises(StoreError) as raised:
        open_store(url)
    assert words in str(raised.value)
    assert "planted" not in str(raised.value)
    assert 1 == len(str(raised.value).splitlines())


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_database_that_restarts_under_a_store_is_told(home):
    """The connection is dead when the store is saved: an error of ours, with nothing of the URL's password."""
    from adbc_driver_postgresql import dbapi

    store = open_store(home)
    store.values.set("x", "y")
    with dbapi.connect(home, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
            "current_database()"
        )
        cursor.fetchall()
    with pytest.raises(StoreError) as raised:
        store.close()
    assert "planted" not in str(raised.value)
    with open_store(home) as again:
        assert again.values.get("x") is None


@pytest.mark.parametrize("home", ["folder"], indirect=True)
def test_erased_rows_are_gone_from_a_folder(engine, push, tmp_path, home):
    """Old files do not stay behind."""
    push("keep", "erase-me")
    with open_store(home) as store:
        assert store.erase("erase-me")
        store.compact()
    assert json.loads((tmp_path / "home" / "manifest.json").read_text())["generation"] > 1
    assert [] == [path for path in (tmp_path / "home").rglob("*") if b"erase-me" in path.read_bytes()]
    assert "keep" in engine.members()
