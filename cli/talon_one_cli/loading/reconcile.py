"""``talon-one reconcile``: do transactions and balances agree?"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.formatting import plain, signed
from talon_one_cli.options import connection_options, instant_option, load_settings
from talon_one_singer.cli.output import say, write_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_cli.loading.ledgers import LedgerKey
    from talon_one_warehouse import Warehouse
    from tap_talon_one.ledger.reconcile import Difference

FOUND = 4  # exit code: all went well, and there is something to look at
_COLUMNS = ("kind", "program", "owner", "subledger", "figure", "counted", "told", "difference")


@click.command()
@connection_options
@click.option("--at", metavar="INSTANT", help="Instant to compare at; now less settle_seconds without it.")
@click.option("--in", "url", metavar="URL", help="Compare what this warehouse holds instead of reading anew.")
@click.option("--schema", default="talon_one", show_default=True, help="Schema of the tables in the warehouse.")
@click.option("--json", "as_json", is_flag=True, help="Print each difference as a line of JSON.")
def reconcile(**options: Any) -> None:
    """Compare the transactions of every card and profile with its balances at one instant.

    Prints exactly the ledgers that disagree. Exit code 0: all agree; 4: some do not.
    """
    from talon_one_cli.command import guarded_run

    code: list[int] = []
    failed = guarded_run("talon-one reconcile", lambda stop, redact: code.append(_reconcile(options, stop, redact)))
    click.get_current_context().exit(failed or code[0])


def _reconcile(options: Mapping[str, Any], stop: Any, redact: Any) -> int:
    from talon_one_loading.temporary_warehouse import temporary_warehouse
    from talon_one_warehouse import open_warehouse

    at = None if options["at"] is None else instant_option("--at", options["at"])
    if options["url"]:
        with open_warehouse(options["url"], schema=options["schema"]) as warehouse:
            return _compare(warehouse, at, as_json=options["as_json"])
    settings = _settings(options, stop, redact, at)
    streams = [name for kind in _kinds() for name in (kind.transactions, kind.balances)]
    with temporary_warehouse(settings, streams, stop, redact) as warehouse:
        return _compare(warehouse, settings["as_of"][0], as_json=options["as_json"])


def _settings(options: Mapping[str, Any], stop: Any, redact: Any, at: datetime | None) -> dict[str, Any]:
    from talon_one_singer import ConfigError
    from tap_talon_one.engine.run_clock import settled_now

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    if settings["start_date"] is not None:
        raise ConfigError("start_date is set; a balance is made of all transactions, so leave it out to reconcile")
    when = at or settled_now(settings, stop)
    return {**settings, "as_of": (when,), "end_date": when + timedelta(microseconds=1), "settle_seconds": 0}


def _kinds() -> Any:
    from talon_one_cli.loading.ledgers import KINDS

    return KINDS


def _compare(warehouse: Warehouse, at: datetime | None, *, as_json: bool) -> int:
    compared = disagreeing = 0
    for row in _rows(warehouse, at):
        compared += 1
        kind, key, found = row
        disagreeing += bool(found)
        for difference in found:
            _print(kind, key, difference, as_json=as_json)
    if not as_json:
        say(f"{compared:,} ledgers compared, {disagreeing:,} disagree")
    return FOUND if disagreeing else 0


def _rows(warehouse: Warehouse, at: datetime | None) -> Iterator[tuple[str, LedgerKey, list[Difference]]]:
    from talon_one_cli.loading.ledgers import Books, iso
    from talon_one_client.paging.windows import to_us
    from talon_one_singer import ConfigError
    from tap_talon_one.ledger.reconcile import differences

    kinds = [kind for kind in _kinds() if _has(warehouse, kind.transactions, kind.balances)]
    if not kinds:
        raise ConfigError(
            "the warehouse has no table of transactions with one of balances beside it; run talon-one load"
        )
    for kind in kinds:
        when = at or _latest(warehouse, kind.balances)
        books = Books(warehouse, kind, iso(when))
        for key, entries, told in books.ledgers():
            yield kind.name, key, differences(entries, told, to_us(when))


def _has(warehouse: Warehouse, *tables: str) -> bool:
    from talon_one_warehouse import WarehouseError

    try:
        for table in tables:
            warehouse.query(f"SELECT 1 FROM {warehouse.name_of(table)} WHERE 1 = 0")  # noqa: S608 - our names
    except WarehouseError:
        return False
    return True


def _latest(warehouse: Warehouse, table: str) -> datetime:
    from talon_one_singer import ConfigError

    ((latest,),) = warehouse.query(f"SELECT max(as_of) FROM {warehouse.name_of(table)}")  # noqa: S608 - our names
    if latest is None:
        raise ConfigError(f"the table {table} is empty; run talon-one load")
    found: datetime = datetime.fromisoformat(latest) if isinstance(latest, str) else latest
    return found


def _print(kind: str, key: LedgerKey, difference: Difference, *, as_json: bool) -> None:
    figures = map(plain, (difference.counted, difference.told, difference.by))
    values = (kind, *key, difference.figure, *figures)
    if as_json:
        write_data(json.dumps(dict(zip(_COLUMNS, values, strict=True))).encode() + b"\n")
        return
    ledger = f"{key.owner}/{key.subledger}" if key.subledger else key.owner
    say(
        f"{kind} {ledger} of program {key.program}: {difference.figure} is told as {plain(difference.told)}, "
        f"its transactions give {plain(difference.counted)} ({signed(difference.by)})"
    )
