"""Parts of the ids: stable, disjoint, and together the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_singer import ConfigError
from talon_one_singer.shards import Shard

CARD_ROWS, CARD_POINTS = "loyalty_card_transactions", "loyalty_card_balances"


@given(st.text(), st.integers(1, 4096))
def test_every_id_is_in_exactly_one_part(text, count):
    """Every id belongs to exactly one shard, for any number of shards."""
    assert 1 == sum(Shard(number, count).takes(text) for number in range(1, count + 1))


def test_parts_are_stable_and_even():
    """Shards are the same in every process and version, and have about the same size."""
    assert [1, 1, 3, 2, 2] == [
        next(n for n in (1, 2, 3) if Shard(n, 3).takes(text)) for text in ("", "card-1", "card-2", "card-3", "Ünïcode")
    ]
    sizes = [sum(Shard(n, 4).takes(f"card-{i}") for i in range(4000)) for n in (1, 2, 3, 4)]
    assert 4000 == sum(sizes)
    assert max(sizes) - min(sizes) < 200


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "1/5000", "1/3/5", "-1/3"])
def test_a_shard_that_is_none_is_refused(text):
    """The message about a wrong shard shows a valid one."""
    with pytest.raises(ConfigError, match="shard must be like 3/16"):
        Shard.of({"shard": text})


def test_all_parts_together_read_everything_once(emu, read):
    """Listed cards, and lists without ids, are read by exactly one shard."""
    emu.reset("synthetic", cards=30, transactions=5)
    whole = read(CARD_ROWS, "loyalty_programs", settle_seconds=0)
    parts = [read(CARD_ROWS, "loyalty_programs", settle_seconds=0, shard=f"{n}/3") for n in (1, 2, 3)]
    assert sorted(whole.ids()) == sorted(row for part in parts for row in part.ids())
    assert [2, 0, 0] == [len(part.rows("loyalty_programs")) for part in parts]
    assert all(0 < len(part.ids()) < 150 for part in parts)


def test_another_number_of_parts_starts_anew(emu, read):
    """The state of shard 1/2 does not apply to shard 1/3: all rows are read again."""
    emu.reset("synthetic", cards=30, transactions=5)
    state = read(CARD_ROWS, settle_seconds=0, shard="1/2").state
    again = read(CARD_ROWS, settle_seconds=0, shard="1/2", state=state)
    other = read(CARD_ROWS, settle_seconds=0, shard="1/3", state=state)
    alone = read(CARD_ROWS, settle_seconds=0, shard="1/3")
    assert [] == again.ids()
    assert sorted(alone.ids()) == sorted(other.ids())
    whole = read(CARD_ROWS, settle_seconds=0, state=state)
    assert 150 == len(whole.ids())


def test_a_shard_reads_one_by_one_under_auto(emu, read):
    """With a shard, auto does not use the program's feed, and setting it explicitly is an error."""
    emu.reset("synthetic", cards=6, transactions=5)
    rows = read(CARD_ROWS, shard="1/2", transactions_strategy="auto").rows(CARD_ROWS)
    assert {"per_card"} == {row["source"] for row in rows}
    error = read(CARD_ROWS, shard="1/2", transactions_strategy="program_feed").error
    assert "shard selects some ids" in str(error)
