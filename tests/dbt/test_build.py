"""``dbt build`` on what ``talon-one load`` brought: its points equal those of reconcile and of the emulator."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from talon_one_client.paging.windows import to_us
from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse
from tap_talon_one.ledger.arithmetic import Entry, Points, balance

from .conftest import AS_OF, STREAMS, Dbt, load, output_of, talon_one

FIGURES = "SUM(active_points), SUM(pending_points), SUM(expired_points), SUM(spent_points)"
JOURNEY_AS_OF = "2018-01-02T00:00:00Z"


def query(url, sql):
    """Rows of a query."""
    with open_warehouse(url) as warehouse:
        return warehouse.query(sql)


def of_lots(url):
    """Active, pending, expired and spent points by program, owner and subledger."""
    select = f"SELECT program_id, owner, subledger_id, {FIGURES} FROM analytics.points_lots GROUP BY 1, 2, 3"
    return {tuple(key): tuple(points) for *key, points in ((*row[:3], row[3:]) for row in query(url, select))}


def of_truth(emu, programs, as_of):
    """The same from the emulator."""
    found = {}
    for program in programs:
        truth = emu.truth(program, as_of)
        for owner, subledger, *figures in truth["balances"]:
            points = Points(**dict(zip(truth["columns"][2:], map(Decimal, figures), strict=True)))
            spent = points.spent - points.negative
            found[program, owner, subledger] = (points.active, points.pending, points.expired, spent)
    return found


def of_arithmetic(url, as_of):
    """The same from the loaded transactions, by the arithmetic of reconcile."""
    ledgers = {}
    for kind, owner in (("card", "card_identifier"), ("profile", "integration_id")):
        rows = query(
            url,
            f"SELECT program_id, {owner}, subledger_id, type, id, created, amount, start_at, expiry_at "
            f"FROM talon_one.loyalty_{kind}_transactions WHERE created <= '{as_of}' AND _deleted_at IS NULL",
        )
        for program, name, subledger, sign, number, created, amount, *dates in rows:
            instants = (None if date is None else to_us(date) for date in dates)
            entry = Entry(to_us(created), number, amount, sign == "addition", *instants)
            ledgers.setdefault((program, name, subledger), []).append(entry)
    points = {key: balance(rows, to_us(datetime.fromisoformat(as_of))) for key, rows in ledgers.items()}
    return {key: (p.active, p.pending, p.expired, p.spent - p.negative) for key, p in points.items()}


@pytest.fixture(scope="module")
def running():
    """One emulator for all tests."""
    with Emulator(management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def emu(running):
    """Ten cards and ten profiles, whose points start and expire in any order."""
    running.reset("synthetic", cards=10, transactions=50, profile_transactions=20)
    return running


@pytest.fixture
def url(tmp_path):
    """A DuckDB file."""
    return f"duckdb:///{tmp_path}/w.duckdb"


@pytest.fixture(params=["duckdb", "postgres"])
def each_url(request, tmp_path):
    """A DuckDB file, and a database of PostgreSQL."""
    file = f"duckdb:///{tmp_path}/w.duckdb"
    return file if request.param == "duckdb" else request.getfixturevalue("postgres_url")


def build(url, folder, **variables):
    """Run ``dbt build``; return dbt and the finished command."""
    dbt = Dbt(folder, output_of(url))
    return dbt, dbt("build", **variables)


def delete_some(emu, count):
    """Delete the first and the last transactions at Talon.One; return their ids."""
    rows = [row["id"] for row in emu.state("ledger")["ledger"]]
    gone = {*rows[:count], *rows[-count:]}
    emu.delete_transactions(gone)
    return gone


def agrees(emu, url, tmp_path):
    """Load, also after some transactions were deleted, and build, and compare the points in every way."""
    load(emu, url, tmp_path)
    delete_some(emu, 3)
    load(emu, url, tmp_path, transactions_strategy="program_feed", recheck_days=0)
    dbt, done = build(url, tmp_path / "dbt", talon_one_as_of=AS_OF)
    assert 0 == done.returncode, done.stdout[-3000:]
    assert {"success", "pass", "no-op"} == set(dbt.results().values())
    reconciled = talon_one("reconcile", "--in", url, "--at", AS_OF)
    assert 0 == reconciled.returncode, reconciled.stdout
    assert of_truth(emu, (1, 2), AS_OF) == of_lots(url)
    assert of_arithmetic(url, AS_OF) == of_lots(url)


@pytest.mark.slow
def test_a_build_equals_reconcile_and_the_emulator(emu, url, tmp_path):
    """All models and tests succeed in DuckDB, and the lots add up to every balance, to the last digit."""
    agrees(emu, url, tmp_path)


@pytest.mark.slow
def test_a_build_in_postgresql_equals_reconcile_and_the_emulator(emu, postgres_url, tmp_path):
    """All models and tests of the package succeed in PostgreSQL, with the same points."""
    agrees(emu, postgres_url, tmp_path)


@pytest.mark.slow
def test_the_demos_data_adds_up_to_the_cent(each_url, tmp_path):
    """The retail data of the demo gives the same points in both engines as the emulator and reconcile have."""
    streams = ("loyalty_card_transactions", "loyalty_card_balances")
    with Emulator(seed="journey", management_rate=0) as emulator:
        load(emulator, each_url, tmp_path, streams, JOURNEY_AS_OF)
        expected = of_truth(emulator, (1,), JOURNEY_AS_OF)
    dbt = Dbt(tmp_path / "dbt", output_of(each_url), streams=streams)
    done = dbt("build", talon_one_as_of=JOURNEY_AS_OF)
    assert 0 == done.returncode, done.stdout[-3000:]
    assert expected == of_lots(each_url)
    assert 0 == talon_one("reconcile", "--in", each_url, "--at", JOURNEY_AS_OF).returncode
    issued = "SELECT SUM(issued_points) FROM analytics.breakage"
    assert [(Decimal("4596039.58"),)] == query(each_url, issued)


@pytest.mark.slow
def test_a_replay_in_steps_equals_the_recursive_query(emu, each_url, tmp_path):
    """Statements for engines without recursion over windows leave the same of each lot as the recursive query."""
    load(emu, each_url, tmp_path)
    found = []
    for in_steps in (False, True):
        _, done = build(each_url, tmp_path / "dbt", talon_one_as_of=AS_OF, talon_one_walk_in_steps=in_steps)
        assert 0 == done.returncode, done.stdout[-3000:]
        found.append(query(each_url, "SELECT * FROM analytics.points_lots ORDER BY program_id, id"))
        assert query(each_url, "SELECT COUNT(*) FROM analytics.points_walk")[0][0] > 0
    assert found[0] == found[1]


@pytest.mark.slow
def test_a_later_build_reads_only_what_was_loaded_since(emu, each_url, tmp_path):
    """After more loads, an incremental build has the rows that a build from the beginning has: none that are gone."""
    ledger = "SELECT * FROM analytics.points_ledger ORDER BY program_id, id"
    load(emu, each_url, tmp_path)
    dbt, first = build(each_url, tmp_path / "dbt")
    assert 0 == first.returncode, first.stdout[-3000:]
    emu.add_transactions([{"program": 1, "card": "card-000003", "amount": "1.5"}])
    gone, check = set(), {"transactions_strategy": "program_feed", "recheck_days": 0}
    for deleted_rows in ("mark", "delete"):
        gone |= delete_some(emu, 2)
        load(emu, each_url, tmp_path, deleted_rows=deleted_rows, **check)
        later = dbt("build")
        assert 0 == later.returncode, later.stdout[-3000:]
        assert gone.isdisjoint({number for (number,) in query(each_url, "SELECT id FROM analytics.points_ledger")})
    incremental = query(each_url, ledger)
    assert 0 == dbt("build", "--full-refresh").returncode
    assert query(each_url, ledger) == incremental


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "test"),
    [
        ("DELETE FROM {} WHERE id = (SELECT MIN(id) FROM {})", "assert_transactions_equal_balances"),
        ("UPDATE {} SET amount = amount + 0.01 WHERE id = (SELECT MIN(id) FROM {})", "assert_lots_equal_balances"),
        ("UPDATE {} SET type = 'gift' WHERE id = (SELECT MIN(id) FROM {})", "accepted_values_stg_"),
    ],
)
def test_a_damaged_ledger_fails_a_test(emu, url, tmp_path, damage, test):
    """A ledger without a row, with another amount or with an unknown type fails a test of the package."""
    streams = [name for name in STREAMS if name != "loyalty_program_transactions"]  # the feed would have the row too
    load(emu, url, tmp_path, streams)
    query(url, damage.replace("{}", "talon_one.loyalty_card_transactions"))
    dbt = Dbt(tmp_path / "dbt", output_of(url), streams=streams)
    done = dbt("build", talon_one_as_of=AS_OF)
    assert 1 == done.returncode
    failed = [name for name, status in dbt.results().items() if status == "fail"]
    assert any(name.startswith(test) for name in failed), failed


@pytest.mark.slow
def test_memberships_have_a_history(tmp_path, url):
    """A profile that leaves an audience has an end of its membership, and one that comes back has a second one."""
    rows = "(1, 'ann'), (1, 'bob')"
    table = "talon_one.audience_memberships"
    dbt = Dbt(tmp_path / "dbt", output_of(url), streams=["audience_memberships"])
    columns = "audience_id BIGINT, integration_id VARCHAR, _loaded_at TIMESTAMPTZ, _deleted_at TIMESTAMPTZ"
    query(url, f"CREATE TABLE {table} ({columns})")
    query(url, f"INSERT INTO {table} SELECT *, now(), NULL FROM (VALUES {rows})")
    for change in ("_deleted_at = NULL", "_deleted_at = now()", "_deleted_at = NULL"):
        query(url, f"UPDATE {table} SET {change} WHERE integration_id = 'ann'")
        done = dbt("build")
        assert 0 == done.returncode, done.stdout[-3000:]
    found = query(
        url,
        "SELECT integration_id, left_at IS NULL, is_member FROM analytics.audience_membership_history "
        "ORDER BY integration_id, joined_at",
    )
    assert [("ann", False, 0), ("ann", True, 1), ("bob", True, 1)] == found


@pytest.mark.slow
def test_freshness_follows_the_loads(emu, url, tmp_path):
    """Sources are fresh after a load, and stale after two days without one."""
    load(emu, url, tmp_path)
    dbt = Dbt(tmp_path / "dbt", output_of(url))
    fresh = dbt("source", "freshness")
    assert 0 == fresh.returncode, fresh.stdout[-3000:]
    query(url, "UPDATE talon_one._talon_one_state SET updated_at = updated_at - INTERVAL 3 DAY")
    stale = dbt("source", "freshness")
    assert 1 == stale.returncode
    assert "ERROR STALE freshness of talon_one._talon_one_state" in stale.stdout
