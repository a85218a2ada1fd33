"""What the views of the models say, on DuckDB and on PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from talon_one_warehouse import WarehouseConfigError, table_spec, to_arrow
from talon_one_warehouse.models.views import check_models_url, create_models
from tap_talon_one.streams import customers, loyalty, programs

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = ["points_ledger", "points_lots", "points_balance_over_time"]
NAMES += ["liability_by_expiry_month", "active_members", "breakage", "points_expiring", "points_by_month"]
OTHERS = ["current_balances", "tier_movements", "coupon_wallet", "card_profiles"]


def day(number):
    """The instant ``number`` days after the begin."""
    return BEGIN + timedelta(days=number)


@pytest.fixture
def card(database, load, card_row):
    """A card with 100 points that expired, 50 that will, 20 pending, 30 without expiry, of which 40 were spent."""
    rows = [
        card_row(1, day(0), 100, expiryDate=day(31)),
        card_row(2, day(1), 50, expiryDate=day(90)),
        card_row(3, day(40), 30),
        card_row(4, day(41), 20, startDate=day(100), expiryDate=day(200)),
        card_row(5, day(20), 30, "subtraction"),
        card_row(6, day(45), 10, "subtraction"),
    ]
    load(loyalty.CARD_TRANSACTIONS, rows)
    create_models(database, as_of=day(50))
    return database


def test_points_that_expire_first_are_spent_first(card):
    """The view of lots shows that points which expire first are spent first."""
    found = card.query(
        "SELECT id, spent_points, expired_points, active_points, pending_points FROM talon_one.points_lots ORDER BY id"
    )
    assert [(1, 30, 70, 0, 0), (2, 10, 0, 40, 0), (3, 0, 0, 30, 0), (4, 0, 0, 0, 20)] == found


def test_liability_is_by_the_month_of_expiry(card):
    """Liability is grouped by the month of expiry, and points without an end come last."""
    found = card.query(
        "SELECT expiry_month, active_points, pending_points, points, owners "
        "FROM talon_one.liability_by_expiry_month ORDER BY expiry_month NULLS LAST"
    )
    assert [(date(2024, 3, 1), 40, 0, 40, 1), (date(2024, 7, 1), 0, 20, 20, 1), (None, 30, 0, 30, 1)] == found


def test_breakage_is_by_the_month_of_issue(card):
    """Breakage is grouped by the month of issue: 70 of the 150 points of January expired."""
    found = card.query(
        "SELECT issue_month, issued_points, spent_points, expired_points, active_points, pending_points, "
        "ROUND(CAST(breakage AS NUMERIC(10, 4)), 4) FROM talon_one.breakage ORDER BY issue_month"
    )
    expected = [
        (date(2024, 1, 1), 150, 40, 70, 40, 0, Decimal("0.4667")),
        (date(2024, 2, 1), 50, 0, 0, 30, 20, Decimal("0.0000")),
    ]
    assert expected == found


def test_points_expiring_add_up(card):
    """The view of expiring points has the running total of points that expire unless they are spent."""
    found = card.query(
        "SELECT owner, expiry_at, active_points, pending_points, points_expired_by_then "
        "FROM talon_one.points_expiring ORDER BY expiry_at"
    )
    assert [("card-1", day(90), 40, 0, 40), ("card-1", day(200), 0, 20, 60)] == found


def test_the_balance_over_time_is_the_sum_of_all_rows_so_far(card):
    """The balance over time has a row for each day with a transaction, with the sum so far."""
    found = card.query(
        "SELECT day, points_added, points_subtracted, net_points, is_last_of_month "
        "FROM talon_one.points_balance_over_time ORDER BY day"
    )
    expected = [
        (date(2024, 1, 1), 100, 0, 100, False),
        (date(2024, 1, 2), 50, 0, 150, False),
        (date(2024, 1, 21), 0, 30, 120, True),
        (date(2024, 2, 10), 30, 0, 150, False),
        (date(2024, 2, 11), 20, 0, 170, False),
        (date(2024, 2, 15), 0, 10, 160, True),
    ]
    assert expected == found


def test_active_members_are_counted_once_a_month(card):
    """A member who did several things in a month is counted once, by what the member did."""
    found = card.query(
        "SELECT month, active_members, members_with_additions, members_with_subtractions, transactions "
        "FROM talon_one.active_members ORDER BY month"
    )
    assert [(date(2024, 1, 1), 1, 1, 1, 3), (date(2024, 2, 1), 1, 1, 1, 3)] == found


def test_points_by_month_are_issued_spent_and_expired(card):
    """Each month has what was issued and spent in it, and what expired in it without having been spent."""
    found = card.query(
        "SELECT month, issued_points, spent_points, expired_points FROM talon_one.points_by_month ORDER BY month"
    )
    assert [(date(2024, 1, 1), 150, 30, 0), (date(2024, 2, 1), 50, 10, 70)] == found


def test_points_that_wait_for_an_action_are_pending_until_they_expire(database, load, card_row):
    """Points that start with an action have no start, and are pending until they expire."""
    rows = [card_row(n, day(n), 5, startDate="on_action", expiryDate=day(10 * n)) for n in (1, 9)]
    load(loyalty.CARD_TRANSACTIONS, rows)
    create_models(database, as_of=day(20))
    found = database.query("SELECT id, pending_points, expired_points FROM talon_one.points_lots ORDER BY id")
    assert [(1, 0, 5), (9, 5, 0)] == found


def test_at_one_instant_points_are_added_before_they_are_spent(database, load, card_row):
    """At one instant, additions come before subtractions whatever their ids are."""
    load(loyalty.CARD_TRANSACTIONS, [card_row(1, day(1), 5, "subtraction"), card_row(2, day(1), 5)])
    create_models(database, as_of=day(2))
    found = database.query("SELECT spent_points, active_points FROM talon_one.points_lots")
    assert [(5, 0)] == found


def test_ledgers_of_all_streams_count_once(database, load, card_row):
    """A row in several ledgers counts once: the program's feed adds only rows that cards and profiles lack."""
    profile = {"integrationId": "ann", "programId": 2}
    load(loyalty.CARD_TRANSACTIONS, [card_row(1, day(1), 5)])
    load(loyalty.PROFILE_TRANSACTIONS, [card_row(2, day(1), 7) | profile])
    feed = [card_row(1, day(1), 5), card_row(3, day(1), 1, cardIdentifier="card-9")]
    feed += [card_row(n, day(1), 7, programId=2, cardIdentifier="", customerProfileId="ann") for n in (2, 4)]
    load(programs.PROGRAM_TRANSACTIONS, feed)
    create_models(database, as_of=day(2))
    found = database.query("SELECT id, program_id, owner_kind, owner FROM talon_one.points_ledger ORDER BY id")
    expected = [(1, 1, "card", "card-1"), (2, 2, "profile", "ann"), (3, 1, "card", "card-9"), (4, 2, "profile", "ann")]
    assert expected == found


