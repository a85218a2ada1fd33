"""Options that several commands have.

No option takes a key, because every user of a machine can read the command lines of its processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

F = TypeVar("F", bound="Callable[..., Any]")


def complete_files(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the path of a file or folder."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def config_option(command: F) -> F:
    """Add ``--config``."""
    option = click.option(
        "--config",
        multiple=True,
        metavar="FILE",
        shell_complete=complete_files,
        help="JSON file with settings such as base_url, api_key and management_key. Repeat it to add files; the last "
        "one wins. Environment variables (TALON_ONE_API_KEY, TALON_ONE_MANAGEMENT_KEY, ...) override all files.",
    )
    return option(command)


def connection_options(command: F) -> F:
    """Add ``--config`` and ``--base-url``."""
    base_url = click.option(
        "--base-url", metavar="URL", help="Base URL of your Talon.One deployment; overrides TALON_ONE_BASE_URL."
    )
    return config_option(base_url(command))


def sync_options(command: F) -> F:
    """Add the argument SYNC.yml, which may be a folder, ``--select`` and ``--config``."""
    select = click.option(
        "--select",
        multiple=True,
        metavar="NAME,NAME",
        help="Run only these syncs. Syncs that they depend on run only if they are named too.",
    )
    file = click.argument("sync_file", metavar="SYNC.yml|FOLDER", shell_complete=complete_files)
    return file(select(config_option(command)))


def guard_option(command: F) -> F:
    """Add ``--guard``."""
    option = click.option(
        "--guard",
        "guards",
        multiple=True,
        metavar="[SYNC.]NAME=VALUE",
        help="Set a guard in this run only, like max_deletes=500, or vip.max_delete_share=0.5 for the sync vip alone. "
        "Repeat it for each guard.",
    )
    return option(command)


def store_of_option(command: F) -> F:
    """Add ``--sync``."""
    option = click.option(
        "--sync", "sync_file", metavar="SYNC.yml", help="Use the settings of this file, among them its store."
    )
    return option(command)


def schema_option(command: F) -> F:
    """Add ``--schema``."""
    option = click.option(
        "--schema", default="talon_one", show_default=True, help="Schema of the tables in the warehouse."
    )
    return option(command)


def report_option(command: F) -> F:
    """Add ``--report``."""
    option = click.option(
        "--report",
        metavar="FILE.html",
        shell_complete=complete_files,
        help="Write a report as one HTML file: counts, timeline, why rows were refused.",
    )
    return option(command)


def json_option(help_text: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)
