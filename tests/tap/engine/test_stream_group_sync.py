"""Many ids at once, whose answers arrive in any order: each row once, and every state is a place to go on from."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talon_one_client import ClientConfig, RetryConfig, Secret, TalonOneClient
from talon_one_client.http.transport import Response
from talon_one_client.paging.windows import from_us, to_us
from talon_one_singer import ConfigSource, Stopped
from talon_one_singer.protocol.state import State
from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.progress import Progress
from tap_talon_one.engine.sync import Engine, SomeStreamsFailed
from tap_talon_one.ids.id_list_digest import IdListDigest
from tap_talon_one.settings import SETTINGS
from tap_talon_one.tap import catalog
from tests.examples import examples

CARDS, BALANCES = "loyalty_card_transactions", "loyalty_card_balances"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
START = to_us(datetime(2024, 1, 1, tzinfo=UTC))
BALANCE = b'{"balance":{"activePoints":1,"pendingPoints":0,"spentPoints":0,"expiredPoints":0}}'
UNKNOWN = Response(404, {}, b'{"message":"card not found","StatusCode":404}')
FAULTS = [Response(503, {}, b'{"message":"busy"}'), Response(429, {"Retry-After": "0"}, b'{"message":"slow down"}')]


class Server:
    """A transport that answers from memory, in a random order, with some errors that a retry mends."""

    def __init__(self, ledgers, order, seed, fault_rate):
        self.ledgers, self.order, self.random, self.fault_rate = ledgers, order, Random(seed), fault_rate
        self.faults = FAULTS
        self.lock, self.held, self.in_flight, self.most, self.requests = threading.Lock(), [], 0, 0, 0

    def send(self, _method, url, _headers, _body, bounds):
        """Hold the request until a later one lets it go, or nothing else comes."""
        bounds.depart()
        path = urlsplit(url).path
        if path.endswith("inventory"):  # the question for the server's clock, which it does not tell
            return UNKNOWN
        gate = threading.Event()
        with self.lock:
            self.requests += 1
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
            self.held.append(gate)
            if self.random.random() < 0.7:
                self.held.pop(self.random.randrange(len(self.held))).set()
            fault = self.random.random() < self.fault_rate
            chosen = self.random.choice(self.faults)
        gate.wait(0.002)
        with self.lock:
            self.in_flight -= 1
            if gate in self.held:
                self.held.remove(gate)
        return chosen if fault else self.answer(urlsplit(url))

    def answer(self, url):
        """The answer to a request for transactions or balances."""
        rows = self.ledgers.get(url.path.split("/")[5])
        if rows is None:
            return UNKNOWN
        if url.path.endswith("balances"):
            return Response(200, {}, BALANCE)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        low, high = (
            query.get(name) and to_us(datetime.fromisoformat(query[name])) for name in ("startDate", "endDate")
        )
        inside = [row for row in rows if (low is None or row[0] > low) and row[0] < high]
        inside.sort(reverse=self.order == "newest")
        if self.order == "shuffled":
            inside.sort(key=lambda row: row[1] * 2_654_435_761 % 2**32)
        skip, size = int(query["skip"]), int(query["pageSize"])
        found = [{"id": number, "created": from_us(at).isoformat()} for at, number in inside[skip : skip + size]]
        return Response(200, {}, json.dumps({"hasMore": len(inside) > skip + size, "data": found}).encode())

    def close(self):
        """See Transport."""


class Sink:
    """Keeps the rows, and every state with the number of rows before it."""

    def __init__(self):
        self.ids, self.states = [], []

    def open(self, *_, whole):
        """See Sink."""

    def rows(self, stream, rows):
        """See Sink."""
        self.ids += [json.loads(row).get("id", row) if stream == CARDS else row for row in rows]

    def checkpoint(self, state, *, final=False):
        """See Sink."""
        self.states.append((len(self.ids), json.loads(json.dumps(state()))))


def run(server, ids, *streams, state=None, stop=lambda: None, now=NOW, **given_settings):
    """One run of the engine; returns its sink and its error."""
    base = {"api_key": "a", "base_url": "http://127.0.0.1:9", "loyalty_program_ids": [1], "card_ids": ids}
    loaded = SETTINGS.load([ConfigSource("test", base | {"page_size": 10} | given_settings)])
    config = ClientConfig("http://127.0.0.1:9", api_key=Secret("a"), retry=RetryConfig(base_s=0.002, cap_s=0.002))
    sink, metrics, error = Sink(), Metrics(time.monotonic), None
    with TalonOneClient(config, transport=server) as client:
        engine = Engine(
            settings=loaded,
            client=client,
            entries=[entry for entry in catalog(loaded) if entry.stream in streams],
            state=State(state),
            sink=sink,
            metrics=metrics,
            progress=Progress(metrics, time.monotonic, 1e9),
            stop=stop,
            now=lambda: now,
        )
        try:
            engine.run()
        except (Stopped, SomeStreamsFailed) as stopped:
            error = stopped
    return sink, error


def running_in(state, group=CARDS):
    """What a state says about the window of a group that is not complete."""
    return state["bookmarks"].get(group, {}).get("programs", {}).get("1", {}).get("running")


class StopAfter:
    """Ends a run after some calls, as SIGTERM would."""

    def __init__(self, calls):
        self.calls = calls

    def __call__(self):
        """Raise from the n-th call on."""
        self.calls -= 1
        if self.calls < 0:
            raise Stopped(15)


SPANS = [1_000, 10_000_000, 86_400_000_000, 500 * 86_400_000_000]
cases = st.fixed_dictionaries(
    {
        "sizes": st.lists(st.sampled_from([0, 1, 9, 10, 11, 40, 150]), min_size=1, max_size=7),
        "unknown": st.booleans(),
        "span": st.sampled_from(SPANS),
        "crowd": st.sampled_from([0, 0, 25]),
        "order": st.sampled_from(["newest", "oldest", "shuffled"]),
        "concurrency": st.integers(1, 6),
        "fault_rate": st.sampled_from([0.0, 0.1, 0.3]),
        "seed": st.integers(0, 99),
    }
)


def server_of(case):
    """A server with random ledgers; the ids of the cards to read."""
    random, number, ledgers = Random(case["seed"]), 0, {}
    for card, size in enumerate(case["sizes"]):
        times = [START + random.randrange(case["span"]) for _ in range(size)]
        times += times[:1] * case["crowd"]
        ledgers[f"card-{card}"] = [(at, number + n) for n, at in enumerate(times)]
        number += len(times)
    ids = [*ledgers]
    if case["unknown"]:
        ids.insert(len(ids) // 2, "nobody")
    return Server(ledgers, case["order"], case["seed"], case["fault_rate"]), ids


slowly = examples(60)
ONE_LARGE_LEDGER = {
    "sizes": [2000],
    "unknown": False,
    "span": SPANS[2],
    "crowd": 0,
    "order": "oldest",
    "concurrency": 6,
    "fault_rate": 0.0,
    "seed": 1,
}


@example(ONE_LARGE_LEDGER, 0.3)
@example(ONE_LARGE_LEDGER | {"order": "newest"}, 0.5)
@given(cases, st.floats(0, 1))
@slowly
def test_each_row_comes_once_and_every_state_is_a_place_to_go_on_from(case, killed_at):
    """Whatever arrives first or fails: the rows before any state and those of a run from it are all rows, each once."""
    server, ids = server_of(case)
    everything = sorted(row for rows in server.ledgers.values() for _, row in rows)
    sink, _ = run(server, ids, CARDS, concurrency=case["concurrency"])
    assert everything == sorted(sink.ids)
    assert server.most <= case["concurrency"]
    before, state = sink.states[int(killed_at * (len(sink.states) - 1))]
    rest, _ = run(server, ids, CARDS, concurrency=case["concurrency"], state=state)
    assert everything == sorted(sink.ids[:before] + rest.ids)


@given(cases, st.integers(0, 40))
@slowly
def test_a_stopped_run_goes_on_where_it_was(case, calls):
    """Wherever a run is stopped, the state that it leaves covers exactly the rows that it has written."""
    server, ids = server_of(case)
    everything = sorted(row for rows in server.ledgers.values() for _, row in rows)
    sink, _ = run(server, ids, CARDS, concurrency=case["concurrency"], stop=StopAfter(calls))
    rest, _ = run(server, ids, CARDS, concurrency=case["concurrency"], state=sink.states[-1][1])
    assert everything == sorted(sink.ids + rest.ids)


def rows_of(sink, before=None):
    """The ids of the transactions and the cards of the balances that were written before a state, each sorted."""
    found = sink.ids[:before]
    balances = sorted(json.loads(row)["cardIdentifier"] for row in found if isinstance(row, bytes))
    return sorted(row for row in found if not isinstance(row, bytes)), balances


@given(cases, st.floats(0, 1), st.integers(0, 60))
@slowly
def test_two_groups_can_be_read_at_once(case, killed_at, calls):
    """Killed or stopped anywhere while a group waits for its last retries and the next one is read: no row is lost."""
    server, ids = server_of(case)
    server.faults = [Response(429, {"Retry-After": "0.02"}, b'{"message":"slow down"}')]
    known = [text for text in ids if text in server.ledgers]
    everything = sorted(row for rows in server.ledgers.values() for _, row in rows), sorted(known)
    sink, _ = run(server, ids, CARDS, BALANCES, concurrency=case["concurrency"])
    assert everything == rows_of(sink)
    assert server.most <= case["concurrency"]
    assert "currently_syncing" not in sink.states[-1][1]
    stopped, _ = run(server, ids, CARDS, BALANCES, concurrency=case["concurrency"], stop=StopAfter(calls))
    for killed, at in ((sink, int(killed_at * (len(sink.states) - 1))), (stopped, -1)):
        before, state = killed.states[at]
        rest, _ = run(server, ids, CARDS, BALANCES, concurrency=case["concurrency"], state=state)
        (rows, balances), (later_rows, later_balances) = rows_of(killed, before), rows_of(rest)
        assert everything[0] == sorted(rows + later_rows)
        is_complete = balances and not running_in(state, BALANCES)  # then the next run reads all balances again
        assert everything[1] == sorted(later_balances if is_complete else balances + later_balances)


def test_a_group_begins_while_the_last_request_of_the_one_before_waits():
    """The balances are read while a card's transactions are refused, and the state says what is open of both."""
    server, ids = server_of(ONE_LARGE_LEDGER | {"sizes": [1] * 5})
    answer, balances, refused = server.answer, threading.Event(), []

    def refuse_first(url):
        if url.path.endswith("balances"):
            balances.set()
        elif "/card-0/" in url.path and not balances.is_set() and len(refused) < 100:
            refused.append(url)
            return Response(429, {"Retry-After": "0.05"}, b'{"message":"slow down"}')
        return answer(url)

    server.answer = refuse_first
    sink, _ = run(server, ids, CARDS, BALANCES, concurrency=2)
    assert 0 < len(refused) < 100
    assert ([*range(5)], ids) == rows_of(sink)
    assert any(running_in(state) and running_in(state, BALANCES) for _, state in sink.states)
    for _, state in sink.states:
        unread = running_in(state) or running_in(state, BALANCES)
        assert not unread or state["currently_syncing"] in (CARDS, BALANCES)


