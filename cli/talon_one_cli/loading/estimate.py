"""``talon-one estimate``: what a load would cost with each read strategy."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.formatting import say_lines_or_blocks
from talon_one_cli.options import connection_options, json_option, schema_option
from talon_one_singer.cli.output import say, say_json
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_loading.reports.estimate import LoadEstimate
    from tap_talon_one.strategies.comparison import StrategyEstimate

_HEADS = ("chosen", "stream", "program", "strategy", "ids", "calls", "at most", "time", "not possible")


@click.command()
@connection_options
@click.option("--streams", metavar="A,B", help="Streams to estimate. Default: all streams that are read by default.")
@click.option("--to", "url", metavar="URL", help="Warehouse whose state to continue from. Default: a first load.")
@schema_option
@click.option("--exact", is_flag=True, help="Count the calls of program lists by reading them completely.")
@json_option("Print the estimates as JSON.")
def estimate(**options: Any) -> None:
    """Estimate the API calls and the run time of a load.

    Compares all read strategies. Sends a few requests to count cards and transactions, and writes nothing. One call
    per card is assumed; a card with more transactions than fit on a page (1,000) needs more.
    """
    from talon_one_cli.command import guarded_run

    code = guarded_run("talon-one estimate", lambda stop, redact: _estimate(options, stop, redact))
    click.get_current_context().exit(code)


def _estimate(options: Mapping[str, Any], stop: Any, redact: Any) -> None:
    from talon_one_cli.connection_settings import PROGRAM, load_settings
    from talon_one_loading.reports.estimate import estimate_load
    from talon_one_warehouse import open_warehouse

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    url, exact = options["url"], options["exact"]
    with open_warehouse(url, schema=options["schema"]) if url else nullcontext() as warehouse:
        found = estimate_load(settings, options["streams"], warehouse, stop, redact, program=PROGRAM, exact=exact)
    if options["as_json"]:
        say_json(found.as_dict())
    else:
        _print(found)


def _cells(each: StrategyEstimate) -> tuple[str, ...]:
    from tap_talon_one.strategies.cost_estimate import minutes

    head = ("*" if each.chosen else "", each.group, f"{each.program or ''}", each.strategy)
    if each.cost is None:
        return (*head, "", "", "", "", each.why_not or "")
    cost = each.cost
    ids = "" if cost.ids is None else f"{cost.ids:,}"
    return (*head, ids, f"{cost.calls:,}", f"{cost.at_most:,}", minutes(cost.seconds), "")


def _line(cells: Sequence[str]) -> str:
    chosen, group, program, strategy, ids, calls, at_most, time, why_not = cells
    head = f"{chosen:1} {group:<28} {program:>7}  {strategy:<12}"
    return f"{head} {ids:>9} {calls:>10} {at_most:>10}  {time}" if time else f"{head} {why_not}"


def _print(found: LoadEstimate) -> None:
    from tap_talon_one.strategies.cost_estimate import minutes

    rows = [_cells(each) for each in found.strategies]
    say_lines_or_blocks([_line(("", *_HEADS[1:])), *map(_line, rows)], _HEADS, rows, len(_HEADS))
    costs = f"{counted(found.calls, 'call')}, {minutes(found.load_seconds)}"
    say(f"* A load uses these strategies: {costs}. This estimate took {counted(found.asked, 'call')}.")
    for each in found.strategies:
        if each.chosen and each.check and each.cost:
            where = f"{each.group} of {each.parent} {each.program}"
            say(f"{where}: the check for deleted transactions is due (recheck_days)")
