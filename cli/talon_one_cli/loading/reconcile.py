"""``talon-one reconcile``: compare transactions with balances."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import connection_options, json_option, schema_option
from talon_one_singer.cli.output import say, write_data
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from talon_one_loading.reports.deleted_transactions import DeletedTransactions
    from talon_one_loading.reports.reconcile import ComparedLedger
    from talon_one_warehouse import Warehouse


@click.command()
@connection_options
@click.option("--at", metavar="INSTANT", help="Instant to compare at. Default: now minus settle_seconds.")
@click.option("--in", "url", metavar="URL", help="Warehouse with the data. Default: read it from Talon.One.")
@schema_option
@click.option(
    "--rows",
    "names_rows",
    is_flag=True,
    help="With --in: read the ledgers that disagree from Talon.One, and name the transactions that are gone there.",
)
@json_option("Print one line of JSON per difference.")
def reconcile(**options: Any) -> None:
    """Compare transactions with balances at one instant.

    The transactions of every card and profile must add up to its balances. Prints the ledgers that disagree, and no
    others.

    Exit codes: 0 all ledgers agree; 2 something must be corrected in the settings, a key or the warehouse; 4 some
    ledgers do not agree.
    """
    from talon_one_cli.command import guarded_run

    code: list[int] = []
    failed = guarded_run("talon-one reconcile", lambda stop, redact: code.append(_reconcile(options, stop, redact)))
    click.get_current_context().exit(failed or code[0])


def _reconcile(options: Mapping[str, Any], stop: Any, redact: Any) -> int:
    from talon_one_cli.connection_settings import load_settings, parse_instant
    from talon_one_loading.reports.reconcile import STREAMS, settings_at
    from talon_one_loading.temporary_warehouse import temporary_warehouse
    from talon_one_singer import ConfigError
    from talon_one_singer.cli.process import keep_pandas_out
    from talon_one_warehouse import open_warehouse

    keep_pandas_out()
    at = None if options["at"] is None else parse_instant("--at", options["at"])
    if options["url"]:
        with (
            open_warehouse(options["url"], schema=options["schema"]) as warehouse,
            _deleted_transactions(warehouse, options, stop, redact) as deleted,
        ):
            return _compare(warehouse, at, deleted, as_json=options["as_json"])
    if options["names_rows"]:
        raise ConfigError("--rows needs --in: without a warehouse there are no rows that could be gone at Talon.One")
    settings = settings_at(load_settings(options["config"], redact, base_url=options["base_url"]), at, stop)
    with temporary_warehouse(settings, STREAMS, stop, redact) as warehouse:
        return _compare(warehouse, settings["as_of"][0], None, as_json=options["as_json"])


@contextmanager
def _deleted_transactions(
    warehouse: Warehouse, options: Mapping[str, Any], stop: Any, redact: Any
) -> Iterator[DeletedTransactions | None]:
    from talon_one_cli.connection_settings import PROGRAM, load_settings
    from talon_one_client.connection.client_factory import client_from_settings
    from talon_one_loading.kept_state import kept_state
    from talon_one_loading.reports.deleted_transactions import DeletedTransactions
    from tap_talon_one.deployment import raise_if_other

    if not options["names_rows"]:
        yield None
        return
    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
        raise_if_other(kept_state(warehouse, settings), client.config.base_url, settings["former_base_url"])
        yield DeletedTransactions(client)


def _compare(warehouse: Warehouse, at: datetime | None, deleted: DeletedTransactions | None, *, as_json: bool) -> int:
    from talon_one_loading.reports.reconcile import compared_ledgers

    compared = disagreeing = 0
    for ledger in compared_ledgers(warehouse, at):
        compared += 1
        if not ledger.differences:
            continue
        disagreeing += 1
        gone = None if deleted is None else deleted.among(ledger.kind, ledger.key, ledger.entries)
        _print(ledger, gone, as_json=as_json)
    if not as_json:
        say(f"{counted(compared, 'ledger')} compared, {disagreeing:,} disagree")
    return ExitCode.DIFFERENT if disagreeing else ExitCode.OK


def _print(ledger: ComparedLedger, gone: Sequence[int] | None, *, as_json: bool) -> None:
    if as_json:
        for row in ledger.rows():
            more = {"told": row["reported"]} | ({} if gone is None else {"deleted_transactions": gone})  # alias
            write_data(json.dumps(row | more).encode() + b"\n")
        return
    for sentence in ledger.sentences():
        say(sentence)
    if gone:
        say(f"{ledger.name}: transactions that Talon.One no longer has: {', '.join(map(str, gone))}")