def test_a_group_that_fails_beside_the_next_one_ends_alone():
    """A group whose last request fails for good while the next one is read is named; the other one is complete."""
    server, ids = server_of(ONE_LARGE_LEDGER | {"sizes": [1] * 5})
    answer, balances = server.answer, threading.Event()

    def refuse_first(url):
        if url.path.endswith("balances"):
            balances.set()
        elif "/card-0/" in url.path:
            return Response(403, {}, b"{}") if balances.is_set() else Response(429, {"Retry-After": "0.05"}, b"{}")
        return answer(url)

    server.answer = refuse_first
    sink, error = run(server, ids, CARDS, BALANCES, concurrency=2)
    assert CARDS in str(error)
    assert BALANCES not in str(error)
    assert ([1, 2, 3, 4], ids) == rows_of(sink)
    assert running_in(sink.states[-1][1])


def test_a_large_ledger_is_read_by_as_many_requests_at_once_as_allowed():
    """One ledger of 200 pages keeps six requests in flight, and takes at most half as many again as its pages."""
    rows = [(START + n * 1_000_000, n) for n in range(20_000)]
    server, ids = Server({"card-0": rows}, "oldest", 1, 0.0), ["card-0"]
    answer, latency, in_flight, at_once = server.answer, threading.Event(), [], []

    def answer_late(url):
        in_flight.append(url)
        at_once.append(len(in_flight))
        latency.wait(0.02)
        in_flight.remove(url)
        return answer(url)

    server.answer = answer_late
    sink, _ = run(server, ids, CARDS, concurrency=6, page_size=100)
    assert [*range(20_000)] == sorted(sink.ids)
    assert 6 == max(at_once)
    assert server.requests <= 1.5 * 200