def test_rows_that_are_gone_count_nowhere(database, load, card_row):
    """A row that a load has marked as deleted does not count, not even where the feed of its program still has it."""
    load(loyalty.CARD_TRANSACTIONS, [card_row(1, day(1), 5), card_row(2, day(1), 7)])
    load(programs.PROGRAM_TRANSACTIONS, [card_row(n, day(1), 7) | {"customerProfileId": ""} for n in (2, 3, 4)])
    for table, number in (("loyalty_card_transactions", 2), ("loyalty_program_transactions", 3)):
        database.query(f"ALTER TABLE talon_one.{table} ADD COLUMN _deleted_at TIMESTAMP WITH TIME ZONE")
        database.query(f"UPDATE talon_one.{table} SET _deleted_at = now() WHERE id = {number}")
    create_models(database, as_of=day(2))
    found = database.query("SELECT id, active_points FROM talon_one.points_lots ORDER BY id")
    assert [(1, 5), (4, 7)] == found


def test_a_coupon_that_is_gone_is_in_no_wallet(database, load_stream):
    """A coupon that a load has marked as deleted is left out."""
    load_stream(customers.CUSTOMER_COUPONS, [{"integrationId": "ann", "id": number} for number in (1, 2)])
    database.query("ALTER TABLE talon_one.customer_coupons ADD COLUMN _deleted_at TIMESTAMP WITH TIME ZONE")
    database.query("UPDATE talon_one.customer_coupons SET _deleted_at = now() WHERE id = 1")
    create_models(database, as_of=day(2))
    assert [(2,)] == database.query("SELECT coupon_id FROM talon_one.coupon_wallet")


