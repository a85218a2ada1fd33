"""Stores in a folder at an fsspec URL or in PostgreSQL."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from target_talon_one.errors import StoreError, StoreLockedError, StoreUnavailableError
from target_talon_one.store.opening import open_store
from tests.examples import slow

CONNECTIONS = Path("/proc/net/tcp")  # https://docs.kernel.org/networking/proc_net_tcp.html
BACKENDS = {"folder": "file://{}/store", "s3": "s3://bucket/store", "postgresql": None}
GUARDS = {"create_profiles": "allow", "max_delete_share": 1, "max_reject_share": 1}
VIP = {"sink": "audience_members", "audience": {"name": "VIP"}, "mode": "mirror", "key": "id"}
SCHEMA = {"type": "SCHEMA", "stream": "vip", "key_properties": ["id"], "schema": {"properties": {"id": {}}}}


@pytest.fixture(params=BACKENDS)
def store_url(request, tmp_path):
    """The URL of an empty store, in each kind of backend."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    url = BACKENDS[request.param]
    return url.format(tmp_path) if url else request.getfixturevalue("postgres_url")


@pytest.fixture
def push(singer, store_url):
    """Mirror names through the target, with a store in the backend."""

    def run(*names, **settings):
        lines = [SCHEMA, *({"type": "RECORD", "stream": "vip", "record": {"id": name}} for name in names)]
        streams = {"vip": VIP | GUARDS}
        done = singer([*lines, {"type": "STATE", "value": {}}], streams, store=store_url, **settings)
        assert "planted" not in done.stdout + done.stderr
        return done

    return run


def test_a_user_without_the_right_to_create_learns_which_it_is(postgres_url):
    """A retry cannot help, so the error is one of the settings; with the right, or a schema of its own, it works."""
    from adbc_driver_postgresql import dbapi

    address = postgres_url.rpartition("@")[2].rpartition("//")[2]
    url = f"postgresql://pusher:planted-7Zx9@{address}"
    with dbapi.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS pusher")
        cursor.execute("CREATE ROLE pusher LOGIN PASSWORD 'planted-7Zx9'")
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        for place in (url, f"{url}?options=-csearch_path%3Dnowhere"):
            with pytest.raises(
                StoreUnavailableError, match=r"GRANT CREATE ON SCHEMA public TO .*csearch_path"
            ) as raised:
                open_store(place)
            assert "planted" not in str(raised.value)
        cursor.execute("CREATE SCHEMA syncs AUTHORIZATION pusher")
        open_store(f"{url}?options=-csearch_path%3Dsyncs").close()
        cursor.execute("GRANT CREATE ON SCHEMA public TO pusher")
        open_store(url).close()
        cursor.execute("DROP OWNED BY pusher")
        cursor.execute("DROP ROLE pusher")


@pytest.mark.parametrize("store_url", ["folder", "postgresql", slow("s3")], indirect=True)
def test_the_next_run_sends_the_difference(engine, push):
    """A run needs nothing but the backend to send only what changed."""
    for names in ("abc", "bcd", "bcd"):
        done = push(*names)
        assert 0 == done.returncode, done.stderr
        assert set(names) == engine.members()
    assert 2 == engine.requests()["update_customer_profile_audiences"]


@pytest.mark.parametrize("store_url", ["folder", "postgresql", slow("s3")], indirect=True)
def test_runs_and_rejects_are_in_the_backend_too(engine, push, store_url):
    """The history of runs and their rejects outlive the worker."""
    push("a", "")
    push("a", "b")
    with open_store(store_url) as store:
        assert ["target-talon-one"] * 2 == [one["command"] for one in store.runs.find()]
        assert [("invalid", "line 3")] == [(one["kind"], one["place"]) for one in store.rejects.find()]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_second_run_in_postgresql_is_refused_at_once(push, store_url):
    """A second run is refused while the first one has the store open, and succeeds after that."""
    push("a")
    with open_store(store_url), pytest.raises(StoreLockedError, match="in use by another run") as raised:
        open_store(store_url)
    assert "planted" not in str(raised.value)
    with open_store(store_url) as store:
        assert 1 == len(store.runs.find())


@pytest.mark.skipif(not CONNECTIONS.exists(), reason="the system does not list its connections")
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_probes_the_worker_after_a_minute(store_url):
    """The connection is probed within a minute, because a vanished machine keeps the lock until the server notices."""
    port, until = f":{urlsplit(store_url).port:04X}", time.monotonic() + 30
    with open_store(store_url):
        ticks: list[int] = []
        while not any(0 < one <= 60 * 100 for one in ticks):  # another timer runs until all is acknowledged
            assert time.monotonic() < until
            lines = [line.split() for line in CONNECTIONS.read_text().splitlines()]
            timers = [line[5].split(":") for line in lines if line[1].endswith(port) and line[3] == "01"]
            ticks = [int(when, 16) for kind, when in timers if kind == "02"]


@pytest.mark.parametrize("store_url", ["folder", slow("s3")], indirect=True)
def test_a_second_run_in_a_folder_is_refused_when_it_saves(push, store_url):
    """The run that saves first wins, and what it has saved stays."""
    push("a")
    with open_store(store_url) as first:
        second = open_store(store_url)
        first.values.set("x", "first")
    second.values.set("x", "second")
    with pytest.raises(StoreLockedError, match="another run has written"):
        second.close()
    with open_store(store_url) as store:
        assert "first" == store.values.get("x")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://user:planted@127.0.0.1:9/nothing", "127.0.0.1:9"),
        ("nosuch://user:planted@host/folder", "nosuch"),
        slow("s3://nowhere/at/all", "nowhere/at/all"),
        ("s3://nowhere/at/all?token=planted", "cannot have parameters"),
    ],
)
def test_a_backend_that_cannot_be_used_is_named_without_secrets(url, words, monkeypatch):
    """The message is one line that names the location and shows no key or password."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "planted-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    with pytest.raises(StoreError) as raised:
        open_store(url)
    assert words in str(raised.value)
    assert "planted" not in str(raised.value)
    assert 1 == len(str(raised.value).splitlines())


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_database_that_restarts_under_a_store_raises_a_store_error(store_url):
    """A connection that is dead when the store is saved raises a StoreError without the password of the URL."""
    from adbc_driver_postgresql import dbapi

    store = open_store(store_url)
    store.values.set("x", "y")
    with dbapi.connect(store_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
            "current_database()"
        )
        cursor.fetchall()
    with pytest.raises(StoreError) as raised:
        store.close()
    assert "planted" not in str(raised.value)
    with open_store(store_url) as again:
        assert again.values.get("x") is None


@pytest.mark.parametrize("store_url", ["folder"], indirect=True)
def test_erased_rows_are_gone_from_a_folder(engine, push, tmp_path, store_url):
    """No file of the folder holds an erased key after the store was compacted and closed."""
    push("keep", "erase-me")
    with open_store(store_url) as store:
        assert store.erase("erase-me")
        store.compact()
    assert json.loads((tmp_path / "store" / "manifest.json").read_text())["generation"] > 1
    assert [] == [path for path in (tmp_path / "store").rglob("*") if b"erase-me" in path.read_bytes()]
    assert "keep" in engine.members()
