"""Profiles, sessions, coupons and referrals in bulk: the calls are those of the estimate, and the rows the same."""

import pytest

WAYS = {
    "customer_profiles": ("profiles_strategy", "profile_list"),
    "customer_sessions": ("exports_strategy", "csv_export"),
    "coupons": ("exports_strategy", "csv_export"),
}
KEYS = {"customer_profiles": "integrationId", "customer_sessions": "integrationId", "coupons": "id"}
NEVER_EXPORTED = {"source", "cartItemTotal", "additionalCostTotal", "cartItemAdditionalCostTotal", "updateCount"}
SIZES = [300, pytest.param(100_000, marks=pytest.mark.slow)]


@pytest.fixture(params=SIZES)
def filled(request, running):
    """An account with so many profiles, sessions with a cart, and coupons in five campaigns."""
    size = request.param
    running.reset("synthetic", era="current", cards=size, transactions=0, profile_transactions=0)
    running.add("campaigns", *({"name": f"Campaign {n}"} for n in range(2, 6)))
    running.add("coupons", *({"value": f"CODE-{n:06}", "campaignId": n % 5 + 1} for n in range(size)))
    running.add("sessions", *(session(n) for n in range(size)))
    return running


def session(number):
    """A session with an item."""
    items = [{"name": "Mug", "sku": f"mug-{number % 7}", "quantity": 1 + number % 3, "price": 1.25}]
    return {
        "integrationId": f"order-{number:06}",
        "profileId": f"profile-{number + 1:06}",
        "created": "2026-01-01T00:00:00Z",
        "updated": f"2026-02-{number % 28 + 1:02}T00:00:00.000001Z",
        "cartItems": items,
        "couponCodes": [f"CODE-{number:06}"],
    }


def calls(emu):
    """The requests since they were last cleared."""
    return sum(count["requests"] for count in emu.counters().values())


def test_calls_are_as_estimated_and_rows_are_the_same(filled, read, estimated):
    """Each strategy takes exactly the estimated calls; auto takes the bulk strategy, whose rows are the others'."""
    for stream, (setting, bulk) in WAYS.items():
        given = {"application_id": 1, "settle_seconds": 0}
        costs, more, chosen = estimated(stream, **given)
        assert [bulk] == chosen
        tables = {}
        for strategy in (bulk, "auto", "per_entity"):
            filled.clear_requests()
            result = read(stream, **given, **{setting: strategy})
            assert None is result.error
            cost = costs[bulk if strategy == "auto" else strategy]
            assert cost.calls + more == calls(filled), (stream, strategy, filled.counters())
            tables[strategy] = {row[KEYS[stream]]: row for row in result.rows(stream)}
        assert tables["auto"] == tables[bulk]
        assert tables["per_entity"].keys() == tables[bulk].keys()
        assert [] == [row for key, row in tables[bulk].items() if not same(row, tables["per_entity"][key])]


def same(row, other):
    """Whether the fields that an export has are those of the other row."""
    known = {name: value for name, value in row.items() if name not in NEVER_EXPORTED and value is not None}
    return {name: spelled(value) for name, value in known.items() if value not in ([], {})} == {
        name: spelled(other[name]) for name, value in known.items() if value not in ([], {})
    }


def spelled(value):
    """A value in which instants are spelled one way."""
    return value.replace(".000000Z", "Z") if isinstance(value, str) else value
