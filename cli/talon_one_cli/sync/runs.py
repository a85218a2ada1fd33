"""``talon-one runs``: list the runs of a store, and show one of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import json_option, store_of_option
from talon_one_singer.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_cli.sync.sync_file import StoreInSource
    from talon_one_singer.reporting.logs import Redactor


def _store_options(command: Callable[..., Any]) -> Callable[..., Any]:
    store = click.option(
        "--store",
        default="talon-one-store.duckdb",
        envvar="TALON_ONE_STORE",
        show_envvar=True,
        show_default=True,
        metavar="FILE",
        help="Store of the syncs: a file or a URL.",
    )
    return store(store_of_option(json_option("Print the runs as JSON.")(command)))


@click.group(invoke_without_command=True)
@_store_options
@click.pass_context
def runs(context: click.Context, store: str, sync_file: str | None, *, as_json: bool) -> None:
    """List the runs of a store. The command talon-one runs show ID prints the details of one."""
    if context.invoked_subcommand is None:
        context.exit(_guarded(store, sync_file, None, _print_list, as_json=as_json))


@runs.command()
@click.argument("run_id", metavar="ID")
@_store_options
def show(run_id: str, store: str, sync_file: str | None, *, as_json: bool) -> None:
    """Show a run with the rows that were refused."""
    click.get_current_context().exit(_guarded(store, sync_file, run_id, _print_one, as_json=as_json))


def _guarded(
    path: str,
    sync_file: str | None,
    run_id: str | None,
    show: Callable[[Sequence[Mapping[str, Any]]], None],
    *,
    as_json: bool,
) -> int:
    from talon_one_cli.command import guarded_run
    from talon_one_cli.sync.sync_file import read_sync_file

    def work(_stop: Any, redact: Redactor) -> None:
        file = read_sync_file(sync_file, (), redact) if sync_file else None
        found = _read(file.settings["store"] if file else path, run_id)
        if as_json:
            say_json(found if run_id is None else found[0], indent=2)
        else:
            show(found)

    return guarded_run("talon-one runs", work)


def _read(location: str | StoreInSource, run_id: str | None) -> list[dict[str, Any]]:
    from pathlib import Path

    from talon_one_cli.sync.sync_session import opened_store
    from talon_one_singer import ConfigError
    from target_talon_one.store.opening import store_file

    file = store_file(location) if isinstance(location, str) else None
    if file is not None and not Path(file).is_file():
        raise ConfigError(f"there is no store {location}; give its path or URL with --store")
    with ExitStack() as stack:
        store = opened_store(location)
        stack.callback(store.discard)
        found = store.runs.find(run_id)
        if run_id is not None and not found:
            raise ConfigError(
                f"there is no run {run_id} in {store.location}; the command talon-one runs lists the runs"
            )
        for one in found if run_id is not None else []:
            one["rejects"] = [
                {name: row[name] for name in ("stream", "kind", "op", "key", "place", "reason", "server", "status")}
                for row in store.rejects.find(run_id)
            ]
    return found


def _print_list(found: Sequence[Mapping[str, Any]]) -> None:
    from talon_one_cli.formatting import FigureTable, open_console

    table = FigureTable(("run", "command", "started", "status"), ("sent", "refused", "requests"))
    for one in found:
        sums = ("?" if n is None else f"{n:,}" for n in _sums(one["destinations"].values()))
        table.add_row(one["id"], one["command"], one["started"][:19], one["status"], *sums)
    table.print(open_console())


def _sums(figures: Any) -> tuple[int, int, int | None]:
    """Return the rows that were sent and refused, and the requests; None if their number is unknown."""
    parts = list(figures)
    requests = [one["requests"] for one in parts]
    refused = sum(one["invalid"] + one["rejected"] + one["unknown"] + one["unreadable"] for one in parts)
    return sum(one["sent"] for one in parts), refused, None if None in requests else sum(requests)


def _print_one(found: Sequence[Mapping[str, Any]]) -> None:
    one = found[0]
    say(f"run {one['id']}: {one['command']}, {one['started'][:19]} to {(one['ended'] or '?')[:19]}, {one['status']}")
    if one["error"]:
        for line in one["error"].split("\n"):
            say(f"  {line}")
    for name, figures in one["destinations"].items():
        say(f"{name}: " + ", ".join(f"{what} {count}" for what, count in figures.items() if count))
    for row in one["rejects"]:
        say(f"refused {row['stream']} {row['place']}: {row['key']}: {row['reason']} {row['server'] or ''}".rstrip())
