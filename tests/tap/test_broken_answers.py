"""Answers that are not what Talon.One sends: none of them is taken for less data."""

import gzip
import json
import re
from dataclasses import replace

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from talon_one_client.errors import UnexpectedResponseError
from tap_talon_one.strategies.read_strategies import BULK_STRATEGIES
from tap_talon_one.streams import STREAM_GROUPS

CARDS, BALANCES, PROFILES = "loyalty_card_transactions", "loyalty_card_balances", "loyalty_profile_balances"
MESSAGE = (200, {"Content-Type": "application/json"}, b'{"message":"temporarily unavailable"}')


def given_by(strategy):
    """The group of a strategy with the streams that it can read."""
    streams = [stream for stream in strategy.group.streams if strategy.can_read(frozenset({stream.name}))]
    return replace(strategy.group, streams=tuple(streams))


PATHS = {  # by endpoint: what a request for it looks like
    group.endpoint.name: re.compile(re.sub(r"{\w+}", "[^/?]+", group.endpoint.path) + r"(\?.*)?")
    for group in [
        *STREAM_GROUPS,
        *(strategy.group for strategies in BULK_STRATEGIES.values() for strategy in strategies),
    ]
}
READS = [(group, "per_entity") for group in STREAM_GROUPS] + [
    (given_by(strategy), strategy.name) for strategies in BULK_STRATEGIES.values() for strategy in strategies
]
every_read = pytest.mark.parametrize(("group", "strategy"), READS, ids=lambda each: getattr(each, "name", each))


@pytest.fixture
def source(emu):
    """Data for every stream, and the settings that read it."""
    emu.reset("demo", era="current")
    with TalonOneClient(ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))) as client:
        client.update_customer_session_v2("s-1", {"customerSession": {"profileId": "ada", "state": "open"}})
        client.create_audience_v2({"name": "VIP"})
        client.create_coupon_reservation("WELCOME", {"integrationIDs": ["ada"]})
    emu.add("achievements", {"name": "Ten", "target": 10})
    emu.add("achievement_progress", {"achievement": 1, "profile": "ada", "progress": 10})
    emu.add("collections", {"name": "Teas", "items": ["tea"]}, {"name": "Mugs", "campaignId": 1, "items": ["mug"]})
    emu.add("giveaways", {"pool": 3, "code": "G1"})
    return {
        "session_ids": ["s-1"],
        "coupon_ids": ["WELCOME"],
        "catalog_ids": [1],
        "audience_ids": [1],
        "giveaway_pool_ids": [3],
        "as_of": "2026-01-01",
    }


def settings_of(group, strategy, source):
    """The settings that read a group with this strategy."""
    given = dict(source) | ({group.strategy_setting: strategy} if group.strategy_setting else {})
    if strategy == "card_list":
        given.pop("as_of")
    if strategy == "csv_export" and group.name == "customer_sessions":
        del given["session_ids"]
        given |= {"application_id": 1, "settle_seconds": 0}
    return given


@every_read
def test_a_message_with_status_200_is_no_empty_answer(emu, between, read, source, group, strategy):
    """A wrong answer with status 200 is requested again; if it persists, the stream fails by name."""
    streams = [stream.name for stream in group.streams]
    given = settings_of(group, strategy, source)
    whole = read(*streams, **given)
    left = [1]

    def change(exchange):
        if PATHS[group.endpoint.name].fullmatch(exchange.path) and left[0]:
            left[0] -= 1
            return MESSAGE
        return None

    url = between(emu.url, change)
    mended = read(*streams, base_url=url, **given)
    assert mended.error is None
    assert 0 == left[0]
    assert [len(whole.rows(name)) for name in streams] == [len(mended.rows(name)) for name in streams]
    left[0] = 99
    broken = read(*streams, base_url=url, **given)
    assert "that Talon.One sends" in str(broken.error)
    assert group.name in str(broken.error) or streams[0] in str(broken.error)


REFUSALS = [(status, {"Content-Type": "text/html"}, b"<html>Bad request</html>") for status in (400, 404, 405, 425)]


@every_read
def test_a_refusal_of_a_gateway_is_no_missing_id(emu, between, read, source, group, strategy):
    """A gateway's 4xx is requested again; if it persists, the stream fails and its bookmark stays."""
    streams = [stream.name for stream in group.streams]
    given = settings_of(group, strategy, source)
    complete = read(*streams, **given)
    left = []
    url = between(emu.url, lambda one: left.pop() if left and PATHS[group.endpoint.name].fullmatch(one.path) else None)
    left[:] = REFUSALS[:2]
    mended = read(*streams, base_url=url, **given)
    assert mended.error is None
    assert [len(complete.rows(name)) for name in streams] == [len(mended.rows(name)) for name in streams]
    left[:] = REFUSALS * 99
    broken = read(*streams, base_url=url, **given)
    assert "comes from a gateway" in str(broken.error)


