"""An id that cannot be read does not keep the others from being read, in any stream that has ids."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from talon_one_singer import ConfigError, ConfigSource
from tap_talon_one.settings import SETTINGS
from tap_talon_one.streams import STREAM_GROUPS

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
SETTING_NAMES = {setting.name for setting in SETTINGS}
LISTED_ONLY = {"campaign", "achievement", "collection"}  # no setting gives their ids
GROUPS_WITH_IDS = {g.name: g for g in STREAM_GROUPS if g.has_ids and g.entity not in LISTED_ONLY}
TEXTS = {
    "unknown": "NOBODY-000001",
    "short": "N/A",
    "one character": "-",
    "long": "x" * 5000,
    "a path": "..",
    "half of a pair": "\ud800",
    "control characters": "a\0b\n",
}
NUMBERS = {"unknown": 999_999, "largest": 2**63 - 1}
BAD = {
    **dict.fromkeys(("card", "profile", "session", "coupon"), TEXTS),
    **dict.fromkeys(("audience", "catalog", "giveaway_pool"), NUMBERS),
}
WALK = [(name, what) for name, group in GROUPS_WITH_IDS.items() for what in BAD[group.entity]]


@pytest.fixture
def good(emu):
    """Two readable ids of each entity, or one where the account has only one."""
    emu.reset("demo")
    with TalonOneClient(ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))) as client:
        for name in ("session-1", "session-2"):
            session = {"profileId": "ada", "state": "open", "cartItems": []}
            client.update_customer_session_v2(name, {"customerSession": session})
    state = emu.state("profiles", "cards", "coupons", "audiences", "catalogs")
    names = {"profile": "integration_id", "card": "identifier", "coupon": "value"}
    found = {name[:-1]: [row[names.get(name[:-1], "id")] for row in rows][:2] for name, rows in state.items()}
    emu.add("giveaways", {"pool": 1, "code": "G-1"}, {"pool": 2, "code": "G-2"})
    return found | {"session": ["session-1", "session-2"], "giveaway_pool": [1, 2]}


def test_every_entity_is_walked(good):
    """The tests below cover every entity; a new one has to say which of its ids are refused."""
    assert {group.entity for group in GROUPS_WITH_IDS.values()} == set(BAD) == set(good)
    assert [] == [entity for entity, ids in good.items() if not ids]
    with_ids = {group.entity for group in STREAM_GROUPS if group.has_ids}
    assert {entity for entity in with_ids if f"{entity}_ids" not in SETTING_NAMES} == LISTED_ONLY


def test_an_id_that_is_gone_after_it_was_listed_is_skipped(emu, between, read, caplog):
    """A campaign that is deleted between two requests is counted, and the coupons of the others are read."""
    emu.add("campaigns", {"name": "B"})
    emu.add("coupons", {"value": "ONE"}, {"value": "TWO", "campaignId": 2})

    def change(exchange):
        gone = "/campaigns/1/" in exchange.path
        return (404, {"Content-Type": "application/json"}, b'{"message":"not found"}') if gone else None

    result = read("coupons", base_url=between(emu.url, change), exports_strategy="per_entity")
    assert result.error is None
    assert ["TWO"] == [row["value"] for row in result.rows("coupons")]
    assert {} == result.complete
    assert "coupons of application 1: 1 id is not known to Talon.One, or refused" in caplog.text


@pytest.fixture
def read_ids(good, read):
    """Reads all streams of a group for some ids: ``read_ids(group, ids)``."""

    def run(group, ids, **options):
        programs = {"loyalty_program_ids": [1 if group.program_kind == "card" else 2]} if group.per_program else {}
        streams = [stream.name for stream in group.streams]
        return read(*streams, now=NOW, **({f"{group.entity}_ids": ids} | programs | options))

    return run


@pytest.mark.parametrize(("name", "what"), WALK)
def test_one_id_that_is_refused_is_skipped(good, read_ids, caplog, name, what):
    """The other ids are read, and the state counts all ids as done."""
    group = GROUPS_WITH_IDS[name]
    ids = good[group.entity]
    alone = read_ids(group, ids)
    mixed = read_ids(group, [ids[0], BAD[group.entity][what], *ids[1:]])
    assert alone.error is None
    assert mixed.error is None
    assert len(alone.raw) == len(mixed.raw)
    assert "1 id is not known to Talon.One, or refused" in caplog.text
    assert "running" not in str(mixed.state)


@pytest.mark.parametrize("name", GROUPS_WITH_IDS)
def test_one_id_that_is_refused_fails_the_stream_at_its_end(good, read_ids, name):
    """With on_missing: error the other ids are read, and the next run does not start at the refused one."""
    group = GROUPS_WITH_IDS[name]
    ids = good[group.entity]
    bad = BAD[group.entity]["unknown"]
    failed = read_ids(group, [bad, *ids], on_missing="error")
    assert "1 id could not be read, all others were" in str(failed.error)
    assert repr(str(bad)) in str(failed.error)
    assert len(read_ids(group, ids).raw) == len(failed.raw)
    assert "running" not in str(failed.state)


def test_a_list_of_refused_ids_alone_is_an_error(read_ids):
    """If every id is refused, the error quotes the refusal: the ids may be of another kind."""
    reported = str(read_ids(GROUPS_WITH_IDS["loyalty_card_balances"], ["N/A", "-"]).error)
    assert "does not know any of the first 2 card ids" in reported
    assert re.search("'(N/A|-)': HTTP 400", reported)  # whichever was answered last


# No ids


NARROWING = [setting for setting in SETTINGS if setting.name.endswith(("_ids", "_ids_file"))]


@pytest.mark.parametrize("setting", NARROWING, ids=lambda setting: setting.name)
def test_an_empty_setting_of_ids_is_refused(settings, setting):
    """An empty list of ids in a file or variable is refused; it would otherwise read all ids."""
    empty = [] if setting.type == "array" else ""
    given = settings(**{setting.name: empty})
    with pytest.raises(ConfigError, match=f"'{setting.name}' in c.json"):
        SETTINGS.load([ConfigSource("c.json", given)])
    if setting.type == "array":
        with pytest.raises(ConfigError, match=SETTINGS.env_name(setting)):
            SETTINGS.load([ConfigSource("c.json", settings())], {SETTINGS.env_name(setting): "[]"})


EMPTY_FILES = {"a header alone.csv": "card_id\n", "nothing.jsonl": "", "blanks.csv": 'card_id\n\n""\n'}


@pytest.mark.parametrize("content", EMPTY_FILES)
@pytest.mark.parametrize("stream", ["loyalty_card_transactions", "loyalty_card_balances"])
@pytest.mark.parametrize("strategy", ["auto", "per_entity"])
def test_a_file_without_ids_reads_nobody(emu, read, write, caplog, content, stream, strategy):
    """An empty ids file reads nothing and logs a warning; ids appended later are read from the start."""
    path = write(content, EMPTY_FILES[content])
    options = {
        "card_ids_file": path,
        "loyalty_program_ids": [1],
        "transactions_strategy": strategy,
        "balances_strategy": strategy,
    }
    nothing = read(stream, now=NOW, **options)
    assert [] == nothing.raw
    assert nothing.error is None
    assert "there are no card ids, so nothing is read" in caplog.text
    write(content, 'card_id\n"card-000001"\n' if content.endswith(".csv") else '{"card_id":"card-000001"}\n')
    assert [] != read(stream, now=NOW + timedelta(hours=1), state=nothing.state, **options).raw
