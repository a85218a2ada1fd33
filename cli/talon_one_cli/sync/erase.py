"""``talon-one erase``: delete the data of customers at Talon.One, and every trace of them here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import config_option, json_option, schema_option, store_of_option
from talon_one_singer.cli.output import say, say_json
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.store.tables.personal_data import Person


@click.command()
@click.option("--ids", metavar="A,B", help="Integration ids of the customers.")
@click.option("--ids-file", metavar="FILE", help="File with one integration id per line.")
@click.option(
    "--plan-file",
    "plan_files",
    multiple=True,
    metavar="FILE",
    help="Plan file to remove the customers from. Repeat the option for each file.",
)
@click.option(
    "--in",
    "url",
    metavar="URL",
    help="Warehouse of talon-one listen. Its rows about the customers lose all values but their ids and times.",
)
@schema_option
@store_of_option
@config_option
@click.option("--local-only", is_flag=True, help="Delete the traces on this machine only, and nothing at Talon.One.")
@click.option("--yes", is_flag=True, help="Confirm. Data deleted at Talon.One cannot be restored.")
@json_option("Print the counts as JSON.")
def erase(**options: Any) -> None:
    """Delete customers at Talon.One and on this machine.

    On this machine the customers are removed from the store and from rejects, results and plan files, and with --in
    from the tables of notifications. At Talon.One this deletes the data in every Application of the environment that
    the API key belongs to. Also delete the customers from your source tables; otherwise the next push sends their rows
    again.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one erase", lambda stop, redact: _erase(options, stop, redact)))


def _erase(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.erase_files import clean_lines, clean_plan, remove_leftovers
    from talon_one_cli.sync.sync_file import read_settings, read_sync_file
    from talon_one_cli.sync.sync_session import opened
    from target_talon_one.store.tables.personal_data import Person
    from target_talon_one.sync.reject_files import file_name

    ids = list(dict.fromkeys(_ids(options)))
    _check_confirmed(options, len(ids))
    sync_file, config = options["sync_file"], options["config"]
    settings = (
        read_sync_file(sync_file, config, redact).settings if sync_file else read_settings({}, "", config, redact)
    )
    counts = {"customers": len(ids), "deleted": 0, "not_there": 0, "rows": 0, "lines": 0, "notifications": 0}
    with opened(settings, stop) as (client, store):
        for name in ids:
            stop.check()
            if not options["local_only"]:
                counts["deleted" if _delete(client, name) else "not_there"] += 1
            counts["rows"] += store.erase(name)
        sinks = store.destinations.sinks()
        store.compact()
    customers = [Person(name) for name in ids]
    if options["url"]:
        counts["notifications"] = _erase_notifications(options, customers, stop)
    by_file = {file_name(stream): sink for stream, sink in sinks.items()}
    for folder in _folders(settings):
        remove_leftovers(folder)
    for path in _line_files(settings):
        counts["lines"] += clean_lines(path, customers, by_file.get(path.name))
    for path in options["plan_files"]:
        counts["lines"] += clean_plan(path, customers)
    _print(counts, as_json=options["as_json"])


def _check_confirmed(options: Mapping[str, Any], customers: int) -> None:
    from talon_one_singer import ConfigError

    if not customers:
        raise ConfigError("no customer is given; name them with --ids or --ids-file")
    if not options["yes"]:
        where = "on this machine" if options["local_only"] else "at Talon.One, which cannot be undone, and here"
        raise ConfigError(f"this deletes all data of {_customers(customers)} {where}; add --yes to confirm")


def _ids(options: Mapping[str, Any]) -> Iterator[str]:
    from talon_one_singer import ConfigError
    from talon_one_singer.settings.json_files import read_small_file

    yield from (name.strip() for name in (options["ids"] or "").split(",") if name.strip())
    if options["ids_file"]:
        try:
            lines = read_small_file(options["ids_file"]).decode("utf-8-sig").split("\n")
        except (OSError, ValueError) as error:
            raise ConfigError(f"--ids-file: cannot read {options['ids_file']}: {error}") from None
        yield from (line.strip() for line in lines if line.strip())


def _delete(client: TalonOneClient, name: str) -> bool:
    from talon_one_client.errors import NotFoundError

    try:
        client.delete_customer_data(name)
    except NotFoundError:
        return False
    return True


def _erase_notifications(options: Mapping[str, Any], customers: Sequence[Person], stop: StopSignal) -> int:
    from talon_one_cli.sync.erase_files import Persons
    from talon_one_receiver.stored.erasure import erase as erase_notifications
    from talon_one_singer.cli.process import keep_pandas_out
    from talon_one_warehouse import open_warehouse

    keep_pandas_out()
    with open_warehouse(options["url"], schema=options["schema"]) as warehouse:
        return erase_notifications(warehouse, Persons(customers), stop.check)


def _line_files(settings: Mapping[str, Any]) -> Iterator[Path]:
    for folder in _folders(settings):
        yield from sorted(folder.glob("*/*.jsonl"))


def _folders(settings: Mapping[str, Any]) -> list[Path]:
    return [Path(settings[name]) for name in ("rejects_directory", "results_directory")]


def _print(counts: Mapping[str, int], *, as_json: bool) -> None:
    if as_json:
        say_json(counts)
        return
    say(
        f"{_customers(counts['customers'])}: {counts['deleted']:,} deleted at Talon.One, {counts['not_there']:,} "
        f"not found there; {counted(counts['rows'], 'row')} of the store and {counted(counts['lines'], 'line')} of "
        "files deleted here"
        + (f"; {counted(counts['notifications'], 'row')} of notifications emptied" if counts["notifications"] else "")
    )


def _customers(number: int) -> str:
    return counted(number, "customer")