def _half_gzip(text):
    packed = gzip.compress(text)
    return {"Content-Encoding": "gzip"}, packed[: len(packed) // 2]


CUTS = {
    "gzip that ends in the middle": _half_gzip,
    "gzip without its end": lambda text: ({"Content-Encoding": "gzip"}, gzip.compress(text)[:-8]),
    "half of the text": lambda text: ({}, text[: len(text) // 2]),
    "a last line without end": lambda text: ({}, text.rstrip(b"\n")),
    "a line with fewer values": lambda text: ({}, text + b"1,,card-9\n"),
    "a line with more values": lambda text: ({}, text[:-1] + b",7\n"),
    "a missing heading": lambda text: ({}, text.replace(b"currentBalance", b"other")),
    "a heading that comes twice": lambda text: ({}, text.replace(b"expiredBalance", b"currentBalance")),
    "quotes without end": lambda text: ({}, text + b'1,"\n'),
    "no UTF-8": lambda text: ({}, text + b"\xff\n"),
    "HTML": lambda _: ({}, b"<html>\n"),
    "nothing": lambda _: ({}, b""),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("stream", [BALANCES, PROFILES])
def test_an_export_that_is_cut_off_is_asked_for_again(emu, between, read, cut, stream):
    """A truncated export is requested again; if it persists, the stream fails without rows."""
    emu.reset("synthetic", cards=9, transactions=9, profile_transactions=9)
    given = {"balances_strategy": "csv_export", "as_of": "2026-01-01"}
    whole = read(stream, **given).rows(stream)
    left = [1]

    def change(exchange):
        if "export" not in exchange.path or not left[0]:
            return None
        left[0] -= 1
        status, headers, body = exchange.send()
        more, body = cut(body)
        return status, headers | more, body

    url = between(emu.url, change)
    assert whole == read(stream, base_url=url, **given).rows(stream)
    left[0] = 99
    broken = read(stream, base_url=url, **given)
    assert [] == broken.rows(stream)
    assert "export" in str(broken.error)


@pytest.mark.parametrize("figure", [b"12.3.4", b"NaN", b"Infinity", b"many"])
def test_points_that_are_no_number_are_an_error(emu, between, read, figure):
    """The error about points that are not a number names their owner."""

    def change(exchange):
        if "export" not in exchange.path:
            return None
        status, headers, body = exchange.send()
        return status, headers, re.sub(rb"\d+\.\d\d\n", figure + b"\n", body)

    error = read(BALANCES, base_url=between(emu.url, change), balances_strategy="csv_export").error
    assert "the points of 'card-000001' are not numbers" in str(error)


@pytest.mark.parametrize("strategy", ["per_entity", "program_feed"])
@pytest.mark.parametrize("created", ["yesterday", "", "2025-13-45T00:00:00Z", "0000-00-00T00:00:00Z"])
def test_a_created_that_is_no_instant_is_marked(emu, between, read, caplog, created, strategy):
    """The row has null and the text of ``created``, and the run logs the number of such rows."""
    marked = min(row["id"] for row in emu.state("ledger")["ledger"] if row["card"])

    def change(exchange):
        if "/transactions" not in exchange.path:
            return None
        status, headers, body = exchange.send()
        page = json.loads(body)
        for row in page["data"]:
            row["created"] = created if row["id"] == marked else row["created"]
        return status, headers, json.dumps(page).encode()

    result = read(CARDS, base_url=between(emu.url, change), transactions_strategy=strategy)
    found = {row["id"]: row for row in result.rows(CARDS)}
    assert result.error is None
    assert 60 == len(found)
    assert found[marked]["created"] is None
    assert created == found[marked]["created_text"]
    assert ["created"] * 59 == ["created" for row in found.values() if row["created"] and "created_text" not in row]
    assert [f"{CARDS} of program 1: created is not a date and time in 1 row; created_text has the original text"] == [
        line for line in caplog.messages if "not a date and time" in line
    ]


def test_a_card_that_goes_away_while_cards_are_listed_hides_no_other(emu, between, read):
    """A card that is deleted while cards are listed hides the history of no other card."""
    emu.reset("synthetic", cards=2100, transactions=1)

    def change(exchange):
        found = re.search(r"/cards\?.*skip=([1-9]\d*)", exchange.path)
        return found and exchange.send(exchange.path.replace(f"skip={found[1]}", f"skip={int(found[1]) + 1}"))

    result = read(CARDS, base_url=between(emu.url, change), concurrency=16)
    assert result.error is None
    assert 2100 == len(set(result.ids()))


@pytest.mark.parametrize("body", [b'{"data":null,"hasMore":false}', b'{"data":[],"hasMore":false}'])
def test_a_list_of_cards_that_is_empty_once_hides_no_card(emu, between, read, body):
    """Where no card was listed the bookmark stays, so that the next run reads what this one has not seen."""
    emu.reset("synthetic", cards=9, transactions=5)
    first = read(CARDS, end_date="2025-03-01T00:00:00Z")
    url = between(emu.url, lambda one: (200, {}, body) if re.search(r"/cards\?", one.path) else None)
    for state in (None, first.state):
        moved = {"base_url": url, "former_base_url": emu.url}
        empty = read(CARDS, state=state, end_date="2026-01-01T00:00:00Z", **moved)
        assert empty.error is None
        assert [] == empty.ids()
        begin, end = empty.state if empty.states else state, "2026-02-01T00:00:00Z"
        rest = read(CARDS, state=begin, end_date=end, former_base_url=url)
        assert 45 == len({*rest.ids(), *(first.ids() if state else ())})


def test_a_ledger_whose_server_ignores_dates_is_given_up(emu, between, read):
    """If the server ignores dates, the run ends within a few calls with an error that names the card."""
    emu.reset("synthetic", cards=1, transactions=60)
    asked = []

    def change(exchange):
        if "/transactions" not in exchange.path:
            return None
        asked.append(exchange.path)
        status, headers, body = exchange.send(exchange.path.partition("?")[0] + "?pageSize=50&skip=0")
        page = json.loads(body)
        for row in page["data"]:
            row["created"] = "2024-01-05T00:00:00Z"
        return status, headers, json.dumps({**page, "hasMore": True}).encode()

    error = read(CARDS, base_url=between(emu.url, change)).error
    assert isinstance(error.causes[0], UnexpectedResponseError)
    assert "card-000001" in str(error)
    assert len(asked) < 20
