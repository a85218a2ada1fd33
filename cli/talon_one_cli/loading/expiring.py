"""``talon-one expiring``: list the points that expire by a date."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.formatting import grouped_amount, plain_amount
from talon_one_cli.options import connection_options, json_option
from talon_one_singer.cli.output import say, write_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from talon_one_warehouse import Warehouse

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
    from talon_one_cli.connection_settings import load_settings
    from talon_one_cli.loading.ledgers import KINDS
    from talon_one_loading.temporary_warehouse import temporary_warehouse
    from tap_talon_one.ledger.arithmetic import EXACT

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    since, by = _span(options, settings, stop)
    settings |= {"as_of": (since, by)}
    total, ledgers = Decimal(0), 0
    with temporary_warehouse(settings, [kind.balances for kind in KINDS], stop, redact) as warehouse:
        write = _writer(as_json=options["as_json"])
        for row in _rows(warehouse, since, by):
            write(row)
            total, ledgers = EXACT.add(total, row[-1]), ledgers + 1
    say(f"{grouped_amount(total)} points of {ledgers:,} ledgers expire by {by.isoformat()}", err=True)


def _span(options: Mapping[str, Any], settings: Mapping[str, Any], stop: Any) -> tuple[datetime, datetime]:
    from talon_one_cli.connection_settings import parse_instant
    from talon_one_singer import ConfigError
    from tap_talon_one.engine.run_clock import settled_now

    since = parse_instant("--from", options["since"]) if options["since"] else settled_now(settings, stop)
    by = parse_instant("--by", options["by"])
    if by <= since:
        raise ConfigError(f"--by {by.isoformat()} is not after {since.isoformat()}; name a later instant")
    if settings["balances_strategy"] == "card_list":
        raise ConfigError(
            "balances_strategy is card_list, which does not report expired points; use auto or per_entity"
        )
    return since, by


def _rows(warehouse: Warehouse, since: datetime, by: datetime) -> Iterator[tuple[Any, ...]]:
    from talon_one_cli.loading.ledgers import KINDS
    from talon_one_client.http.encoding import format_instant
    from talon_one_loading.temporary_warehouse import TEMPORARY_SCHEMA

    tables = {name for (name,) in warehouse.query("SELECT table_name FROM duckdb_tables()")}
    for kind in KINDS:
        if kind.balances not in tables:
            continue
        table = f"{TEMPORARY_SCHEMA}.{kind.balances}"
        sql = f"""
            SELECT '{kind.name}', after.program_id, after.{kind.owner}, after.subledger_id, before.active_points,
                   after.expired_points - coalesce(before.expired_points, 0) AS expiring
            FROM {table} AS after LEFT JOIN {table} AS before
                ON before.as_of = '{format_instant(since)}' AND before.program_id = after.program_id
                AND before.{kind.owner} = after.{kind.owner} AND before.subledger_id = after.subledger_id
            WHERE after.as_of = '{format_instant(by)}' AND after.expired_points > coalesce(before.expired_points, 0)
            ORDER BY 2, 3, 4"""  # noqa: S608 - names and instants of this program
        yield from warehouse.query(sql)


def _writer(*, as_json: bool) -> Any:
    if as_json:
        return lambda row: write_data(json.dumps(dict(zip(_COLUMNS, _plain(row), strict=True))).encode() + b"\n")
    write_data(_csv_line(_COLUMNS))
    return lambda row: write_data(_csv_line(_plain(row)))


def _csv_line(values: Sequence[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()


def _plain(row: tuple[Any, ...]) -> list[Any]:
    """Return the row with its amounts as texts without trailing zeros."""
    return [plain_amount(value) if isinstance(value, Decimal) else value for value in row]
