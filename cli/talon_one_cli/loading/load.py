"""``talon-one load``: load the streams of the tap into a warehouse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.formatting import say_lines_or_blocks
from talon_one_cli.options import connection_options, json_option, report_option, schema_option
from talon_one_singer.cli.output import say, say_json
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_loading import LoadResult


@click.command()
@click.option(
    "--to",
    "url",
    required=True,
    envvar="TALON_ONE_TO",
    show_envvar=True,
    metavar="URL",
    help="URL of the warehouse, like duckdb:///loyalty.duckdb.",
)
@connection_options
@click.option(
    "--streams",
    metavar="A,B",
    help="Streams to load. Default: those of loyalty programs and customers that the settings let it read.",
)
@click.option("--catalog", "catalog_file", metavar="FILE", help="Singer catalog that selects streams and fields.")
@schema_option
@click.option("--full-refresh", is_flag=True, help="Read everything again instead of continuing from the last load.")
@report_option
@json_option("Print the counts as JSON.")
def load(**options: Any) -> None:
    """Load loyalty data and other streams into a warehouse.

    Rows are merged by key in the same transaction as the state of the load. Run the command again at any time, even
    after a crash: it continues from the state and reads only what is missing.

    Exit codes: 1 a stream failed or rows were rejected, and everything else is loaded; 2 something must be
    corrected in the settings, a key, a file or the URL.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one load", lambda stop, redact: _load(options, stop, redact)))


def _load(options: Mapping[str, Any], stop: Any, redact: Any) -> None:
    from talon_one_cli.alerts.settings import ALERTS, alerts_from
    from talon_one_cli.alerts.watching import watched_load
    from talon_one_cli.connection_settings import load_settings
    from talon_one_cli.report.run_report import reported
    from talon_one_loading import LoadResult
    from talon_one_loading import load as load_into
    from talon_one_loading.bad_rows import raise_if_rejected
    from talon_one_loading.stream_selection import select_streams
    from talon_one_singer.cli.process import keep_pandas_out
    from talon_one_warehouse import open_warehouse
    from talon_one_warehouse.urls import raise_if_in_memory
    from tap_talon_one.tap import nothing_selected

    keep_pandas_out()
    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    entries = select_streams(settings, options["streams"], options["catalog_file"])
    if not entries:
        raise nothing_selected(settings)
    raise_if_in_memory(options["url"])
    alerts = alerts_from(settings[ALERTS.name], ALERTS.name, redact, os.environ)
    with reported(options["report"], "load") as report, watched_load(alerts, "load") as watch:
        with open_warehouse(options["url"], schema=options["schema"]) as warehouse:
            loaded = watch.loaded = LoadResult()
            try:
                load_into(warehouse, settings, entries, stop, redact, full_refresh=options["full_refresh"], into=loaded)
            finally:
                if report is not None:
                    report.note_load(loaded)
                _report(loaded, as_json=options["as_json"])
        raise_if_rejected(loaded.rejected, warehouse.schema)


def _report(loaded: LoadResult, *, as_json: bool) -> None:
    if as_json:
        say_json(loaded.as_dict())
        return
    counts = loaded.streams
    if not counts and not loaded.requests:
        return
    width = max([len(name) for name in counts] or [6])
    heads = ("stream", "read", "new", "changed")
    rows = [(name, *(f"{number:,}" for number in (c.read, c.inserted, c.updated))) for name, c in counts.items()]
    lines = [f"{name:<{width}}" + "".join(f"  {cell:>12}" for cell in cells) for name, *cells in (heads, *rows)]
    say_lines_or_blocks(lines, heads, rows, 1)
    for name, count in loaded.deleted.items():
        say(f"{name}: rows that are gone at Talon.One: {count:,}")
    requests = counted(loaded.requests, "request")
    say(f"{requests}, {loaded.retries:,} of them retries, in {loaded.seconds:.1f} s")
