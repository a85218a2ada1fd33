"""``talon-one expiring``: list the points that expire by a date."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import connection_options, json_option
from talon_one_singer.cli.output import say, write_data
from talon_one_singer.reporting.amounts import counted, grouped_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_loading.reports.expiring import ExpiringPoints

_COLUMNS = ("kind", "program", "owner", "subledger", "active", "expiring")


@click.command()
@connection_options
@click.option("--by", required=True, metavar="INSTANT", help="Last instant, like 2026-12-31T00:00:00Z.")
@click.option("--from", "since", metavar="INSTANT", help="First instant. Default: now.")
@json_option("Print one line of JSON per ledger instead of CSV.")
def expiring(**options: Any) -> None:
    """List the points that expire by a date.

    Lists each card and profile with points that expire unless they are spent. Compares the balances that Talon.One
    reports for both instants, so that its own rules apply. Prints CSV to stdout and the total to stderr.
    """
    from talon_one_cli.command import guarded_run

    code = guarded_run("talon-one expiring", lambda stop, redact: _expiring(options, stop, redact))
    click.get_current_context().exit(code)


def _expiring(options: Mapping[str, Any], stop: Any, redact: Any) -> None:
    from talon_one_cli.connection_settings import load_settings, parse_instant
    from talon_one_loading.reports.expiring import expiring_points
    from tap_talon_one.ledger.arithmetic import EXACT

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    since = parse_instant("--from", options["since"]) if options["since"] else None
    by = parse_instant("--by", options["by"])
    total, ledgers = Decimal(0), 0
    with expiring_points(settings, since, by, stop, redact) as rows:
        write = _writer(as_json=options["as_json"])
        for row in rows:
            write(row)
            total, ledgers = EXACT.add(total, row.expiring), ledgers + 1
    say(f"{grouped_amount(total)} points of {counted(ledgers, 'ledger')} expire by {by.isoformat()}", err=True)


def _writer(*, as_json: bool) -> Callable[[ExpiringPoints], None]:
    if as_json:
        return lambda row: write_data(json.dumps(dict(zip(_COLUMNS, row.plain(), strict=True))).encode() + b"\n")
    write_data(_csv_line(_COLUMNS))
    return lambda row: write_data(_csv_line(row.plain()))


def _csv_line(values: Sequence[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()
