"""``talon-one estimate``: what a load would cost with each read strategy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import connection_options, json_option, schema_option
from talon_one_singer.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_talon_one.strategies.comparison import StrategyEstimate


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
    from talon_one_client.connection.client_factory import client_from_settings
    from talon_one_loading.tap_runner import run_context
    from talon_one_singer.protocol.state import State
    from tap_talon_one.engine.scope import Scope
    from tap_talon_one.strategies.comparison import compare_strategies

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    state = State.from_dict(_kept_state(options, settings), "the state in the warehouse")
    context = run_context(settings, state, stop, redact)
    started = time.monotonic()
    with client_from_settings(settings, PROGRAM, metrics=context.metrics, stop=stop.check) as client:
        scope = Scope(settings, client, state)
        groups, names = _groups(options, settings)
        found = list(compare_strategies(scope, groups, exact=options["exact"], streams=names))
    asked = context.metrics.totals().requests
    if options["as_json"]:
        rows = [each.to_dict() for each in found]
        seconds = round(time.monotonic() - started, 3)
        report = {"estimates": rows, "programs_calls": scope.calls, "asked": asked, "seconds": seconds}
        say_json(report)
    else:
        _print(found, asked, scope.calls)


def _kept_state(options: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    from talon_one_loading.sink import state_name
    from talon_one_warehouse import open_warehouse

    if not options["url"]:
        return {}
    with open_warehouse(options["url"], schema=options["schema"]) as warehouse:
        return warehouse.state(state_name(settings)) or {}


def _groups(options: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[list[Any], frozenset[str]]:
    """Return the groups of the selected streams that have several strategies, and the names of these streams."""
    from talon_one_loading.stream_selection import select_streams
    from talon_one_singer import ConfigError
    from tap_talon_one.streams import STREAM_GROUPS
    from tap_talon_one.tap import nothing_selected

    names = frozenset(entry.tap_stream_id for entry in select_streams(settings, options["streams"]))
    if not names:
        raise nothing_selected(settings)
    with_choice = [group for group in STREAM_GROUPS if group.strategy_setting]
    groups = [group for group in with_choice if names & {stream.name for stream in group.streams}]
    if not groups:
        known = ", ".join(stream.name for group in with_choice for stream in group.streams)
        raise ConfigError(f"none of the streams has read strategies to compare; {known} have")
    return groups, names


def _print(found: Sequence[StrategyEstimate], asked: int, programs_calls: int) -> None:
    from tap_talon_one.strategies.cost_estimate import minutes

    say(f"{'':1} {'stream':<28} {'program':>7}  {'strategy':<12} {'ids':>9} {'calls':>10} {'at most':>10}  time")
    for each in found:
        head = f"{'*' if each.chosen else ' '} {each.group:<28} {each.program or '':>7}  {each.strategy:<12}"
        if each.cost is None:
            say(f"{head} {each.why_not}")
            continue
        cost = each.cost
        ids = "" if cost.ids is None else f"{cost.ids:,}"
        say(f"{head} {ids:>9} {cost.calls:>10,} {cost.at_most:>10,}  {minutes(cost.seconds)}")
    costs = [each.cost for each in found if each.chosen and each.cost]
    calls, seconds = programs_calls + sum(cost.calls for cost in costs), sum(cost.seconds for cost in costs)
    say(f"* A load uses these strategies: {calls:,} calls, {minutes(seconds)}. This estimate took {asked:,} calls.")
    for each in found:
        if each.chosen and each.check and each.cost:
            where = f"{each.group} of {each.parent} {each.program}"
            say(f"{where}: the check for deleted transactions is due (recheck_days)")
