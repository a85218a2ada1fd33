"""``talon-one load``: the tap's streams straight into a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import connection_options, load_settings
from talon_one_singer.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_loading import LoadResult


@click.command()
@click.option(
    "--to",
    "url",
    required=True,
    envvar="TALON_ONE_TO",
    metavar="URL",
    help="Warehouse, like duckdb:///loyalty.duckdb.",
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

    Exit code 1 if a stream failed or rows were rejected; all else is loaded then.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one load", lambda stop, redact: _load(options, stop, redact)))


def _load(options: Mapping[str, Any], stop: Any, redact: Any) -> None:
    from talon_one_loading import LoadResult
    from talon_one_loading import load as load_into
    from talon_one_loading.bad_rows import raise_if_rejected
    from talon_one_loading.stream_selection import select_streams
    from talon_one_warehouse import open_warehouse
    from tap_talon_one.tap import nothing_selected

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    entries = select_streams(settings, options["streams"], options["catalog_file"])
    if not entries:
        raise nothing_selected(settings)
    with open_warehouse(options["url"], schema=options["schema"]) as warehouse:
        loaded = LoadResult()
        try:
            load_into(warehouse, settings, entries, stop, redact, full_refresh=options["full_refresh"], into=loaded)
        finally:
            _report(loaded, as_json=options["as_json"])
    raise_if_rejected(loaded.rejected, options["schema"])


def _report(loaded: LoadResult, *, as_json: bool) -> None:
    if as_json:
        say_json(loaded.as_dict())
        return
    counts = loaded.streams
    width = max([len(name) for name in counts] or [6])
    say(f"{'stream':<{width}}  {'read':>12}  {'new':>12}  {'changed':>12}")
    for name, c in counts.items():
        say(f"{name:<{width}}  {c.read:>12,}  {c.inserted:>12,}  {c.updated:>12,}")
    say(f"{loaded.requests:,} requests, {loaded.retries:,} of them repeated, in {loaded.seconds:.1f} s")
