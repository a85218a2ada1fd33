"""``talon-one reconcile``: compare transactions with balances."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.formatting import plain_amount, signed_amount
from talon_one_cli.options import connection_options, json_option, schema_option
from talon_one_singer.cli.output import say, write_data
from talon_one_singer.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_cli.loading.deleted_transactions import DeletedTransactions
    from talon_one_cli.loading.ledgers import LedgerKey
    from talon_one_warehouse import Warehouse
    from tap_talon_one.ledger.arithmetic import Entry
    from tap_talon_one.ledger.reconcile import Difference

_COLUMNS = ("kind", "program", "owner", "subledger", "figure", "counted", "reported", "difference")


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

    Exit codes: 0 all ledgers agree; 4 some do not.
    """
    from talon_one_cli.command import guarded_run

    code: list[int] = []
    failed = guarded_run("talon-one reconcile", lambda stop, redact: code.append(_reconcile(options, stop, redact)))
    click.get_current_context().exit(failed or code[0])


def _reconcile(options: Mapping[str, Any], stop: Any, redact: Any) -> int:
    from talon_one_cli.connection_settings import parse_instant
    from talon_one_loading.temporary_warehouse import temporary_warehouse
    from talon_one_singer import ConfigError
    from talon_one_singer.cli.process import keep_pandas_out
    from talon_one_warehouse import open_warehouse

    keep_pandas_out()
    at = None if options["at"] is None else parse_instant("--at", options["at"])
    if options["url"]:
        with (
            open_warehouse(options["url"], schema=options["schema"]) as warehouse,
            _deleted_transactions(options, stop, redact) as deleted,
        ):
            return _compare(warehouse, at, deleted, as_json=options["as_json"])
    if options["names_rows"]:
        raise ConfigError("--rows needs --in: without a warehouse there are no rows that could be gone at Talon.One")
    settings = _settings(options, stop, redact, at)
    streams = [name for kind in _kinds() for name in (kind.transactions, kind.balances)]
    with temporary_warehouse(settings, streams, stop, redact) as warehouse:
        return _compare(warehouse, settings["as_of"][0], None, as_json=options["as_json"])


@contextmanager
def _deleted_transactions(options: Mapping[str, Any], stop: Any, redact: Any) -> Iterator[DeletedTransactions | None]:
    from talon_one_cli.connection_settings import PROGRAM, load_settings
    from talon_one_cli.loading.deleted_transactions import DeletedTransactions
    from talon_one_client.connection.client_factory import client_from_settings

    if not options["names_rows"]:
        yield None
        return
    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
        yield DeletedTransactions(client)


def _settings(options: Mapping[str, Any], stop: Any, redact: Any, at: datetime | None) -> dict[str, Any]:
    from talon_one_cli.connection_settings import load_settings
    from talon_one_singer import ConfigError
    from tap_talon_one.engine.run_clock import settled_now

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    if settings["start_date"] is not None:
        raise ConfigError("start_date is set; leave it out, because a balance is the sum of all transactions")
    when = at or settled_now(settings, stop)
    return {**settings, "as_of": (when,), "end_date": when + timedelta(microseconds=1), "settle_seconds": 0}


def _kinds() -> Any:
    from talon_one_cli.loading.ledgers import KINDS

    return KINDS


def _compare(warehouse: Warehouse, at: datetime | None, deleted: DeletedTransactions | None, *, as_json: bool) -> int:
    compared = disagreeing = 0
    for kind, key, entries, found in _rows(warehouse, at):
        compared += 1
        if not found:
            continue
        disagreeing += 1
        gone = None if deleted is None else deleted.among(kind, key, entries)
        for difference in found:
            _print(kind, key, difference, gone, as_json=as_json)
        if gone and not as_json:
            say(f"{kind} {_ledger(key)}: transactions that Talon.One no longer has: {', '.join(map(str, gone))}")
    if not as_json:
        say(f"{compared:,} ledgers compared, {disagreeing:,} disagree")
    return ExitCode.DIFFERENT if disagreeing else ExitCode.OK


def _rows(warehouse: Warehouse, at: datetime | None) -> Iterator[tuple[str, LedgerKey, list[Entry], list[Difference]]]:
    from talon_one_cli.loading.ledgers import LedgerReader, iso
    from talon_one_client.paging.windows import to_us
    from talon_one_singer import ConfigError
    from tap_talon_one.ledger.reconcile import differences

    kinds = [kind for kind in _kinds() if _has(warehouse, kind.transactions, kind.balances)]
    if not kinds:
        raise ConfigError(
            "the warehouse has no tables with the transactions and balances of cards or profiles; run talon-one load"
        )
    for kind in kinds:
        when = at or _latest(warehouse, kind.balances)
        for key, entries, reported in LedgerReader(warehouse, kind, iso(when)).ledgers():
            yield kind.name, key, entries, differences(entries, reported, to_us(when))


def _has(warehouse: Warehouse, *tables: str) -> bool:
    from talon_one_warehouse import WarehouseError

    try:
        for table in tables:
            warehouse.query(f"SELECT 1 FROM {warehouse.name_of(table)} WHERE 1 = 0")  # noqa: S608 - names of this program
    except WarehouseError:
        return False
    return True


def _latest(warehouse: Warehouse, table: str) -> datetime:
    from talon_one_singer import ConfigError

    ((latest,),) = warehouse.query(f"SELECT max(as_of) FROM {warehouse.name_of(table)}")  # noqa: S608 - names of this program
    if latest is None:
        raise ConfigError(f"the table {table} is empty; run talon-one load")
    found: datetime = datetime.fromisoformat(latest) if isinstance(latest, str) else latest
    return found


def _ledger(key: LedgerKey) -> str:
    return f"{key.owner}{f'/{key.subledger}' if key.subledger else ''} of program {key.program}"


def _print(kind: str, key: LedgerKey, difference: Difference, gone: Sequence[int] | None, *, as_json: bool) -> None:
    counted, reported = plain_amount(difference.counted), plain_amount(difference.reported)
    values = (kind, *key, difference.figure, counted, reported, plain_amount(difference.by))
    if as_json:
        row = dict(zip(_COLUMNS, values, strict=True)) | {"told": reported}  # alias
        if gone is not None:
            row["deleted_transactions"] = gone
        write_data(json.dumps(row).encode() + b"\n")
        return
    say(
        f"{kind} {_ledger(key)}: reported {difference.figure} points: {reported}, "
        f"sum of its transactions: {counted} ({signed_amount(difference.by)})"
    )
