"""Rate limits: evenly paced, shared by threads, processes and machines, never exceeded."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from talon_one_client import endpoints as ep
from talon_one_client.errors import ConfigurationError, ConnectionFailedError
from talon_one_client.rate_limit.limiter import RateLimiter
from talon_one_emulator import Emulator
from tests.client.rate_limit.virtual_time import URL, Time, limiter, most_in_a_second

# One of several processes: 12 reads through the rate limit named in its arguments.
WORKER = """
import sys
from talon_one_client import ClientConfig, Secret, TalonOneClient
url, key, shared = sys.argv[1:4]
config = ClientConfig(base_url=url, api_key=Secret(key), requests_per_second=20, rate_limit_url=shared)
with TalonOneClient(config) as client:
    for _ in range(12):
        client.get_loyalty_card_balances(1, "card-000001")
"""


def arrivals(emu, operation):
    return [datetime.fromisoformat(entry["at"]).timestamp() for entry in emu.requests(operation)]


@pytest.mark.parametrize("rate", [0.5, 3, 50, 400])
def test_requests_are_evenly_paced_within_the_rate(rate):
    """At least 95 % of a rate limit is used, and no second holds more than it."""
    time, sent = Time(), []
    paced = limiter(time, requests_per_second=rate)
    for _ in range(max(10, int(rate * 3))):
        paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
        sent.append(time.ms / 1000)
    assert most_in_a_second(sent) <= max(1, rate)
    assert (len(sent) - 1) / (sent[-1] - sent[0]) >= 0.95 * rate


def test_management_endpoints_have_three_a_second_each_out_of_the_box():
    """Each management endpoint has its own rate limit; the integration key has none by default."""
    time = Time()
    paced = limiter(time)
    for endpoint in (ep.GET_AUDIENCES, ep.GET_ATTRIBUTES):
        assert 0.0 == paced.acquire(endpoint)
    assert 0.3 < paced.acquire(ep.GET_AUDIENCES) < 0.4
    assert [0.0] * 5 == [paced.acquire(ep.GET_LOYALTY_CARD_BALANCES) for _ in range(5)]


def test_the_default_rate_limit_never_meets_the_servers_limit():
    """Nine reads from four threads under the default rate limit are never refused by the server."""
    with Emulator(seed="synthetic", cards=1, transactions=1, management_rate=3) as emu:
        config = ClientConfig(base_url=emu.url, management_key=Secret(emu.management_key))
        with TalonOneClient(config) as client, ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: client.get_loyalty_programs(), range(9)))
        assert {200: 9} == {int(k): v for k, v in emu.counters()["get_loyalty_programs"]["statuses"].items()}


def shared_by_three_processes(emu, url):
    processes = [subprocess.Popen([sys.executable, "-c", WORKER, emu.url, emu.api_key, url]) for _ in range(3)]
    assert [0, 0, 0] == [process.wait(timeout=60) for process in processes]
    return arrivals(emu, "get_loyalty_card_balances")


def test_processes_share_a_rate_limit_through_a_sqlite_file(tmp_path):
    """Three processes share 20 requests a second through a SQLite file."""
    with Emulator(seed="synthetic", cards=1, transactions=1) as emu:
        sent = shared_by_three_processes(emu, f"sqlite:///{tmp_path / 'budget.db'}")
    assert 36 == len(sent)
    assert most_in_a_second(sent) <= 20


@pytest.fixture
def redis_url():
    """A Redis server for these tests, on a free loopback port."""
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert any("Ready to accept connections" in line for line in process.stdout)
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


def test_machines_share_a_rate_limit_through_redis(redis_url):
    """Three processes share 20 requests a second through a Redis server."""
    with Emulator(seed="synthetic", cards=1, transactions=1) as emu:
        sent = shared_by_three_processes(emu, redis_url)
    assert 36 == len(sent)
    assert most_in_a_second(sent) <= 20


@pytest.mark.parametrize("url", ["postgres://x", "memory", "redis://127.0.0.1:9/0"])
def test_a_rate_limit_url_that_cannot_work_is_refused_without_its_password(url):
    """A URL without a usable scheme or server is refused by the name of its setting."""
    config = ClientConfig(base_url=URL, api_key=Secret("k" * 8), requests_per_second=5, rate_limit_url=url)
    with pytest.raises(ConfigurationError, match="rate_limit_url"):
        RateLimiter(config).acquire(ep.GET_LOYALTY_CARD_BALANCES)


@pytest.mark.parametrize("url", ["redis://:pa55word@127.0.0.1:x/0", "pa55word"])
def test_what_is_no_url_at_all_is_refused_without_its_password(url):
    """The message about a text that is no URL does not hold its password."""
    with pytest.raises(ConfigurationError) as raised:
        limiter(Time(), requests_per_second=1, rate_limit_url=url).acquire(ep.GET_LOYALTY_CARD_BALANCES)
    assert "pa55word" not in str(raised.value)


@pytest.mark.parametrize("rate", [1, 3, 20])
@pytest.mark.parametrize("late_s", [0.001, 0.04, 0.2])
def test_waking_up_late_does_not_bring_requests_together(rate, late_s):
    """After a thread that wakes up late, the next request still waits for a whole gap."""

    class Late(Time):
        def sleep(self, seconds):
            super().sleep(seconds + late_s * (int(self.ms) % 2))

    time, sent = Late(), []
    paced = limiter(time, requests_per_second=rate)
    for _ in range(60):
        paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
        sent.append(time.ms / 1000)
    assert most_in_a_second(sent) <= rate


def test_a_pause_saves_nothing_up():
    """A minute without requests allows no burst."""
    time = Time()
    paced = limiter(time, requests_per_second=2)
    paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    time.ms += 60_000
    assert [0.0, 0.52, 0.52] == [round(paced.acquire(ep.GET_LOYALTY_CARD_BALANCES), 3) for _ in range(3)]


@pytest.mark.parametrize("shared", [False, True])
def test_threads_share_a_rate_limit(emu, client_of, tmp_path, shared):
    """Eight threads share 50 requests a second, as the server counts."""
    client = client_of(emu.url, requests_per_second=50, rate_limit_url=f"sqlite:///{tmp_path}/b.db" if shared else None)
    emu.clear_requests()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.get_loyalty_card_balances(1, "card-ada"), range(60)))
    came = arrivals(emu, "get_loyalty_card_balances")
    assert 60 == len(came)
    assert most_in_a_second(came) <= 50


def test_keys_do_not_share_a_rate_limit_and_are_not_in_its_store(tmp_path):
    """Rate limits are distinguished by a digest of deployment and key."""
    time, url = Time(), f"sqlite:///{tmp_path}/b.db"
    made = [
        RateLimiter(
            ClientConfig(base_url=URL, api_key=Secret(key), requests_per_second=10, rate_limit_url=url),
            sleep=time.sleep,
            clock_ms=time.now,
        )
        for key in ("k3y-of-one", "k3y-of-one", "k3y-of-two")
    ]
    assert [0, 0.104, 0] == [round(each.acquire(ep.GET_LOYALTY_CARD_BALANCES), 3) for each in made]
    for each in made:
        each.close()
    assert b"k3y-of" not in (tmp_path / "b.db").read_bytes()


def test_a_file_that_is_no_database_is_reported_and_kept(tmp_path):
    """A file that is no database is reported and not overwritten."""
    path = tmp_path / "b.db"
    path.write_text("precious " * 100)
    with pytest.raises(ConfigurationError, match="file is not a database"):
        limiter(Time(), requests_per_second=1, rate_limit_url=f"sqlite:///{path}").acquire(ep.GET_LOYALTY_CARD_BALANCES)
    assert "precious " * 100 == path.read_text()


def test_a_store_that_fails_later_is_raised_as_a_connection_failure(tmp_path):
    """A store that fails during a run raises an error of the client."""
    paced = limiter(Time(), requests_per_second=1, rate_limit_url=f"sqlite:///{tmp_path}/b.db")
    paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    with closing(sqlite3.connect(tmp_path / "b.db")) as other:
        other.execute("DROP TABLE budget")
    with pytest.raises(ConnectionFailedError, match="rate_limit_url: the SQLite file cannot be used: no such table"):
        paced.acquire(ep.GET_LOYALTY_CARD_BALANCES)
    paced.close()


def test_a_hundred_a_second_from_many_threads_is_never_a_hundred_and_one(emu, client_of):
    """Sixteen threads that connect at once never exceed 100 requests a second at the server."""
    client = client_of(emu.url, requests_per_second=100)
    emu.clear_requests()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: client.get_loyalty_card_balances(1, "card-ada"), range(250)))
    assert most_in_a_second(arrivals(emu, "get_loyalty_card_balances")) <= 100