def test_without_an_instant_the_views_follow_the_clock(database, load, card_row):
    """Views without an instant follow the clock, and can be replaced by views with one."""
    ahead = datetime.now(UTC) + timedelta(days=1)
    load(loyalty.CARD_TRANSACTIONS, [card_row(1, day(1), 5, expiryDate=ahead)])
    select = "SELECT active_points, expired_points FROM talon_one.points_lots"
    found = []
    for as_of in (None, ahead + timedelta(days=1), None):
        create_models(database, as_of=as_of)
        found += database.query(select)
    assert [(5, 0), (0, 5), (5, 0)] == found


def test_models_without_their_tables_are_skipped_with_a_reason(database):
    """A model is skipped with a reason when a table, or a column of it, is missing."""
    none = create_models(database)
    table = table_spec("loyalty_card_transactions", {"properties": {"id": {"type": "integer"}}}, ["id"])
    database.prepare(table)
    database.merge({table.name: [to_arrow(table, [b'{"id":1}'])]})
    lacking = create_models(database)
    every = [*NAMES, *OTHERS]
    assert (every, every) == ([model.name for model in none], [model.name for model in lacking])
    assert {
        "there is none of the tables loyalty_card_transactions, loyalty_profile_transactions, "
        "loyalty_program_transactions"
    } == {model.skipped for model in none[: len(NAMES)]}
    assert all("has no column amount, card_identifier, created, expiry_at" in m.skipped for m in lacking[: len(NAMES)])
    assert [
        "there is none of the tables loyalty_card_balances, loyalty_profile_balances",
        *(f"there is no table {name}" for name in ("loyalty_profile_balances", "customer_coupons", "loyalty_cards")),
    ] == [model.skipped for model in lacking[len(NAMES) :]]


@pytest.fixture
def load_stream(database):
    """Loads rows of a stream whose dates are instants: ``load_stream(stream, rows)``."""

    def run(stream, rows):
        table = table_spec(stream.name, stream.schema(), stream.key)
        database.prepare(table)
        database.merge({stream.name: [to_arrow(table, [msgspec.json.encode(row) for row in rows])]})

    return run


def test_the_current_balance_is_the_newest_of_each_ledger(database, load_stream):
    """A sum over the current balances counts each ledger once, at its newest balance until the instant of the views."""
    fixed = {"programId": 1, "subledgerId": "", "pendingPoints": 0, "spentPoints": 0, "expiredPoints": 0}
    rows = [fixed | {"cardIdentifier": "a", "as_of": day(n), "activePoints": 10 * n} for n in (1, 2, 3, 9)]
    rows += [fixed | {"cardIdentifier": "b", "as_of": day(1), "activePoints": 5}]
    load_stream(loyalty.CARD_BALANCES, rows)
    create_models(database, as_of=day(4))
    totals = "SELECT count(*), sum(active_points) FROM talon_one.current_balances"
    found = database.query(totals)
    profile = {"integrationId": "ann", "as_of": day(2), "activePoints": 7, "subledgerId": "bonus"}
    load_stream(loyalty.PROFILE_BALANCES, [fixed | profile])
    create_models(database, as_of=day(4))
    assert [(2, 35), (3, 42)] == found + database.query(totals)
    keys = "SELECT owner_kind, owner, subledger_id, as_of FROM talon_one.current_balances ORDER BY owner"
    assert [("card", "a", "", day(3)), ("profile", "ann", "bonus", day(2)), ("card", "b", "", day(1))] == (
        database.query(keys)
    )


