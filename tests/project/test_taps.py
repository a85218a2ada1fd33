"""Taps of the registry piped into the target (``tap-... | target-talon-one``), and the same in Meltano."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from adbc_driver_postgresql import dbapi as postgresql

from talon_one_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
AUDIENCE = {"name": "VIP", "integration": "warehouse", "integration_id": "vip"}
VIP = {"sink": "audience_members", "audience": AUDIENCE, "mode": "mirror", "key": "customer_id"}
ALLOWED = {"create_profiles": "allow", "max_delete_share": 1}
PRODUCTS = {
    "sink": "catalog_items",
    "catalog_id": 1,
    "mode": "mirror",
    "map": {"sku": "product_id", "price": "list_price", "attributes": ["brand"]},
    "max_delete_share": 1,
}


@pytest.fixture
def account() -> Iterator[Emulator]:
    """Start an emulator with an empty account and one attribute of items."""
    with Emulator(seed="empty", management_rate=0) as emulator:
        emulator.add("attributes", {"entity": "CartItem", "name": "brand", "type": "string"})
        yield emulator


@pytest.fixture
def flow(account: Emulator, tmp_path: Path) -> Callable[..., str]:
    """Return a function that pipes a tap into the target: ``flow(tap_command, streams)`` returns the last state."""

    def run(tap: list[Any], streams: dict[str, Any]) -> str:
        config = {
            "base_url": account.url,
            "api_key": account.api_key,
            "management_key": account.management_key,
            "store": str(tmp_path / "store.duckdb"),
            "rejects_directory": str(tmp_path / "rejects"),
            "streams": streams,
        }
        (tmp_path / "target.json").write_text(json.dumps(config))
        command = [sys.executable, "-m", "target_talon_one", "--config", tmp_path / "target.json"]
        with subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            done = subprocess.run(command, stdin=process.stdout, capture_output=True, text=True)
        assert 0 == done.returncode, done.stderr[-3000:]
        assert 0 == process.returncode, done.stderr[-3000:]
        return done.stdout.splitlines()[-1]

    return run


def members(account: Emulator) -> set[str]:
    """Return the integration ids of the profiles that are in an audience."""
    state = account.state("memberships", "profiles")
    names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}


def items(account: Emulator) -> dict[str, tuple[str, dict]]:
    """Return price and attributes by SKU."""
    return {row["sku"]: (str(row["price"]), row["attributes"]) for row in account.state("items")["items"]}


def execute(url: str, *statements: str) -> None:
    """Run SQL statements in PostgreSQL."""
    with postgresql.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


FIRST = (
    "CREATE SCHEMA segments",
    "CREATE TABLE segments.vip (customer_id text PRIMARY KEY)",
    "CREATE TABLE segments.products (product_id text PRIMARY KEY, list_price numeric(12, 2), brand text)",
    "INSERT INTO segments.vip SELECT 'c-' || n FROM generate_series(1, 1500) AS n",
    "INSERT INTO segments.products VALUES ('a', 1.10, 'x'), ('b', 2.20, 'y'), ('c', 3.30, NULL)",
)
THEN = (
    "DELETE FROM segments.vip WHERE customer_id IN ('c-1', 'c-2')",
    "INSERT INTO segments.vip VALUES ('new')",
    "DELETE FROM segments.products WHERE product_id = 'a'",
    "UPDATE segments.products SET list_price = 22.00 WHERE product_id = 'b'",
)


def check_first(account: Emulator) -> None:
    """Check the audience and the catalog after the first rows."""
    assert {f"c-{n}" for n in range(1, 1501)} == members(account)
    assert {"a": ("1.1", {"brand": "x"}), "b": ("2.2", {"brand": "y"}), "c": ("3.3", {})} == items(account)


def check_then(account: Emulator) -> None:
    """Check the audience and the catalog after the changes."""
    assert {f"c-{n}" for n in range(3, 1501)} | {"new"} == members(account)
    assert {"b": ("22", {"brand": "y"}), "c": ("3.3", {})} == items(account)


@pytest.mark.slow
def test_a_postgresql_tap_feeds_audience_and_catalog(account, flow, postgres_url, peer, tmp_path):
    """The first run of a mirror sends full tables, and the second run sends only the difference."""
    execute(postgres_url, *FIRST)
    tap = peer("tap-postgres")
    url = postgres_url.replace("postgresql://", "postgresql+psycopg2://")
    (tmp_path / "tap.json").write_text(json.dumps({"sqlalchemy_url": url, "filter_schemas": ["segments"]}))
    found = subprocess.run([tap, "--config", tmp_path / "tap.json", "--discover"], capture_output=True, check=True)
    catalog = json.loads(found.stdout)
    for stream in catalog["streams"]:
        stream["replication_method"] = "FULL_TABLE"
        root = next(entry["metadata"] for entry in stream["metadata"] if not entry["breadcrumb"])
        root |= {"selected": True, "replication-method": "FULL_TABLE"}
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    command = [tap, "--config", tmp_path / "tap.json", "--catalog", tmp_path / "catalog.json"]
    streams = {"segments-vip": VIP | ALLOWED, "segments-products": PRODUCTS}
    flow(command, streams)
    check_first(account)
    execute(postgres_url, *THEN)
    account.clear_requests()
    flow(command, streams)
    check_then(account)
    counted = {name: one["requests"] for name, one in account.counters().items()}
    assert 1 == counted["update_customer_profile_audiences"]
    assert 2 == counted["sync_catalog"]


@pytest.mark.slow
def test_a_csv_tap_feeds_an_audience(account, flow, s3, s3_server, peer, tmp_path):
    """A tap with `--properties` reads a CSV file in S3, and the audience follows the file."""
    config = {
        "start_date": "2020-01-01T00:00:00Z",
        "bucket": "bucket",
        "aws_endpoint_url": s3_server,
        "tables": [{"table_name": "vip", "search_pattern": r"vip.*\.csv$", "key_properties": ["customer_id"]}],
    }
    (tmp_path / "tap.json").write_text(json.dumps(config))
    command = [peer("tap-s3-csv"), "--config", tmp_path / "tap.json"]
    for names in (["a", "b"], ["b", "c"]):
        s3.pipe("bucket/vip.csv", "\n".join(["customer_id,name", *(f"{name},Ü {name}" for name in names)]).encode())
        found = subprocess.run([*command, "--discover"], capture_output=True)
        assert 0 == found.returncode, found.stderr
        catalog = json.loads(found.stdout)
        next(one["metadata"] for one in catalog["streams"][0]["metadata"] if not one["breadcrumb"])["selected"] = True
        (tmp_path / "catalog.json").write_text(json.dumps(catalog))
        flow([*command, "--properties", tmp_path / "catalog.json"], {"vip": VIP | ALLOWED})
        assert set(names) == members(account)


@pytest.mark.slow
def test_meltano_runs_it_twice(account, postgres_url, peer, tmp_path):
    """``meltano run tap-postgres target-talon-one`` makes audience and catalog follow the tables."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    for plugin in [*project["plugins"]["extractors"], *project["plugins"]["loaders"]]:
        del plugin["pip_url"]
        name = plugin["name"]
        ours = Path(sys.executable).parent / name
        plugin["executable"] = str(ours if ours.exists() else ROOT / ".venvs" / name / "bin" / name)
    loader = next(one for one in project["plugins"]["loaders"] if one["name"] == "target-talon-one")
    for stream in loader["config"]["streams"].values():
        stream.update(ALLOWED if stream["sink"] == "audience_members" else {"max_delete_share": 1})
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump(project))
    environment = {
        "PATH": "/usr/bin:/bin",
        "NO_COLOR": "1",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "TAP_POSTGRES_SQLALCHEMY_URL": postgres_url.replace("postgresql://", "postgresql+psycopg2://"),
        "TARGET_TALON_ONE_BASE_URL": account.url,
        "TARGET_TALON_ONE_API_KEY": account.api_key,
        "TARGET_TALON_ONE_MANAGEMENT_KEY": account.management_key,
    }
    execute(postgres_url, *FIRST)
    for check, statements in ((check_first, THEN), (check_then, ())):
        command = [peer("meltano"), "run", "tap-postgres", "target-talon-one"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout[-2000:] + done.stderr[-4000:]
        check(account)
        execute(postgres_url, *statements)
