"""Two pushes that use one store at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from click.testing import CliRunner

from talon_one_cli.main import cli
from target_talon_one.errors import StoreLockedError
from target_talon_one.store.opening import open_store
from tests.examples import slow
from tests.target.store_content import acknowledged_keys

STORES = {"folder": "file://{}/store", "s3": "s3://bucket/store", "postgresql": None}
VIP = {
    "sink": "audience_members",
    "audience": 1,
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}


@pytest.fixture(params=STORES)
def store_url(request, tmp_path):
    """The URL of an empty store, in each kind of backend."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    url = STORES[request.param]
    return url.format(tmp_path) if url else request.getfixturevalue("postgres_url")


@pytest.fixture
def push_twice(engine, store_url):
    """Return what two pushes raise that start to send at the same moment, None for one that succeeds."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})
    engine.requests()
    both_are_open = Barrier(2, timeout=60)

    def push(name: str) -> Exception | None:
        try:
            with open_store(store_url) as store:
                with suppress(BrokenBarrierError):  # the other one was refused when it opened the store
                    both_are_open.wait()
                engine.push(VIP, [{"id": name}], store=store)
        except StoreLockedError as error:
            both_are_open.abort()
            return error
        return None

    def run(*names: str) -> list[Exception | None]:
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(push, names))

    return run


@pytest.mark.parametrize("store_url", ["folder", slow("s3"), "postgresql"], indirect=True)
def test_one_of_two_simultaneous_pushes_is_refused_before_it_sends(engine, store_url, push_twice):
    """Of two pushes at the same moment one succeeds, and the other one sends nothing and says what to do."""
    errors = push_twice("first", "second")
    assert 1 == errors.count(None)
    winner = ("first", "second")[errors.index(None)]
    assert {winner} == engine.members()
    assert 1 == engine.requests()["update_customer_profile_audiences"]
    message = next(str(error) for error in errors if error is not None)
    assert "the store" in message
    assert "another run" in message
    assert "when the other run has ended" in message or "wait until it has ended" in message
    with open_store(store_url) as store:
        assert {winner} == acknowledged_keys(store)


@pytest.mark.parametrize("store_url", ["folder", "s3"], indirect=True)
def test_a_look_at_the_history_does_not_refuse_a_running_push(store_url):
    """``talon-one runs`` saves nothing, so that a push that uses the store at the same time can save."""
    with open_store(store_url):
        looked = CliRunner().invoke(cli, ["runs", "--store", store_url])
        assert 0 == looked.exit_code, looked.output
    open_store(store_url).discard()
