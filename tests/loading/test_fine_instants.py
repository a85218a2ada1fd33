"""Instants with digits below the microsecond, in every column of a date and time of every stream: none is cut."""

import json
from datetime import UTC, datetime

import pytest

from talon_one_emulator import Emulator
from talon_one_loading import load
from talon_one_loading.bad_rows import BAD_ROW_POLICIES
from talon_one_loading.stream_selection import select_streams
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import RowError, open_warehouse, table_spec, to_arrow
from tap_talon_one.settings import SETTINGS
from tap_talon_one.streams import STREAMS

CUT, FINE, ZEROS = "2025-06-01T02:00:00.123456", "2025-06-01T02:00:00.1234567891Z", "2025-06-01T02:00:00.1234560000Z"
INSTANT = datetime(2025, 6, 1, 2, 0, 0, 123456, tzinfo=UTC)
TABLES = [table_spec(stream.name, stream.schema(), stream.key) for stream in STREAMS]
COLUMNS = [(table, column) for table in TABLES for column in table.columns if column.kind == "instant"]


def row_of(table, column, text):
    """A row with its key and one instant."""
    texts = {one.source: "k" if one.kind == "string" else 1 for one in table.columns if one.name in table.key}
    instants = {one.source: ZEROS for one in table.columns if one.name in table.key and one.kind == "instant"}
    return json.dumps({**texts, **instants, column.source: text}).encode()


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda one: one.name)
def test_no_column_cuts_digits(table, column):
    """A nonzero digit below the microsecond makes a row a misfit; trailing zeros do not."""
    assert [INSTANT] == to_arrow(table, [row_of(table, column, ZEROS)])[column.name].to_pylist()
    with pytest.raises(RowError) as caught:
        to_arrow(table, [row_of(table, column, FINE)])
    assert f'{column.name}: "{FINE}" is not a point in time with a zone, to the microsecond' in str(caught.value)


def test_every_ledger_and_list_is_walked():
    """The tests of this module cover every stream with instants, even if the table of streams changes."""
    assert {"loyalty_card_transactions", "customer_profiles", "attributes"} <= {table.name for table, _ in COLUMNS}


@pytest.fixture
def ledger(between):
    """An emulator whose first ledger row has fine instants."""
    with Emulator(seed="synthetic", cards=2, transactions=5, management_rate=0) as emulator:

        def change(exchange):
            if "/transactions" not in exchange.path:
                return None
            status, headers, body = exchange.send()
            page = json.loads(body)
            for row in page.get("data", []):
                if row["id"] == marked:
                    row.update(created=FINE, startDate=FINE, expiryDate=FINE)
            return status, headers, json.dumps(page).encode()

        marked = min(row["id"] for row in emulator.state("ledger")["ledger"] if row["card"])
        yield emulator, between(emulator.url, change), marked


@pytest.mark.parametrize("policy", BAD_ROW_POLICIES)
@pytest.mark.parametrize("strategy", ["per_entity", "program_feed"])
def test_a_ledger_keeps_the_instant_and_the_text(ledger, tmp_path, caplog, strategy, policy):
    """Instants are truncated, their texts are kept whole, and the run warns with the number of rows."""
    emulator, url, marked = ledger
    values = {
        "base_url": url,
        "api_key": emulator.api_key,
        "management_key": emulator.management_key,
        "settle_seconds": 0,
        "transactions_strategy": strategy,
        "bad_rows": policy,
    }
    settings = SETTINGS.load([ConfigSource("the test", values)], {})
    entries = select_streams(settings, "loyalty_card_transactions")
    with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
        load(warehouse, settings, entries, StopSignal(), Redactor())
        found = warehouse.query(
            "SELECT created, created_text, start_at, start_date, expiry_at, expiry_date "
            f"FROM talon_one.loyalty_card_transactions WHERE id = {marked}"
        )
    assert [(INSTANT, FINE) * 3] == [tuple(row) for row in found]
    words = "created is truncated to microseconds in 1 row; created_text has the original text"
    assert [f"loyalty_card_transactions of program 1: {words}"] == [one for one in caplog.messages if words in one]
