"""``talon-one load``: the tap's streams straight into a warehouse."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.connection import connection_options, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_cli.sink import LoadCounts
    from talon_one_singer import RunContext


@click.command()
@click.option(
    "--to",
    "url",
    required=True,
    envvar="TALON_ONE_TO",
    metavar="URL",
    help="Warehouse, like duckdb:///talon_one.duckdb.",
)
@connection_options
@click.option("--streams", metavar="A,B", help="Streams to load; without it all that have ids to read.")
@click.option("--catalog", "catalog_file", metavar="FILE", help="Which streams and fields to load.")
@click.option("--schema", default="talon_one", show_default=True, help="Schema of the tables in the warehouse.")
@click.option("--full-refresh", is_flag=True, help="Forget where the last load ended and read everything again.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def load(**options: Any) -> None:
    """Load loyalty ledgers, balances and the rest into a warehouse.

    Rows are merged by key, and where the load stands is kept in the warehouse in the same transaction: run it
    again at any time, after a crash too, and only what is missing is read.
    """
    from talon_one_cli.running import guarded_run

    click.get_current_context().exit(guarded_run("talon-one load", lambda stop, redact: _load(options, stop, redact)))


def _load(options: Mapping[str, Any], stop: Any, redact: Any) -> None:
    from talon_one_cli.entries import chosen_entries
    from talon_one_cli.reading import Reading
    from talon_one_cli.running import run_context
    from talon_one_cli.sink import WarehouseSink, state_name
    from talon_one_singer.state import State
    from talon_one_warehouse import open_warehouse
    from tap_talon_one.tap import nothing_selected

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    entries = chosen_entries(settings, options["streams"], options["catalog_file"])
    if not entries:
        raise nothing_selected(settings)
    with open_warehouse(options["url"], schema=options["schema"]) as warehouse:
        kept = None if options["full_refresh"] else warehouse.state(state_name(settings))
        context = run_context(settings, State.from_dict(kept or {}, "the state in the warehouse"), stop, redact)
        sink = WarehouseSink(warehouse, state_name=state_name(settings))
        started = time.monotonic()
        try:
            Reading(settings, entries, context, sink).run()
        finally:
            _report(sink.counts, context, time.monotonic() - started, as_json=options["as_json"])


def _report(counts: Mapping[str, LoadCounts], context: RunContext, seconds: float, *, as_json: bool) -> None:
    totals = context.metrics.totals()
    if as_json:
        streams = {name: {"read": c.read, "inserted": c.inserted, "updated": c.updated} for name, c in counts.items()}
        report = {
            "streams": streams,
            "requests": totals.requests,
            "retries": totals.retries,
            "seconds": round(seconds, 3),
        }
        click.echo(json.dumps(report))
        return
    width = max([len(name) for name in counts] or [6])
    click.echo(f"{'stream':<{width}}  {'read':>12}  {'new':>12}  {'changed':>12}")
    for name, c in counts.items():
        click.echo(f"{name:<{width}}  {c.read:>12,}  {c.inserted:>12,}  {c.updated:>12,}")
    click.echo(f"{totals.requests:,} requests, {totals.retries:,} of them repeated, in {seconds:.1f} s")
