"""``talon-one estimate``: what a load would cost, strategy by strategy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import PROGRAM, connection_options, load_settings
from talon_one_singer.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_talon_one.strategies.comparison import StrategyEstimate


@click.command()
@connection_options
@click.option("--streams", metavar="A,B", help="Streams to estimate; without it all loyalty streams that can be read.")
@click.option("--to", "url", metavar="URL", help="Go on from the state in this warehouse; without it a first load.")
@click.option("--schema", default="talon_one", show_default=True, help="Schema of the tables in the warehouse.")
@click.option("--exact", is_flag=True, help="Count the calls of a program feed by walking it, which takes as long.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def estimate(**options: Any) -> None:
    """Tell cards, calls and minutes of every way to read the loyalty data.

    Nothing is written. A few calls count cards and transactions. One call a card is assumed: a card with more
    transactions than a page (1,000) takes more.
    """
    from talon_one_cli.command import guarded_run

    work = guarded_run("talon-one estimate", lambda stop, redact: _estimate(options, stop, redact))
    click.get_current_context().exit(work)


def _estimate(options: Mapping[str, Any], stop: Any, redact: Any) -> None:
    from talon_one_client.connection.client_factory import client_from_settings
    from talon_one_loading.tap_runner import run_context
    from talon_one_singer.protocol.state import State
    from tap_talon_one.engine.scope import Scope
    from tap_talon_one.strategies.comparison import compare_strategies

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    state = State.from_dict(_kept(options, settings), "the state in the warehouse")
    context = run_context(settings, state, stop, redact)
    started = time.monotonic()
    with client_from_settings(settings, PROGRAM, metrics=context.metrics, stop=stop.check) as client:
        scope = Scope(settings, client, state)
        found = list(compare_strategies(scope, _groups(options, settings), exact=options["exact"]))
    asked = context.metrics.totals().requests
    if options["as_json"]:
        rows = [each.to_dict() for each in found]
        seconds = round(time.monotonic() - started, 3)
        report = {"estimates": rows, "programs_calls": scope.calls, "asked": asked, "seconds": seconds}
        say_json(report)
    else:
        _print(found, asked, scope.calls)


def _kept(options: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    from talon_one_loading.sink import state_name
    from talon_one_warehouse import open_warehouse

    if not options["url"]:
        return {}
    with open_warehouse(options["url"], schema=options["schema"]) as warehouse:
        return warehouse.state(state_name(settings)) or {}


def _groups(options: Mapping[str, Any], settings: Mapping[str, Any]) -> list[Any]:
    from talon_one_loading.stream_selection import select_streams
    from tap_talon_one.streams import STREAM_GROUPS
    from tap_talon_one.tap import nothing_selected

    names = {entry.tap_stream_id for entry in select_streams(settings, options["streams"])}
    with_choice = (group for group in STREAM_GROUPS if group.strategy_setting)
    groups = [group for group in with_choice if names & {stream.name for stream in group.streams}]
    if not groups:
        raise nothing_selected(settings)
    return groups


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
    say(f"* is what a load takes: {calls:,} calls, {minutes(seconds)}. Asking took {asked:,} calls.")