def test_cards_are_joined_with_their_profiles(database, load_stream):
    """There is a row for each profile of a card, and none for a card without profiles or one that is gone."""
    profiles = {1: ["ann", 'b"o'], 2: [], 3: None, 4: ["cy"], 5: ["dan"]}
    rows = [
        {
            "id": number,
            "programID": 1,
            "identifier": f"card-{number}",
            "status": "active",
            "profiles": names and [{"integrationId": name, "timestamp": "2024-01-01T00:00:00Z"} for name in names],
        }
        for number, names in profiles.items()
    ]
    load_stream(programs.LOYALTY_CARDS, rows)
    database.query("ALTER TABLE talon_one.loyalty_cards ADD COLUMN _deleted_at TIMESTAMP WITH TIME ZONE")
    database.query("UPDATE talon_one.loyalty_cards SET _deleted_at = now() WHERE id = 5")
    create_models(database)
    found = database.query(
        "SELECT program_id, card_identifier, integration_id FROM talon_one.card_profiles ORDER BY 2, 3"
    )
    assert [(1, "card-1", "ann"), (1, "card-1", 'b"o'), (1, "card-4", "cy")] == found


def test_changes_of_a_tier_are_movements(database, load_stream):
    """A change of the tier between two balances is a movement; a balance with the same tier is none."""
    tiers = ["", "Silver", "Silver", "Gold", ""]
    rows = [
        {
            "programId": 1,
            "integrationId": "ann",
            "subledgerId": "",
            "as_of": day(n),
            "currentTier": name and {"name": name},
        }
        for n, name in enumerate(tiers)
    ]
    load_stream(loyalty.PROFILE_BALANCES, [row | {"currentTier": row["currentTier"] or None} for row in rows])
    assert "tier_movements" in [model.name for model in create_models(database) if not model.skipped]
    columns = "integration_id, previous_tier, tier, seen_before_at, seen_at"
    found = database.query(f"SELECT {columns} FROM talon_one.tier_movements ORDER BY seen_at")
    expected = [
        ("ann", None, "Silver", day(0), day(1)),
        ("ann", "Silver", "Gold", day(2), day(3)),
        ("ann", "Gold", None, day(3), day(4)),
    ]
    assert expected == found


def test_the_wallet_knows_which_coupons_can_be_used(database, load_stream):
    """A coupon is usable unless it has expired, is used up or has not started; the limit 0 is no limit."""
    dates = {
        1: {"usageLimit": 0, "usageCounter": 9},
        2: {"usageLimit": 1, "usageCounter": 1},
        3: {"usageLimit": 1, "usageCounter": 0, "expiryDate": day(10)},
        4: {"usageLimit": 1, "usageCounter": 0, "startDate": day(11)},
        5: {"usageLimit": 1, "usageCounter": 0, "startDate": day(1), "expiryDate": day(11)},
    }
    rows = [{"integrationId": "ann", "id": number, "value": "x"} | more for number, more in dates.items()]
    load_stream(customers.CUSTOMER_COUPONS, rows)
    create_models(database, as_of=day(10))
    found = database.query(
        "SELECT coupon_id, wallet_state, usage_limit FROM talon_one.coupon_wallet ORDER BY coupon_id"
    )
    expected = [(1, "usable", None), (2, "used", 1), (3, "expired", 1), (4, "not started", 1), (5, "usable", 1)]
    assert expected == found


@pytest.mark.parametrize("url", ["./lake", "s3://bucket/lake", "sqlite:///x.db", "duckdb"])
def test_other_warehouses_are_refused(url):
    """A warehouse that has no views is refused."""
    with pytest.raises(WarehouseConfigError, match="give a duckdb:// or postgresql:// URL"):
        check_models_url(url)
