"""The tap's rows on their way into a warehouse: what a merge that fails may not hide."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from talon_one_emulator import Emulator
from talon_one_loading.sink import STATE_NAME, WarehouseSink
from talon_one_loading.stream_selection import select_streams
from talon_one_loading.tap_runner import TapRun, run_context
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.protocol.state import State
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import MergePace, WarehouseError, open_warehouse
from tap_talon_one.engine.sync import SomeStreamsFailed
from tap_talon_one.settings import SETTINGS

TOO_SMALL = "0." + "0" * 29 + "1"  # the column has 18 digits behind the point


@pytest.fixture
def emu():
    """5 cards with 50 rows each."""
    with Emulator(seed="synthetic", cards=5, transactions=50, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def load(emu, tmp_path):
    """Loads the ledgers of all cards from where the last load ended, with a merge every few rows."""

    def run(rows_per_merge):
        values = {
            "base_url": emu.url,
            "api_key": emu.api_key,
            "management_key": emu.management_key,
            "settle_seconds": 0,
            "transactions_strategy": "per_entity",
        }
        settings = SETTINGS.load([ConfigSource("the test", values)], {})
        entries = select_streams(settings, "loyalty_card_transactions")
        with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
            state = State.from_dict(warehouse.state("tap-talon-one") or {}, "the state")
            sink = WarehouseSink(warehouse, pace=MergePace(rows=rows_per_merge))
            TapRun(settings, entries, run_context(settings, state, StopSignal(), Redactor()), sink).run()

    return run


@pytest.fixture
def loaded(tmp_path):
    """Id and amount of every row in the warehouse."""

    def rows():
        with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
            return warehouse.query("SELECT id, amount FROM talon_one.loyalty_card_transactions ORDER BY id")

    return rows


def truth(emu):
    """Id and amount of every row of a card at the emulator."""
    rows = emu.state("ledger")["ledger"]
    return sorted((row["id"], Decimal(row["amount"])) for row in rows if row["card"] is not None)


@pytest.mark.parametrize("rows_per_merge", [10, 120, 100_000])
def test_a_row_that_cannot_be_stored_ends_its_stream_and_hides_no_other(emu, load, loaded, rows_per_merge):
    """The error names the row and the state stays before it; after a correction the next load brings the rest."""
    (bad,) = emu.add_transactions([{"program": 1, "card": "card-000003", "amount": TOO_SMALL}])
    with pytest.raises(SomeStreamsFailed, match=f"row id={bad}"):
        load(rows_per_merge)
    emu.delete_transactions([bad])
    load(rows_per_merge)
    assert truth(emu) == loaded()


def test_many_small_merges_hold_what_one_large_merge_holds(emu, load, loaded):
    """Rows are converted part by part, and each part is merged exactly once."""
    load(7)
    assert truth(emu) == loaded()


def test_every_table_says_when_its_rows_were_loaded(emu, load, tmp_path):
    """Rows of a later load have a later instant, and rows that did not change keep the earlier one."""
    started = datetime.now(UTC)
    load(120)
    between = datetime.now(UTC)
    (added,) = emu.add_transactions([{"program": 1, "card": "card-000003", "amount": "1"}])
    load(120)
    with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
        rows = warehouse.query("SELECT id, _loaded_at FROM talon_one.loyalty_card_transactions")
    assert {added} == {number for number, at in rows if not started <= at <= between}
    assert [True] == [between < at < datetime.now(UTC) for number, at in rows if number == added]


class _Entry:
    stream, key_properties = "s", ("id",)


@pytest.fixture
def merging(tmp_path):
    """A warehouse, and a sink that merges after every row."""
    with (
        open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse,
        WarehouseSink(warehouse, pace=MergePace(rows=1)) as sink,
    ):
        sink.open(_Entry, {"properties": {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}})
        yield warehouse, sink


@pytest.mark.parametrize("pace", [MergePace(rows=3), MergePace(bytes=22)], ids=["rows", "bytes"])
def test_a_load_merges_as_much_at_a_time_as_its_warehouse_wants(tmp_path, pace):
    """Without a pace of its own, a load merges when the pace of the warehouse says so."""
    with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
        warehouse.pace = pace
        with WarehouseSink(warehouse, clock=lambda: 0.0) as sink:
            sink.open(_Entry, {"properties": {"id": {"type": "integer"}}})
            for number in (1, 2):
                sink.rows("s", [b'{"id":%d}' % number])
                sink.checkpoint(lambda: {"at": "early"})
            assert warehouse.state(STATE_NAME) is None
            sink.rows("s", [b'{"id":3}'])
            sink.checkpoint(lambda: {"at": "third"})
        assert {"at": "third"} == warehouse.state(STATE_NAME)


def test_the_error_of_a_merge_is_raised_and_nothing_more_is_merged(merging):
    """After a merge that failed no row and no state is merged, although the next merge would be possible."""
    warehouse, sink = merging
    sink.rows("s", [b'{"id":1}'])
    sink.checkpoint(lambda: {"at": 1}, final=True)
    warehouse.query("ALTER TABLE talon_one.s RENAME COLUMN name TO other")
    sink.rows("s", [b'{"id":2}'])
    with pytest.raises(WarehouseError, match="name"):
        sink.checkpoint(lambda: {"at": 2}, final=True)
    warehouse.query("ALTER TABLE talon_one.s RENAME COLUMN other TO name")
    sink.rows("s", [b'{"id":3}'])
    sink.checkpoint(lambda: {"at": 3}, final=True)
    assert [(1,)] == warehouse.query("SELECT id FROM talon_one.s")
    assert {"at": 1} == warehouse.state("tap-talon-one")


def test_a_merge_saves_the_state_of_its_rows(merging):
    """A state that changes while its rows are merged is saved as it was."""
    warehouse, sink = merging
    state = {"at": 1}
    sink.rows("s", [b'{"id":1}'])
    sink.checkpoint(lambda: state)
    state["at"] = 2
    sink.close()
    assert {"at": 1} == warehouse.state("tap-talon-one")
    assert [(1,)] == warehouse.query("SELECT id FROM talon_one.s")


def test_rows_are_counted_when_the_final_checkpoint_returns(merging):
    """New and changed rows of all merges are counted."""
    _, sink = merging
    for name in ("a", "b"):
        for number in range(3):
            sink.rows("s", [b'{"id":%d,"name":"%s"}' % (number, name.encode())])
            sink.checkpoint(dict)
    sink.checkpoint(dict, final=True)
    assert (6, 3, 3) == (sink.counts["s"].read, sink.counts["s"].inserted, sink.counts["s"].updated)
