"""Exports of card balances that lack cards: none of them is taken for a whole one."""

import re

import pytest

from tap_talon_one.errors import IncompleteExport
from tap_talon_one.strategies.export_check import distinct

BALANCES = "loyalty_card_balances"
AT = "2026-01-01"


@pytest.fixture
def asked(emu):
    """Nine cards; the operations that reach the emulator are counted by name."""
    emu.reset("synthetic", cards=9, transactions=9)
    emu.clear_requests()
    return lambda: {name: count["requests"] for name, count in emu.counters().items()}


def lines_of(body):
    """The lines of an export, with their ends."""
    return body.splitlines(keepends=True)


def without_last_card(body):
    """The export up to the end of the line before its last card."""
    last = lines_of(body)[-1].split(b",")[2]
    return b"".join(line for line in lines_of(body) if last not in line)


CUTS = {
    "the last card": without_last_card,
    "the first card": lambda body: b"".join(line for line in lines_of(body) if b"card-000001" not in line),
    "half of the lines": lambda body: b"".join(lines_of(body)[: len(lines_of(body)) // 2]),
    "everything but the heading": lambda body: lines_of(body)[0],
}
every_cut = pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)


def cutting(cut, times):
    """Return a change that truncates the given number of exports."""
    left = [times]

    def change(exchange):
        if "export" not in exchange.path or not left[0]:
            return None
        left[0] -= 1
        status, headers, body = exchange.send()
        return status, headers, cut(body)

    return change


@every_cut
@pytest.mark.parametrize("strategy", ["csv_export", "auto"])
def test_an_export_that_lacks_cards_once_is_asked_for_again(emu, asked, between, read, caplog, cut, strategy):
    """An incomplete export is requested again, and the rows of the second one are used."""
    given = {"balances_strategy": strategy, "as_of": AT}
    whole = read(BALANCES, **given).rows(BALANCES)
    emu.clear_requests()
    mended = read(BALANCES, base_url=between(emu.url, cutting(cut, 1)), **given)
    assert mended.error is None
    assert whole == mended.rows(BALANCES)
    assert 2 == asked()["export_loyalty_card_balances"]
    assert "cards, the list has more; exporting again" in caplog.text


@every_cut
def test_an_export_that_lacks_cards_for_good_fails_by_name(emu, asked, between, read, cut):
    """A permanently incomplete export writes no rows, and the error has both counts and the remedy."""
    result = read(
        BALANCES, base_url=between(emu.url, cutting(cut, 99)), balances_strategy="csv_export", as_of=AT, api_key=None
    )
    assert [] == result.rows(BALANCES)
    assert isinstance(result.error.causes[0], IncompleteExport)
    assert re.search(r"has \d cards and the list of cards 9, twice in a row", str(result.error))
    assert "Set balances_strategy to per_entity or card_list" in str(result.error)
    assert 2 == asked()["export_loyalty_card_balances"]


@every_cut
@pytest.mark.parametrize("source", ["per_card", "card_list"])
def test_auto_reads_in_another_way(emu, asked, between, read, caplog, cut, source):
    """With auto, another strategy reads all cards, and a warning gives the reason."""
    emu.clock(freeze="2026-06-01T00:00:00Z")
    given = {"as_of": AT} if source == "per_card" else {}
    expected = read(BALANCES, balances_strategy=source, **given).rows(BALANCES)
    url = between(emu.url, cutting(cut, 99))
    result = read(BALANCES, base_url=url, balances_strategy="auto", **given)
    assert None is result.error
    assert _points(expected) == _points(result.rows(BALANCES))
    assert "csv_export is incomplete, trying another strategy" in caplog.text


def _points(rows):
    """The rows without their instant, by card: answers arrive in any order."""
    found = [{name: value for name, value in row.items() if name != "as_of"} for row in rows]
    return sorted(found, key=lambda row: (row["cardIdentifier"], row["subledgerId"]))


def test_auto_leaves_the_export_between_two_instants(emu, asked, between, read):
    """If only the first of two exports is complete, all balances are still read, now and in the next run."""
    expected = read(BALANCES, as_of=[AT, "2026-02-01"], balances_strategy="per_entity").rows(BALANCES)

    def change(exchange):
        return cutting(without_last_card, 1)(exchange) if "endDate=2026-02" in exchange.path else None

    url = between(emu.url, change)
    named = read(BALANCES, base_url=url, as_of=[AT, "2026-02-01"], balances_strategy="csv_export")
    assert {f"{AT}T00:00:00Z"} == {row["as_of"] for row in named.rows(BALANCES)}
    given = {"base_url": url, "as_of": [AT, "2026-02-01"], "balances_strategy": "auto"}
    for state in (None, named.state):
        result = read(BALANCES, state=state, **given)
        assert result.error is None
        single = [row for row in result.rows(BALANCES) if row["source"] == "per_card"]
        assert _points(expected) == _points(single)
        assert [row["as_of"] for row in expected] == [row["as_of"] for row in single]


def test_cards_that_are_added_during_the_export_are_no_fault(emu, asked, between, read):
    """A list of cards that has grown since the export is not an error."""
    added = iter(range(99))

    def change(exchange):
        if "export" not in exchange.path:
            return None
        answer = exchange.send()
        emu.add("cards", {"program": 1, "identifier": f"new-{next(added)}"})
        return answer

    url = between(emu.url, change)
    result = read(BALANCES, base_url=url, balances_strategy="csv_export", as_of=AT)
    found = {row["cardIdentifier"] for row in result.rows(BALANCES)}
    assert result.error is None
    assert {f"card-00000{n}" for n in range(1, 10)} | {"new-0"} == found


def test_cards_that_are_deleted_between_count_and_export_are_no_fault(emu, asked, between, read):
    """After deletions the cards are counted again, and the second export is accepted."""
    exports = []

    def change(exchange):
        if "export" in exchange.path:
            exports.append(exchange.path)
            status, headers, body = exchange.send()
            return status, headers, CUTS["half of the lines" if len(exports) == 1 else "the first card"](body)
        found = re.search(r"/cards\?.*skip=(\d+)", exchange.path)
        return (
            exchange.send(exchange.path.replace(f"skip={found[1]}", f"skip={int(found[1]) + 1}"))
            if found and len(exports) == 2  # the first card of the list is gone
            else None
        )

    result = read(BALANCES, base_url=between(emu.url, change), balances_strategy="csv_export", as_of=AT)
    found = {row["cardIdentifier"] for row in result.rows(BALANCES)}
    assert result.error is None
    assert {f"card-00000{n}" for n in range(2, 10)} == found
    assert 2 == len(exports)


@pytest.mark.parametrize("exported", ["all", "with_transactions"])
@pytest.mark.parametrize("era", ["seed", "current"])
def test_cards_without_transactions_have_their_balance(running, read, exported, era):
    """With auto, cards without transactions have balances, whether the export has them or not."""
    running.reset("synthetic", era=era, cards=4, transactions=5)
    running.add("cards", {"program": 1, "identifier": "unused"})
    running.switch(exported_cards=exported)
    result = read(BALANCES, balances_strategy="auto", as_of=AT)
    rows = {row["cardIdentifier"]: row for row in result.rows(BALANCES)}
    assert result.error is None
    assert 5 == len(rows)
    assert 0 == rows["unused"]["activePoints"]
    assert {"csv_export" if exported == "all" else "per_card"} == {row["source"] for row in rows.values()}


def test_a_whole_export_costs_one_call_more(asked, read):
    """A complete export is verified with one call, for the card after the last exported one."""
    read(BALANCES, balances_strategy="csv_export", as_of=AT)
    counts = asked()
    assert [1, 1] == [counts["export_loyalty_card_balances"], counts["get_loyalty_cards"]]


def test_a_key_that_may_not_list_cards_leaves_the_export_unchecked(emu, read, caplog):
    """Without the right to list cards the rows are written, and a warning says that they were not compared."""
    emu.fault("get_loyalty_cards", "403", count=0)
    result = read(BALANCES, balances_strategy="csv_export", as_of=AT)
    assert result.error is None
    assert 3 == len({row["cardIdentifier"] for row in result.rows(BALANCES)})
    assert "cannot compare the export of program 1 with the list of its cards" in caplog.text


@pytest.mark.parametrize("order", [sorted, lambda names: sorted(names, key=lambda name: name[::-1])])
def test_cards_are_counted_once_whatever_the_order_of_lines(order):
    """Cards are counted once, even if their lines are not adjacent."""
    assert 5000 == distinct(order([f"card-{n}" for n in range(5000)] * 3))


def test_an_export_of_profiles_is_compared_with_transactions(emu, read):
    """There is no list of a program's profiles: the export is made twice, and has those with transactions."""
    stream = "loyalty_profile_balances"
    emu.reset("synthetic", cards=1, profile_transactions=9)
    emu.clear_requests()
    read(stream, balances_strategy="csv_export", as_of=AT)
    expected = {"export_loyalty_balances": 2, "get_loyalty_program_transactions": 1, "get_loyalty_programs": 1}
    assert expected == {name: count["requests"] for name, count in emu.counters().items()}
