"""Cheaper ways of reading: the same rows in fewer calls, and null where a way does not know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

CARD_ROWS, CARD_POINTS = "loyalty_card_transactions", "loyalty_card_balances"
PROFILE_ROWS, PROFILE_POINTS = "loyalty_profile_transactions", "loyalty_profile_balances"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
POINTS = ("activePoints", "pendingPoints", "spentPoints", "expiredPoints", "negativePoints")


def comparable(rows, *unknown):
    """Return rows without the fields that differ between strategies, in a fixed order."""
    drop = {"source", *unknown}
    found = [{k: v for k, v in row.items() if k not in drop} for row in rows]
    return sorted(found, key=lambda row: sorted((k, str(v)) for k, v in row.items() if v is not None))


@pytest.mark.parametrize("stream", [CARD_ROWS, PROFILE_ROWS])
@pytest.mark.parametrize("era", ["seed", "current"])
def test_the_feed_of_a_program_gives_the_rows_of_its_cards_and_profiles(running, read, stream, era):
    """The feed has the same rows, except for the source, in a fraction of the calls, read side by side or not."""
    running.reset("synthetic", era=era, cards=30, transactions=20, profile_transactions=20)
    alone = read(stream, end_date=UNTIL.isoformat(), transactions_strategy="per_entity")
    calls = []
    for concurrency in (1, 8):
        running.clear_requests()
        options = {"transactions_strategy": "program_feed", "concurrency": concurrency}
        feed = read(stream, end_date=UNTIL.isoformat(), **options)
        calls.append(sum(count["requests"] for count in running.counters().values()))
        assert None is feed.error
        assert comparable(alone.rows(stream)) == comparable(feed.rows(stream))
    assert {"program_feed"} == {row["source"] for row in feed.rows(stream)}
    assert {"per_card" if stream == CARD_ROWS else "per_profile"} == {row["source"] for row in alone.rows(stream)}
    assert calls[0] < (4 if era == "current" else 32)
    assert calls[1] <= 1.25 * calls[0]


def test_an_export_gives_the_balances_to_two_digits(emu, read):
    """An export has spent and expired points, and null for negative points."""
    emu.reset("synthetic", cards=20, transactions=400)
    alone = read(CARD_POINTS, as_of="2026-01-01", balances_strategy="per_entity").rows(CARD_POINTS)
    export = read(CARD_POINTS, as_of="2026-01-01", balances_strategy="csv_export").rows(CARD_POINTS)
    assert [None] * len(export) == [row["negativePoints"] for row in export]
    assert {"csv_export"} == {row["source"] for row in export}

    def rounded(row):
        net = row["activePoints"] - (row["negativePoints"] or 0)
        return {**row, "activePoints": net, **{name: round(row[name], 2) for name in POINTS[1:4]}, "negativePoints": 0}

    cent = Decimal("0.01")
    for expected, actual in zip(comparable(map(rounded, alone)), comparable(map(rounded, export)), strict=True):
        near = [abs(Decimal(expected.pop(name)) - Decimal(actual.pop(name))) <= cent for name in POINTS]
        assert [expected, [True] * 5] == [actual, near]


def test_the_list_of_cards_gives_present_points_and_null_for_the_rest(emu, read):
    """The list of cards has exact active and pending points, and null for spent and expired ones."""
    emu.reset("synthetic", cards=20, transactions=400)
    emu.clock(freeze="2026-01-01T00:00:00Z")
    alone = read(CARD_POINTS, as_of="2026-01-01", balances_strategy="per_entity").rows(CARD_POINTS)
    listed = read(CARD_POINTS, balances_strategy="card_list").rows(CARD_POINTS)
    assert {(None, None)} == {(row["spentPoints"], row["expiredPoints"]) for row in listed}
    unknown = ("spentPoints", "expiredPoints", "as_of")
    assert comparable(alone, *unknown) == comparable(listed, *unknown)
    assert {"card_list"} == {row["source"] for row in listed}


def test_profiles_have_an_export_and_no_list(emu, read):
    """balances_strategy card_list applies to cards; profiles use the faster of the other strategies."""
    emu.reset("synthetic", cards=5, transactions=5, profile_transactions=20)
    alone = read(PROFILE_POINTS, as_of="2026-01-01").rows(PROFILE_POINTS)
    export = read(PROFILE_POINTS, as_of="2026-01-01", balances_strategy="auto").rows(PROFILE_POINTS)
    key = ("programId", "integrationId", "subledgerId", "as_of")
    assert {tuple(row[name] for name in key) for row in alone} == {tuple(row[name] for name in key) for row in export}
    assert {"csv_export"} == {row["source"] for row in export}


def test_auto_takes_the_feed_where_it_is_quicker_and_says_so(emu, read, caplog):
    """With a low rate limit for single calls the feed is chosen, and the log has both estimates."""
    emu.reset("synthetic", cards=50, transactions=10)
    result = read(CARD_ROWS, transactions_strategy="auto", requests_per_second=5)
    assert {"program_feed"} == {row["source"] for row in result.rows(CARD_ROWS)}
    assert (
        "loyalty_card_transactions of program 1: using the strategy program_feed; estimated: program_feed 1 call, 0 s"
        in caplog.text
    )
    emu.reset("synthetic", cards=50, transactions=100)
    result = read(CARD_ROWS, transactions_strategy="auto", requests_per_second=5)
    assert {"program_feed"} == {row["source"] for row in result.rows(CARD_ROWS)}
    assert "program_feed 15 calls (at most 29), 0 s, per_entity 51 calls, 10 s" in caplog.text


def test_auto_takes_single_calls_where_they_are_quicker(running, read, caplog):
    """A large ledger of few cards is read card by card if the Management API is slow."""
    running.reset("synthetic", era="seed", cards=3, transactions=2000)
    options = {"transactions_strategy": "auto", "management_requests_per_second": 20, "concurrency": 64}
    result = read(CARD_ROWS, **options)
    assert {"per_card"} == {row["source"] for row in result.rows(CARD_ROWS)}
    assert "using the strategy per_entity; estimated: per_entity 4 calls" in caplog.text


def test_auto_goes_on_from_the_last_run_in_another_way(emu, read):
    """Switching from cards to the feed and back loses no row and duplicates none."""
    emu.reset("synthetic", cards=10, transactions=50)
    first = read(CARD_ROWS, transactions_strategy="per_entity", settle_seconds=0)
    seen = first.ids()
    state = first.state
    for strategy in ("program_feed", "per_entity", "program_feed"):
        row = {"program": 1, "card": "card-000003", "amount": 1}
        added = emu.add_transactions([row, {**row, "card": "card-000007"}])
        later = read(CARD_ROWS, state=state, transactions_strategy=strategy, settle_seconds=0)
        assert sorted(added) == sorted(later.ids())
        seen, state = seen + later.ids(), later.state
    assert sorted(row["id"] for row in emu.state("ledger")["ledger"] if row["card"]) == sorted(seen)


def test_a_feed_after_some_cards_only_reads_everything(emu, read, caplog):
    """After a run over some of the cards, the feed reads the rows of all cards from the start."""
    emu.reset("synthetic", cards=4, transactions=10)
    some = read(CARD_ROWS, card_ids=["card-000001"], settle_seconds=0)
    everything = read(CARD_ROWS, state=some.state, transactions_strategy="program_feed", settle_seconds=0)
    assert 40 == len(everything.ids())
    assert "earlier runs read only some of the ids; all ids are read from the start" in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transactions_strategy": "program_feed", "card_ids": ["card-000001"]}, "card_ids selects some ids"),
        (
            {"transactions_strategy": "program_feed", "management_key": None, "loyalty_program_ids": [1]},
            "transactions_strategy is program_feed: it needs management_key",
        ),
    ],
)
def test_a_feed_that_cannot_be_read_as_it_is_set_is_an_error(emu, read, options, message):
    """A strategy that is set explicitly is never replaced silently."""
    assert message in str(read(CARD_ROWS, **options).error)


def test_the_list_of_cards_refuses_another_instant(emu, read):
    """The list of cards is refused for another instant, because it has only current points."""
    error = read(CARD_POINTS, balances_strategy="card_list", as_of="2025-01-01").error
    assert "the list of cards has only the current balances; remove as_of" in str(error)


def test_a_feed_that_is_not_permitted_is_replaced_under_auto(emu, read, caplog):
    """With auto, a key without the right to export still gets the balances."""
    emu.fault("export_loyalty_card_balances", "403", count=0)
    result = read(CARD_POINTS, as_of="2025-06-01", balances_strategy="auto")
    assert {"per_card"} == {row["source"] for row in result.rows(CARD_POINTS)}
    assert "csv_export is not permitted, trying another strategy" in caplog.text


def test_the_feed_alone_needs_no_integration_key(emu, read):
    """With a management key only, the ledgers can be read."""
    emu.reset("synthetic", cards=2, transactions=5)
    result = read(CARD_ROWS, api_key=None, transactions_strategy="auto")
    assert [None, 10] == [result.error, len(result.ids())]


def balance_key(row):
    """Instant, card and subledger of a balance."""
    return row["as_of"], row["cardIdentifier"], row["subledgerId"]


def test_several_instants_are_read_in_one_run(emu, read):
    """A range gives a balance for each card and instant, past and future, equal to single runs."""
    emu.reset("synthetic", cards=3, transactions=30)
    options = {"balances_strategy": "per_entity"}
    months = read(CARD_POINTS, as_of="2025-11-30/2026-03-31/P1M", **options).rows(CARD_POINTS)
    instants = ["2025-11-30", "2025-12-30", "2026-01-30", "2026-02-28", "2026-03-30"]
    single = [row for day in instants for row in read(CARD_POINTS, as_of=day, **options).rows(CARD_POINTS)]
    assert sorted(single, key=balance_key) == sorted(months, key=balance_key)
    assert [row["as_of"] for row in single] == [row["as_of"] for row in months]
    export = read(CARD_POINTS, as_of=[*instants], balances_strategy="csv_export").rows(CARD_POINTS)
    assert [row["as_of"] for row in months] == [row["as_of"] for row in export]


def test_a_stopped_run_goes_on_at_the_instant_that_it_was_at(emu, read):
    """After a stop at any state, both runs together have every row once."""
    emu.reset("synthetic", cards=3, transactions=5)
    options = {"as_of": "2026-01-01/2026-01-03/P1D", "balances_strategy": "per_entity"}
    whole = read(CARD_POINTS, **options)
    expected = list(map(balance_key, whole.rows(CARD_POINTS)))
    on_the_way = [each for each in zip(whole.states, whole.covered, strict=True) if "running" in str(each)]
    assert len(on_the_way) >= 9
    for state, covered in on_the_way:
        rest = read(CARD_POINTS, state=state, **options).rows(CARD_POINTS)
        assert sorted(expected) == sorted([*expected[:covered], *map(balance_key, rest)])
    assert timedelta(days=2) == datetime.fromisoformat(expected[-1][0]) - datetime.fromisoformat(expected[0][0])