def test_small_ledgers_take_one_request_each():
    """Ledgers that fit on a page are not split, however many requests may be in flight."""
    server, ids = server_of(ONE_LARGE_LEDGER | {"sizes": [9] * 30})
    run(server, ids, CARDS, concurrency=16)
    assert 30 == server.requests


def test_no_id_waits_for_the_one_before_it():
    """While the first card does not answer, all others are read and written."""
    server, ids = server_of(ONE_LARGE_LEDGER | {"sizes": [1] * 30})
    gate, answer, sink = threading.Event(), server.answer, []

    def answer_first_last(url):
        if "/card-0/" in url.path:
            assert gate.wait(10)
        elif "/card-29/" in url.path:
            gate.set()
        return answer(url)

    server.answer = answer_first_last
    sink, _ = run(server, ids, CARDS, concurrency=2)
    assert [*range(30)] == sorted(sink.ids)
    assert 0 == sink.ids[-1]


def test_states_stay_small_while_everything_is_open():
    """With 16 requests in flight in 16 parts of a ledger, and in small ledgers, every state has less than 2 kB."""
    for sizes in ([20_000], [1] * 500, [300] * 40):
        server, ids = server_of(ONE_LARGE_LEDGER | {"sizes": sizes, "fault_rate": 0.02})
        sink, _ = run(server, ids, CARDS, concurrency=16, page_size=100)
        assert max(len(json.dumps(state)) for _, state in sink.states) < 2000


