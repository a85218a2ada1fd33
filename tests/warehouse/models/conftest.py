"""Fixtures of the models' tests: an empty DuckDB or PostgreSQL, and ledger rows in it."""

from datetime import datetime
from decimal import Decimal

import msgspec
import pytest

from talon_one_warehouse import open_warehouse, table_spec, to_arrow
from tap_talon_one.rows.splicing import with_ledger_dates

encode = msgspec.json.Encoder(decimal_format="number").encode


@pytest.fixture(params=["duckdb", "postgresql"])
def database(request):
    """An empty database."""
    url = "duckdb:///:memory:" if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    with open_warehouse(url) as opened:
        yield opened


@pytest.fixture
def load(database):
    """Loads rows of a stream, with their dates typed as the tap does it: ``load(stream, rows)``."""

    def run(stream, rows):
        table = table_spec(stream.name, stream.schema(), stream.key)
        database.prepare(table)
        typed = [with_ledger_dates(encode(row)) for row in rows]
        database.merge({stream.name: [to_arrow(table, typed)]})

    return run


@pytest.fixture
def card_row():
    """Builds a ledger row of a card: ``card_row(id, instant, amount, type, **fields)``."""

    def build(number, at, amount, kind="addition", **more):
        row = {"id": number, "created": text(at), "type": kind, "amount": Decimal(str(amount)), "programId": 1}
        fixed = {"cardIdentifier": "card-1", "subledgerId": "", "startDate": "immediate", "expiryDate": "unlimited"}
        instants = {name: text(value) for name, value in more.items() if isinstance(value, datetime)}
        return row | {"transactionUUID": f"{number}", "name": "", "customerSessionId": ""} | fixed | more | instants

    return build


def text(instant):
    """RFC 3339."""
    return instant.isoformat().replace("+00:00", "Z")
