"""Second part of the demo: sync segments into audiences and products into a catalog, then sync changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from demo_tools import control, expect
from talon_one_emulator.seeds.journey_rows import data_file

EXAMPLES = Path(__file__).parent.parent / "examples"
SYNC = EXAMPLES / "segments.yml"
AUDIENCES = ("top_spenders", "lapsing", "expiring")
PRODUCTS = 92_331
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Pushed:
    """One push: its report for each destination."""

    name: str
    run: str
    destinations: dict[str, dict[str, Any]]


class Syncs:
    """Syncs of segments and products from a warehouse to the emulator.

    Args:
        url: URL of the emulator.
        out: directory for store, rejects and settings.
        warehouse: DuckDB file with the loaded data.

    Raises:
        DemoFailed: a figure differs from the expected one.
    """

    def __init__(self, url: str, out: Path, warehouse: Path) -> None:
        self._url, self._out, self._warehouse = url, out, warehouse
        self._config = out / "sync-config.json"

    def run(self, as_of: str, later: str) -> list[Pushed]:
        """Run all syncs and return their reports."""
        self._prepare(as_of)
        self._talon_one("plan", self._arguments(), show=True)
        pushes = [self._push("first")]
        self._check_first(pushes[0])
        self._talon_one("verify", self._arguments(), show=True)
        joined, left = self._change(later)
        pushes.append(self._push("segment and products changed"))
        self._check_difference(pushes[1], joined, left)
        self._break_a_product()
        pushes.append(self._push("one bad attribute"))
        self._show_rejects(pushes[2])
        return pushes

    def _prepare(self, as_of: str) -> None:
        """Create a second catalog, the settings, and the tables of segments and products."""
        for old in self._out.glob("sync-store.duckdb*"):
            old.unlink()
        if not any(one["id"] == 2 for one in control(self._url, "state?table=catalogs")["catalogs"]):
            control(self._url, "catalogs", [{"id": 2, "name": "Products from the warehouse"}])
        settings = {
            "base_url": self._url,
            "api_key": "demo-integration-key",
            "management_key": "demo-management-key",
            "store": str(self._out / "sync-store.duckdb"),
            "rejects_directory": str(self._out / "rejects"),
            "results_directory": str(self._out / "results"),
            "management_requests_per_second": 1000,  # the emulator of the demo has no limit
        }
        self._config.write_text(json.dumps(settings, indent=2), encoding="utf-8")
        self._talon_one("models", ["--to", f"duckdb:///{self._warehouse}", "--as-of", as_of])
        given, maker = f"read_parquet('{data_file('products')}')", "manufacturer_id::VARCHAR AS manufacturer_id"
        with duckdb.connect(str(self._warehouse)) as db:
            db.execute("CREATE SCHEMA IF NOT EXISTS shop")
            db.execute(f"CREATE OR REPLACE TABLE shop.products AS SELECT * REPLACE ({maker}) FROM {given}")  # noqa: S608
        self._segments(as_of)

    def _segments(self, as_of: str) -> None:
        text = (EXAMPLES / "segments.sql").read_text(encoding="utf-8")
        with duckdb.connect(str(self._warehouse)) as db:
            db.execute(Template(text).substitute(as_of=as_of))

    def _change(self, later: str) -> tuple[int, int]:
        """Update the segments, change 300 products and delete 200. Return how many top spenders joined and left."""
        before = self._names("top_spenders")
        self._segments(later)
        after = self._names("top_spenders")
        with duckdb.connect(str(self._warehouse)) as db:
            ids = "SELECT product_id FROM shop.products ORDER BY product_id"
            db.execute(f"DELETE FROM shop.products WHERE product_id IN ({ids} LIMIT 200)")  # noqa: S608 - constants
            db.execute(
                f"UPDATE shop.products SET brand = 'Own' WHERE product_id IN ({ids} DESC LIMIT 300)"  # noqa: S608
            )
        return len(after - before), len(before - after)

    def _break_a_product(self) -> None:
        with duckdb.connect(str(self._warehouse)) as db:
            db.execute(
                "UPDATE shop.products SET manufacturer_id = 'unknown' "
                "WHERE product_id = (SELECT max(product_id) FROM shop.products)"
            )

    def _names(self, segment: str) -> set[str]:
        with duckdb.connect(str(self._warehouse), read_only=True) as db:
            return {name for (name,) in db.execute(f"SELECT customer FROM segments.{segment}").fetchall()}  # noqa: S608

    def _check_first(self, pushed: Pushed) -> None:
        done = pushed.destinations
        expect("products sent", (PRODUCTS, -(-PRODUCTS // 1000)), _figures(done["products"], "sent", "requests"))
        self._check_audiences()

    def _check_audiences(self) -> None:
        state = control(self._url, "state?table=audiences&table=memberships&table=profiles")
        names = {row["id"]: row["integration_id"] for row in state["profiles"]}
        ids = {row["integration_id"]: row["id"] for row in state["audiences"] if row["integration"] == "warehouse"}
        for segment in AUDIENCES:
            number = ids[segment.replace("_", "-")]
            members = {names[row["profile"]] for row in state["memberships"] if row["audience"] == number}
            expect(f"members of {segment}", self._names(segment), members)

    def _check_difference(self, pushed: Pushed, joined: int, left: int) -> None:
        done = pushed.destinations
        expect("the difference in top_spenders", (joined, left), _figures(done["top_spenders"], "adds", "removes"))
        expect(
            "the difference in products", (300, 200, 2), _figures(done["products"], "updates", "removes", "requests")
        )
        self._check_audiences()

    def _show_rejects(self, pushed: Pushed) -> None:
        expect("refused", (1, 0), _figures(pushed.destinations["products"], "invalid", "rejected"))
        path = self._out / "rejects" / pushed.run / "products.jsonl"
        (line,) = path.read_text(encoding="utf-8").splitlines()
        reject = json.loads(line)
        print(f"{path}:\n  {reject['place']}, key {reject['key']}: {reject['reason']}")

    def _push(self, name: str) -> Pushed:
        report = json.loads(self._talon_one("push", [*self._arguments(), "--json"]))
        return Pushed(name, report["run"], report["destinations"])

    def _arguments(self) -> list[str]:
        return [
            str(SYNC.relative_to(Path.cwd())) if SYNC.is_relative_to(Path.cwd()) else str(SYNC),
            "--config",
            str(self._config),
        ]

    def _talon_one(self, command: str, arguments: list[str], *, show: bool = False) -> str:
        """Run a command of ``talon-one`` and return its output."""
        print(f"$ talon-one {command} {' '.join(arguments)}", flush=True)
        environment = {**os.environ, "WAREHOUSE": str(self._warehouse)}
        out = None if show else subprocess.PIPE
        done = subprocess.run(
            [BIN / "talon-one", command, *arguments], stdout=out, text=True, env=environment, check=False
        )
        expect(f"exit code of talon-one {command}", 0, done.returncode)
        return done.stdout or ""


def _figures(of: dict[str, Any], *names: str) -> tuple[int, ...]:
    return tuple(of[name] for name in names)


def table(pushes: list[Pushed]) -> None:
    """Print what each push did."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="Segments and products out of DuckDB, into Talon.One")
    for title in ("push", "destination", "added", "changed", "removed", "unchanged", "refused", "calls"):
        shown.add_column(title, justify="left" if title in ("push", "destination") else "right")
    for pushed in pushes:
        for index, (name, done) in enumerate(pushed.destinations.items()):
            counts = _figures(done, "adds", "updates", "removes", "same")
            refused = done["invalid"] + done["rejected"]
            cells = (f"{count:,}" for count in (*counts, refused, done["requests"]))
            shown.add_row(pushed.name if index == 0 else "", name, *cells)
    Console(width=110).print(shown)
