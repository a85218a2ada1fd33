"""Second part of the demo: sync segments into audiences and products into a catalog, then sync changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb

from talon_one_cli.demo.tools import control, expect
from talon_one_cli.formatting import FigureTable, open_console
from talon_one_emulator.seeds.journey_rows import data_file
from talon_one_singer.cli.output import say

if TYPE_CHECKING:
    from talon_one_cli.demo.tools import DemoData, Programs

_HERE = Path(__file__).parent
AUDIENCES = ("top_spenders", "lapsing", "expiring")


@dataclass(frozen=True, slots=True)
class Pushed:
    """One push: its report for each destination."""

    name: str
    run: str
    destinations: dict[str, dict[str, Any]]


class Syncs:
    """Syncs of segments and products from a warehouse to the emulator.

    Args:
        programs: starts the commands.
        data: the expected figures.
        url: URL of the emulator.
        out: folder of store, rejects, settings and SYNC.yml.
        warehouse: DuckDB file with the loaded data.

    Raises:
        DemoFailed: a figure differs from the expected one.
    """

    def __init__(self, programs: Programs, data: DemoData, url: str, out: Path, warehouse: Path) -> None:
        self._programs, self._data, self._url, self._out, self._warehouse = programs, data, url, out, warehouse
        self._config = out / "sync-config.json"
        self._arguments = (out / "segments.yml", "--config", self._config)

    def run(self, later: str) -> list[Pushed]:
        """Run all syncs and return their reports."""
        self._prepare(self._data.as_of)
        self._programs.talon_one("plan", *self._arguments, shown=True)
        pushes = [self._push("first")]
        self._check_first(pushes[0])
        self._programs.talon_one("verify", *self._arguments, shown=True)
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
        (self._out / "segments.yml").write_bytes((_HERE / "segments.yml").read_bytes())
        self._programs.talon_one("models", "--to", f"duckdb:///{quote(str(self._warehouse))}", "--as-of", as_of)
        maker = "manufacturer_id::VARCHAR AS manufacturer_id"
        with duckdb.connect(str(self._warehouse)) as db:
            db.execute("CREATE SCHEMA IF NOT EXISTS shop")
            db.execute(
                f"CREATE OR REPLACE TABLE shop.products AS SELECT * REPLACE ({maker}) FROM read_parquet(?) LIMIT ?",  # noqa: S608 - a constant
                [str(data_file("products")), self._data.products],
            )
        self._segments(as_of)

    def _segments(self, as_of: str) -> None:
        text = (_HERE / "segments.sql").read_text(encoding="utf-8")
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
        done, products = pushed.destinations, self._data.products
        expect("products sent", (products, -(-products // 1000)), _figures(done["products"], "sent", "requests"))
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
        say(f"{path}:")
        say(f"  {reject['place']}, key {reject['key']}: {reject['reason']}")

    def _push(self, name: str) -> Pushed:
        report = json.loads(self._programs.talon_one("push", *self._arguments, hidden=("--json",)))
        return Pushed(name, report["run"], report["destinations"])


def _figures(of: dict[str, Any], *names: str) -> tuple[int, ...]:
    return tuple(of[name] for name in names)


def show_pushes(pushes: list[Pushed]) -> None:
    """Print what each push did."""
    names = ("added", "changed", "removed", "unchanged", "refused", "calls")
    table = FigureTable(("push", "destination"), names, "Segments and products out of DuckDB, into Talon.One")
    for pushed in pushes:
        for index, (name, done) in enumerate(pushed.destinations.items()):
            counts = _figures(done, "adds", "updates", "removes", "same")
            refused = done["invalid"] + done["rejected"]
            cells = (f"{count:,}" for count in (*counts, refused, done["requests"]))
            table.add_row(pushed.name if index == 0 else "", name, *cells)
    table.print(open_console())
