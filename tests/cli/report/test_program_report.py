"""``talon-one report``: the loyalty programs of a warehouse as one HTML file."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from pathlib import Path

import pytest

from talon_one_cli.report.charts import Series, bars
from talon_one_cli.report.program_report import ProgramData
from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse

from .test_run_report import Page

AS_OF = "2025-06-01T00:00:00Z"


@pytest.fixture(scope="module")
def server():
    """A local Talon.One with a year of points of cards and profiles."""
    sizes = {"cards": 12, "transactions": 40, "profile_transactions": 10}
    with Emulator(seed="synthetic", days=366, management_rate=0, **sizes) as emulator:
        yield emulator


@pytest.fixture(params=["duckdb", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path, monkeypatch, server, account):
    """A warehouse to which the ledgers are loaded."""
    monkeypatch.chdir(tmp_path)
    account(server)
    before = logging.getLogger().handlers[:]
    yield "duckdb:///w.duckdb" if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    logging.getLogger().handlers[:] = before


def test_a_report_has_the_figures_of_the_emulator(url, in_process, server):
    """Both engines give the same report, and its sums are those of the emulator."""
    streams = "loyalty_card_transactions,loyalty_profile_transactions"
    assert 0 == in_process("load", "--to", url, "--streams", streams).code
    early = in_process("report", "--in", url)
    assert (2, True) == (early.code, "create the views with talon-one models" in early.err)
    assert 0 == in_process("models", "--to", url, "--as-of", AS_OF).code
    done = in_process("report", "--in", url, "--out", "r.html")
    assert (0, "r.html\n") == (done.code, done.out), done.err
    page = Page("r.html")
    assert [] == page.loads
    for program in (1, 2):
        truth = server.truth(program, AS_OF)
        active = sum((Decimal(row[2]) for row in truth["balances"]), Decimal(0))
        assert page.has(f"{truth['additions']['sum']:,.2f}", "points issued")
        assert page.has(f"{active:,.2f}", "points owed now")
    with open_warehouse(url) as warehouse:
        data = ProgramData(warehouse, "talon_one")
    assert 12 <= len(data.months[1])
    assert {12} == {sum(count for _, count in data.balances[1][1]) + _without(server, 1)}
    assert 12 == sum(members for first, month, members in data.cohorts[1] if first == month)


ROWS = [  # card, type, amount, created, expiry
    ("debtor", "addition", "0.1", "2021-01-02", ""),
    ("debtor", "subtraction", "0.3", "2021-01-03", ""),
    ("only-debt", "subtraction", "7", "2025-02-01", ""),
    ("payer", "subtraction", "5", "2025-02-01", ""),
    ("payer", "addition", "8", "2025-03-01", ""),
    ("holder", "addition", "42.000001", "2025-03-01", "9999-12-31"),
    ("expired", "addition", "3", "2025-03-01", "2025-04-01"),
    ("expired", "subtraction", "1", "2025-03-02", ""),
]


@pytest.fixture
def indebted(era, tmp_path, monkeypatch, account):
    """An account with debts: a program of cards that also has points, and one of profiles with nothing but a debt."""
    monkeypatch.chdir(tmp_path)
    with Emulator(era=era, management_rate=0) as emulator:
        account(emulator)
        emulator.add("cards", *({"program": 1, "identifier": card} for card in dict.fromkeys(row[0] for row in ROWS)))
        dated = [(*row[:3], *(f"{day}T00:00:00Z" if day else "unlimited" for day in row[3:])) for row in ROWS]
        names = ("card", "type", "amount", "created", "expiryDate")
        emulator.add_transactions({"program": 1, **dict(zip(names, row, strict=True))} for row in dated)
        emulator.add("profiles", {"integrationId": "ann"})
        debt = {"program": 2, "profile": "ann", "type": "subtraction", "amount": "2", "created": dated[0][3]}
        emulator.add_transactions([debt])
        yield emulator


@pytest.mark.parametrize(
    ("era", "strategy", "engine"),
    [
        ("current", "per_entity", "duckdb"),
        ("current", "csv_export", "duckdb"),
        ("seed", "per_entity", "duckdb"),
        pytest.param("seed", "per_entity", "postgresql", marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("indebted")
def test_tiles_tables_and_balances_agree_where_there_is_debt(in_process, request, engine, strategy):
    """The figures of a report are the sums of its tables and of the current balances, also where there is debt."""
    url = "duckdb:///w.duckdb" if engine == "duckdb" else request.getfixturevalue("postgres_url")
    streams = ",".join(
        f"loyalty_{kind}_{rows}" for kind in ("card", "profile") for rows in ("transactions", "balances")
    )
    Path("c.json").write_text(json.dumps({"balances_strategy": strategy}))
    assert 0 == in_process("load", "--to", url, "--streams", streams, "--config", "c.json").code
    assert 0 == in_process("models", "--to", url).code
    done = in_process("report", "--in", url)
    assert 0 == done.code, done.err
    with open_warehouse(url) as warehouse:
        kinds = ("spent", "negative", "expired", "active", "pending")
        sums = ", ".join(f"sum({kind}_points)" for kind in kinds)
        rows = warehouse.query(f"SELECT program_id, {sums} FROM talon_one.current_balances GROUP BY 1 ORDER BY 1")
        data = ProgramData(warehouse, "talon_one")
    found = [(program, *data.totals[program][0][1:-1]) for program in (1, 2)]
    digits = 2 if strategy == "csv_export" else 6
    assert _rounded(found, digits) == _rounded(rows, digits)
    page = Page("loyalty-report.html")
    assert page.has("13.30", "points spent", "7.20", "points spent into debt", "2.00", "points expired")
    assert page.has("earlier", "0.10", "0.30", "0.00")
    assert page.has("2021", "0.10", "0.30", "0.00")
    assert page.has("2022", "0.00", "0.00", "0.00")
    assert page.has("2.00", "points spent", "2.00", "points spent into debt", "0.00", "points expired")
    for program, months in data.months.items():
        issued, spent, _, expired, *_ = data.totals[program][0]
        assert (issued, spent, expired) == tuple(sum(row[number] for row in months) for number in (1, 2, 3))


def _rounded(rows, digits):
    """The numbers of rows with so many digits."""
    return [tuple(round(Decimal(value), digits) for value in row) for row in rows]


def _without(server, program):
    """Return the number of cards without active points."""
    points = {}
    for owner, _, active, *_ in server.truth(program, AS_OF)["balances"]:
        points[owner] = points.get(owner, 0) + Decimal(active)
    return sum(active <= 0 for active in points.values())


def test_a_report_without_points_says_so(tmp_path, monkeypatch, in_process):
    """An empty warehouse gives an error, and views over empty tables a page without figures."""
    monkeypatch.chdir(tmp_path)
    done = in_process("report", "--in", "duckdb:///empty.duckdb")
    assert 2 == done.code
    assert "has no view points_by_month" in done.err
    assert not Path("loyalty-report.html").exists()


@pytest.mark.parametrize("values", [[], [0.0], [0.004, 3.0], [1e12, 5.0, 2.5]])
def test_a_chart_of_any_values_fits_its_frame(values):
    """Bars lie within the frame, whatever their size is, and texts are escaped."""
    labels = [f"<{n}>" for n in range(len(values))]
    chart = bars(labels, [Series("a & b", values), Series("c", values)], about="x", stacked=True).text
    assert len(values) * 2 == chart.count("<rect")
    assert "<0>" not in chart
    assert "a &amp; b" in chart
    heights = [float(part.split('"')[1]) for part in chart.split(" height=")[1:]]
    assert all(0 <= height <= 214 for height in heights), json.dumps(heights)
