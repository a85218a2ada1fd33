"""Rows that do not fit their columns: their stream fails before them or they are put aside, and all else is loaded."""

from __future__ import annotations

import json
import sys

import pytest

from talon_one_emulator import Emulator
from talon_one_loading import load
from talon_one_loading.bad_rows import BAD_ROW_POLICIES
from talon_one_loading.data_frame import read_arrow
from talon_one_loading.sink import WarehouseSink
from talon_one_loading.stream_selection import select_streams
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import MergePace, open_warehouse
from tap_talon_one.engine.sync import SomeStreamsFailed
from tap_talon_one.errors import RowRefused
from tap_talon_one.settings import SETTINGS
from tests import account, commands

TRANSACTIONS, BALANCES = "loyalty_card_transactions", "loyalty_card_balances"
TOO_SMALL = "0." + "0" * 29 + "1"  # the column has 18 digits behind the point
WAREHOUSES = {"duckdb": "duckdb:///{}/w.duckdb", "sqlite": "sqlite:///{}/w.db", "lake": "file://{}/lake"}


@pytest.fixture
def emu():
    """5 cards with 50 rows each."""
    with Emulator(seed="synthetic", cards=5, transactions=50, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(params=[*WAREHOUSES, "postgresql"])
def url(request, tmp_path):
    """Return a warehouse of each kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return WAREHOUSES[request.param].format(tmp_path)


def settings_of(emu, **changes):
    """Settings of a load, checked."""
    strategies = {"transactions_strategy": "per_entity", "balances_strategy": "per_entity"}
    return SETTINGS.load([ConfigSource("the test", account.settings_of(emu, **strategies) | changes)], {})


def loaded_into(url, settings, streams=f"{TRANSACTIONS},{BALANCES}"):
    """Return the result of a load."""
    entries = select_streams(settings, streams)
    with open_warehouse(url) as warehouse:
        return load(warehouse, settings, entries, StopSignal(), Redactor())


def count(url, table, where="1 = 1"):
    """Rows of a table."""
    with open_warehouse(url) as warehouse:
        return warehouse.query(f"SELECT count(*) FROM {warehouse.name_of(table)} WHERE {where}")[0][0]


def add_bad(emu):
    """A row whose amount has too many digits, in the ledger of the third card."""
    (number,) = emu.add_transactions([{"program": 1, "card": "card-000003", "amount": TOO_SMALL}])
    return number


def test_a_row_that_does_not_fit_fails_its_stream_only(emu, url):
    """The other stream is loaded; after the row is corrected, the next load brings the remaining rows."""
    bad = add_bad(emu)
    emu.clear_requests()
    for _ in range(2):
        with pytest.raises(SomeStreamsFailed, match=f"{TRANSACTIONS} of program 1: .*row id={bad}"):
            loaded_into(url, settings_of(emu))
    balances = count(url, BALANCES)
    assert balances > 0
    assert count(url, TRANSACTIONS) < 251
    emu.delete_transactions([bad])
    loaded_into(url, settings_of(emu))
    assert 250 == count(url, TRANSACTIONS)


def test_rejected_rows_are_in_a_table_with_their_reason(emu, url):
    """All other rows are loaded, the row is counted once, and a second load does not read it again."""
    bad = add_bad(emu)
    done = loaded_into(url, settings_of(emu, bad_rows="reject"), TRANSACTIONS)
    assert {TRANSACTIONS: 1} == done.rejected
    assert {TRANSACTIONS: 1} == done.as_dict()["rejected"]
    assert 250 == count(url, TRANSACTIONS)
    columns = "stream, row_key, column_name, value, reason, row_text"
    with open_warehouse(url) as warehouse:
        (row,) = warehouse.query(f"SELECT {columns} FROM {warehouse.name_of('rejected_rows')}")
    assert (TRANSACTIONS, f"id={bad}", "amount") == row[:3]
    assert "is not a number that DECIMAL(38,18) holds exactly" == row[4]
    assert bad == json.loads(row[5])["id"]
    again = loaded_into(url, settings_of(emu, bad_rows="reject"), TRANSACTIONS)
    assert {} == again.rejected
    assert 1 == count(url, "rejected_rows", "_loaded_at IS NOT NULL")


VALUES = {
    "a residue of a float": ("amount", b"5.684341886080802e-14"),
    "more digits than the column has": ("amount", b"1e21"),
    "an integer beyond 64 bits": ("id", b"9223372036854775808"),
    "a text that is no number": ("amount", b'"12"'),
    "a number that is no text": ("name", b"5"),
    "a text that is no instant": ("created", b'"yesterday"'),
    "an instant without a zone": ("created", b'"2026-01-01T00:00:00"'),
    "a number that is no boolean": ("flag", b"1"),
    "no key": ("id", b"null"),
    "half of a surrogate pair": ("name", rb'"\ud800"'),
}
SCHEMA = {
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["null", "string"]},
        "amount": {"type": ["null", "number"]},
        "created": {"type": ["null", "string"], "format": "date-time"},
        "flag": {"type": ["null", "boolean"]},
    }
}


class _Entry:
    stream, key_properties = "s", ("id",)


def row_of(number, **changes):
    """An encoded row, with parts of it replaced."""
    parts = {"id": str(number).encode(), "name": b'"x"', "amount": b"1.5", "created": b"null", "flag": b"true"}
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), text) for name, text in (parts | changes).items()) + b"}"


@pytest.mark.parametrize("policy", BAD_ROW_POLICIES)
@pytest.mark.parametrize("case", [*VALUES, "NUL in PostgreSQL"])
def test_every_kind_of_value_that_does_not_fit(url, case, policy):
    """A misfit is rejected or fails its stream before the state moves on; its neighbors and other streams are kept."""
    name, text = VALUES.get(case, ("name", rb'"a\u0000b"'))
    holds_nul = case not in VALUES and not url.startswith("postgresql")
    with open_warehouse(url) as warehouse:
        sink = WarehouseSink(warehouse, bad_rows=policy, pace=MergePace(rows=1))
        sink.open(_Entry, SCHEMA)
        sink.rows("s", [row_of(1)])
        sink.checkpoint(lambda: {"at": 1})
        rows = [row_of(2), row_of(3, **{name: text}), row_of(4)]
        if policy == "fail" and not holds_nul:
            with pytest.raises(RowRefused):
                sink.rows("s", rows)
            sink.checkpoint(lambda: {"at": 1}, final=True)
        else:
            sink.rows("s", rows)
            sink.checkpoint(lambda: {"at": 2}, final=True)
        kept = [number for (number,) in warehouse.query(f"SELECT id FROM {warehouse.name_of('s')} ORDER BY id")]
        assert {"at": 1 if policy == "fail" and not holds_nul else 2} == warehouse.state("tap-talon-one")
    expected = [1, 2, 3, 4] if holds_nul else [1] if policy == "fail" else [1, 2, 4]
    assert expected == kept
    if policy == "reject" and not holds_nul:
        assert 1 == count(url, "rejected_rows", f"column_name IN ('{name}', '')")


def test_streams_of_one_answer_do_not_hold_each_other(tmp_path):
    """A coupon that does not fit fails only the coupons of the inventory; all profiles are loaded."""
    url = f"duckdb:///{tmp_path}/w.duckdb"
    with Emulator(seed="demo", management_rate=0) as emu:
        ids = [row["integration_id"] for row in emu.state("profiles")["profiles"]]
        settings = settings_of(emu, profile_ids=ids)
        entries = select_streams(settings, "customer_profiles,customer_loyalty")

        class Picky(WarehouseSink):
            """A warehouse that refuses the second row of the loyalty stream, like a table with a narrower column."""

            def rows(self, stream, rows):
                if stream == "customer_loyalty":
                    raise RowRefused("customer_loyalty.points: too large")
                super().rows(stream, rows)

        from talon_one_loading.tap_runner import TapRun, run_context
        from talon_one_singer.protocol.state import State

        with open_warehouse(url) as warehouse:
            context = run_context(settings, State(None), StopSignal(), Redactor())
            with pytest.raises(SomeStreamsFailed, match="too large"):
                TapRun(settings, entries, context, Picky(warehouse)).run()
            state = warehouse.state("tap-talon-one")
        assert len(ids) == count(url, "customer_profiles")
        assert {} == state["bookmarks"].get("customer_inventory", {})


def test_the_command_ends_with_exit_code_1_and_names_the_table(emu, tmp_path):
    """The command prints the counts, names the table of rejected rows and ends with exit code 1."""
    add_bad(emu)
    config = {
        "base_url": emu.url,
        "api_key": emu.api_key,
        "management_key": emu.management_key,
        "settle_seconds": 0,
        "bad_rows": "reject",
        "transactions_strategy": "per_entity",
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "talon_one_cli", "load", "--to", "duckdb:///w.duckdb", "--config", "config.json"]
    done = commands.run([*command, "--streams", TRANSACTIONS, "--json"], cwd=tmp_path, capture_output=True, text=True)
    assert 1 == done.returncode
    assert {TRANSACTIONS: 1} == json.loads(done.stdout)["rejected"]
    assert f"Error: {TRANSACTIONS}: 1 row does not fit its columns and is in talon_one.rejected_rows" in done.stderr


def test_a_data_frame_fails_or_leaves_the_row_out(emu, caplog):
    """A data frame fails, or omits the row, which the log names and the table's metadata counts."""
    bad = add_bad(emu)
    with pytest.raises(SomeStreamsFailed, match=f"row id={bad}"):
        read_arrow(settings_of(emu), TRANSACTIONS, StopSignal(), Redactor())
    table = read_arrow(settings_of(emu, bad_rows="reject"), TRANSACTIONS, StopSignal(), Redactor())
    assert 250 == table.num_rows
    assert b"1" == table.schema.metadata[b"rejected_rows"]
    assert f"row id={bad}" in caplog.text