# States that earlier versions wrote


END = "2026-06-01T11:59:00Z"
ONE_CARD, TWO_CARDS, THREE_CARDS = "24083b4fd6100f49", "8e015eed5f222465", "72bd5fbe53ee8e2f"  # digests of card-0 ...
HALF = START + 500_000_000


def old_state(**running):
    """The state of a run that an earlier version did not finish."""
    return {"bookmarks": {CARDS: {"programs": {"1": {"running": {"end": END, **running}}}}}}


def three_cards():
    """A server of three cards with 20 rows each, half of them before HALF."""
    ledgers = {f"card-{c}": [(START + n * 50_000_000, 100 * c + n) for n in range(20)] for c in range(3)}
    return Server(ledgers, "oldest", 1, 0.0)


FIRST, SECOND, THIRD = (set(range(100 * card, 100 * card + 20)) for card in range(3))
LATER_OF_SECOND = set(range(110, 120))
END_US = to_us(datetime.fromisoformat(END))
REST = [HALF, END_US]
OLD = {
    "a card and a half": ({"done": 1, "chain": ONE_CARD, "rest": REST, "hand": TWO_CARDS}, LATER_OF_SECOND | THIRD),
    "half of the first card": (
        {"done": 0, "chain": "", "rest": REST, "hand": ONE_CARD},
        {*range(10, 20)} | SECOND | THIRD,
    ),
    "all of the first card, not yet done": (
        {"done": 0, "chain": "", "rest": [END_US, END_US], "hand": ONE_CARD},
        SECOND | THIRD,
    ),
    "two cards": ({"done": 2, "chain": TWO_CARDS}, THIRD),
    "all of the last card, not yet done": (
        {"done": 2, "chain": TWO_CARDS, "rest": [END_US, END_US], "hand": THREE_CARDS},
        set(),
    ),
    "another second card": ({"done": 1, "chain": ONE_CARD, "rest": REST, "hand": THREE_CARDS}, SECOND | THIRD),
    "another first card": ({"done": 1, "chain": TWO_CARDS}, FIRST | SECOND | THIRD),
    "nothing": ({"done": 0, "chain": ""}, FIRST | SECOND | THIRD),
}


@pytest.mark.parametrize("name", OLD)
def test_a_run_goes_on_from_the_state_of_an_earlier_version(name):
    """The keys done, chain, rest and hand say which rows are missing, and the next state is complete."""
    state, missing = OLD[name]
    sink, _ = run(three_cards(), ["card-0", "card-1", "card-2"], CARDS, state=old_state(**state), concurrency=2)
    assert sorted(missing) == sorted(sink.ids)
    bookmark = sink.states[-1][1]["bookmarks"][CARDS]["programs"]["1"]
    assert {"bookmark": END, "ids": 3, "chain": THREE_CARDS} == bookmark


def test_the_bookmark_of_an_earlier_version_is_kept():
    """With bookmark, ids and chain of a complete run, only what is new is read: later rows, and an appended card."""
    old = {"bookmark": "2024-01-01T00:08:20Z", "ids": 2, "chain": TWO_CARDS}
    state = {"bookmarks": {CARDS: {"programs": {"1": old}}}}
    sink, _ = run(three_cards(), ["card-0", "card-1", "card-2"], CARDS, state=state)
    assert sorted({*range(10, 20)} | LATER_OF_SECOND | THIRD) == sorted(sink.ids)


def test_an_earlier_version_can_go_on_from_a_new_state():
    """It finds the ids at the start of the list that are all done in done and chain, and repeats what came after."""
    server, ids = server_of(ONE_LARGE_LEDGER | {"sizes": [11] * 20, "order": "newest"})
    sink, _ = run(server, ids, CARDS, concurrency=4)
    on_the_way = [(before, running_in(state)) for before, state in sink.states if running_in(state)]
    assert len(on_the_way) >= 20
    for before, running in on_the_way:
        done, digest = {*sink.ids[:before]}, IdListDigest()
        for text in ids[: running["done"]]:
            digest.add(text)
            assert {row for _, row in server.ledgers[text]} <= done
        assert digest.value == running["chain"]
