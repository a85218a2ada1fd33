"""Catalogs that mirror a table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.examples import examples, slow

PRODUCTS = {"sink": "catalog_items", "catalog_id": 1, "mode": "mirror", "key": "sku"}


def products(count: int, *, dearer: int = 0, first: int = 0) -> list[dict]:
    return [
        {"sku": f"P{n:06}", "price": Decimal(n % 997 + (n < first + dearer)) / 100, "brand": f"b{n % 50}"}
        for n in range(first, count)
    ]


def attributes(engine) -> None:
    for name, kind in (("brand", "string"), ("size", "number")):
        engine.emu.add("attributes", {"entity": "CartItem", "name": name, "type": kind})


@pytest.mark.parametrize(("size", "requests"), [(9_331, 10), slow(92_331, 93)])
def test_a_catalog_takes_a_request_for_1000_products_and_a_difference_two(engine, size, requests):
    """500 changed prices and 200 removed products take exactly 2 requests, one at a time and without a 400."""
    attributes(engine)
    engine.push(PRODUCTS, products(size))
    assert requests == engine.requests()["sync_catalog"]
    assert size == len(engine.items())
    changed = products(size, dearer=500, first=200)
    figures = engine.push(PRODUCTS, changed)
    counters = engine.emu.counters()["sync_catalog"]
    assert {"requests": 2, "statuses": {"200": 2}, "max_in_flight": 1} == counters
    assert 500 == figures.updates
    assert 200 == figures.removes
    assert size - 700 == figures.same
    expected = {row["sku"]: (str(row["price"]), row["brand"]) for row in changed}
    found = {sku: (Decimal(item["price"]), item["attributes"]) for sku, item in engine.items().items()}
    assert set(expected) == set(found)
    assert {Decimal(price) for price, _ in expected.values()} == {price for price, _ in found.values()}


rows = st.dictionaries(
    st.sampled_from([f"sku {n}/ü" for n in range(8)]),
    st.fixed_dictionaries(
        {},
        optional={
            "price": st.decimals(0, 1000, places=2),
            "brand": st.sampled_from(["a", "B'\"", "ü"]),
            "size": st.integers(-5, 5),
        },
    ),
)


@given(tables=st.lists(rows, min_size=1, max_size=5), mode=st.sampled_from(["mirror", "upsert"]))
@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_changes_the_catalog_is_what_the_model_says(engine, tables, mode):
    """After random changes the catalog equals the model, and Talon.One has never answered 400."""
    engine.emu.reset()
    engine.emu.clear_requests()
    attributes(engine)
    engine.folder = engine.folder / "x"
    model: dict[str, dict] = {}
    for table in tables:
        source = [{"sku": sku, "price": None, "brand": None, "size": None} | row for sku, row in table.items()]
        engine.push(PRODUCTS | {"mode": mode, "max_delete_share": 1, "allow_empty": True}, source)
        model = (
            dict(table) if mode == "mirror" else model | {sku: model.get(sku, {}) | row for sku, row in table.items()}
        )
    statuses = engine.emu.counters().get("sync_catalog", {"statuses": {}})["statuses"]
    assert set(statuses) <= {"200"}
    found = {}
    for sku, item in engine.items().items():
        price = {} if item["price"] is None else {"price": Decimal(str(item["price"]))}
        found[sku] = price | item["attributes"]
    assert model == found


@pytest.mark.parametrize("mode", ["insert_only", "update_only", "remove"])
def test_the_other_modes_do_what_they_say(engine, mode):
    """insert_only keeps existing items, update_only creates none, and remove removes those in the source."""
    attributes(engine)
    engine.push(PRODUCTS, products(3))
    engine.folder = engine.folder / "other"
    named = [{"sku": "P000002", "price": 99}, {"sku": "P000009", "price": 99}]
    engine.push(PRODUCTS | {"mode": mode, "max_reject_share": 1}, named)
    found = {sku: Decimal(str(item["price"])) for sku, item in engine.items().items()}
    before = {f"P{n:06}": Decimal(n) / 100 for n in range(3)}
    expected = {
        "insert_only": before | {"P000009": 99},
        "update_only": before | {"P000002": 99},
        "remove": {sku: price for sku, price in before.items() if sku != "P000002"},
    }
    assert expected[mode] == found


def test_a_pinned_version_goes_on_counting_and_another_one_stops(engine):
    """A pinned version increases with each request; another version is a clear error instead of halving."""
    from target_talon_one.errors import IncompleteError

    attributes(engine)
    version = engine.emu.state("catalogs")["catalogs"][0]["version"]
    engine.push(PRODUCTS | {"version": version}, products(2500))
    assert 2500 == len(engine.items())
    engine.requests()
    with pytest.raises(IncompleteError, match=r"refuses the complete request.*version"):
        engine.push(PRODUCTS | {"version": version}, products(2600))
    assert 1 == engine.requests()["sync_catalog"]


@pytest.mark.parametrize(("missing_price", "left"), [(None, None), ("remove", None), ("keep", "1")])
def test_a_price_left_out_goes_or_stays_as_set(engine, missing_price, left):
    """A mirrored item whose row no longer has a price loses it, or keeps it with missing_price: keep."""
    given = PRODUCTS | ({} if missing_price is None else {"missing_price": missing_price})
    engine.push(given, [{"sku": "A", "price": 1}, {"sku": "B", "price": 2}])
    engine.requests()
    figures = engine.push(given, [{"sku": "A", "price": None}, {"sku": "B", "price": 3}])
    assert {"A": left, "B": "3"} == {sku: item["price"] for sku, item in engine.items().items()}
    assert 2 == figures.sent
    assert 0 == figures.rejected
    assert (1 if left else 3) == engine.requests()["sync_catalog"]
    assert 2 == engine.push(given, [{"sku": "A", "price": None}, {"sku": "B", "price": 3}]).same


@pytest.mark.parametrize("options", [{}, {"map": {"attributes": ["brand"]}}, {"map": {"attributes": "*"}}])
def test_a_mirror_that_maps_no_price_takes_one_request_a_batch(engine, options):
    """Prices that others have set are kept, and a changed row is sent once."""
    attributes(engine)
    engine.push(PRODUCTS, [{"sku": "A", "price": 1, "brand": "a"}])
    engine.requests()
    engine.push(PRODUCTS | options, [{"sku": "A", "brand": "b"}])
    assert 1 == engine.requests()["sync_catalog"]
    assert {"A": "1"} == {sku: item["price"] for sku, item in engine.items().items()}
    assert "b" in str(engine.items()["A"]["attributes"])


def test_a_row_that_is_refused_removes_nothing(engine):
    """If Talon.One refuses a changed row without a price, the item and its price stay unchanged."""
    attributes(engine)
    engine.push(PRODUCTS, [{"sku": "A", "price": 1}])
    engine.push(PRODUCTS | {"max_reject_share": 1}, [{"sku": "A", "price": None, "unknown": "x"}])
    assert {"A": "1"} == {sku: item["price"] for sku, item in engine.items().items()}
    assert ["A"] == [reject["key"] for reject in engine.rejects()]


def test_a_version_is_counted_through_every_request(engine):
    """A pinned version increases also when the removal of a price takes three requests."""
    version = engine.emu.state("catalogs")["catalogs"][0]["version"]
    engine.push(PRODUCTS | {"version": version}, [{"sku": "A", "price": 1}])
    engine.push(PRODUCTS | {"version": version + 1}, [{"sku": "A", "price": None}])
    assert {"A": None} == {sku: item["price"] for sku, item in engine.items().items()}


def test_a_run_that_ends_before_the_item_is_back_sends_it_again(engine):
    """If the second ADD fails, the row does not count as sent, and the next run restores the item."""
    from target_talon_one.errors import IncompleteError

    engine.push(PRODUCTS, [{"sku": "A", "price": 1}])
    engine.emu.fault("sync_catalog", 403, after=2, count=0)
    with pytest.raises(IncompleteError):
        engine.push(PRODUCTS, [{"sku": "A", "price": None}])
    engine.emu.clear_faults()
    engine.push(PRODUCTS, [{"sku": "A", "price": None}])
    assert {"A": None} == {sku: item["price"] for sku, item in engine.items().items()}


def test_missing_price_is_a_setting_of_mirrors():
    """missing_price in another mode, or with another value, is refused with the name of the setting."""
    from target_talon_one.config.destination_reader import destination_from
    from target_talon_one.errors import SyncConfigError

    with pytest.raises(SyncConfigError, match="'missing_price' needs mode mirror"):
        destination_from("rows", PRODUCTS | {"mode": "upsert", "missing_price": "keep"})
    with pytest.raises(SyncConfigError, match=r"'missing_price'.*remove"):
        destination_from("rows", PRODUCTS | {"missing_price": "clear"})
