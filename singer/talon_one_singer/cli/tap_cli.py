"""The command line of a tap, as the Singer SDK and Meltano know it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from talon_one_singer.cli.guarded import guarded
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.errors import output_errors
from talon_one_singer.reporting.logs import Redactor, configure_logging, log_level

if TYPE_CHECKING:
    from talon_one_singer.cli.about import AboutFormat
    from talon_one_singer.cli.definition import TapDefinition


@dataclass(frozen=True, slots=True)
class Options:
    """What was given on the command line."""

    config: tuple[str, ...] = ()
    catalog: str | None = None
    properties: str | None = None
    state: str | None = None
    discover: bool = False
    test: bool = False
    about: bool = False
    format: AboutFormat = "text"
    version: bool = False


CONFIG_OPTION = click.Option(
    ["--config"], multiple=True, metavar="FILE|ENV", help="Settings; again to add. ENV: environment."
)
ABOUT_OPTIONS = (
    click.Option(["--about"], is_flag=True, help="What this is, and its settings."),
    click.Option(
        ["--format"],
        type=click.Choice(["text", "json", "markdown"]),
        default="text",
        help="Of --about.",
        show_default=True,
    ),
    click.Option(["--version"], is_flag=True, help="Print name and version."),
)
_OPTIONS = (
    CONFIG_OPTION,
    click.Option(["--discover"], is_flag=True, help="Print the catalog of all streams."),
    click.Option(["--catalog"], metavar="FILE", help="Which streams and fields to read."),
    click.Option(["--properties"], metavar="FILE", help="The old name of --catalog."),
    click.Option(["--state"], metavar="FILE", help="Where the last run ended."),
    click.Option(["--test"], is_flag=True, help="Check settings, keys and connection."),
    *ABOUT_OPTIONS,
)


def tap_command(definition: TapDefinition) -> click.Command:
    """The command of a tap, ready to be a console script.

    Exit codes: 0; 1 an error while running; 2 something to fix in settings, files or command line; 130 and 143
    stopped by SIGINT and SIGTERM; 141 the reader of the output has gone.
    """

    def run(**given: Any) -> None:
        click.get_current_context().exit(run_tap(definition, Options(**given)))

    return click.Command(
        definition.name,
        callback=run,
        params=list(_OPTIONS),
        help=definition.description,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run_tap(definition: TapDefinition, options: Options) -> int:
    """Does what the options say; gives the exit code."""
    redact, stop = Redactor(), StopSignal()

    def work() -> None:
        configure_logging(definition.name, "INFO", redact)
        text = _page(definition, options)
        if text is not None:
            print_text(text)
            return
        configure_logging(definition.name, log_level(os.environ, definition.settings.prefix), redact)
        from talon_one_singer.cli.run import discover, run

        if options.discover:
            print_text(discover(definition, options, redact))
        else:
            with stop.installed():
                run(definition, options, redact, stop)

    return guarded(definition, redact, stop, work)


def _page(definition: TapDefinition, options: Options) -> str | None:
    """The text of ``--version`` or ``--about``."""
    if options.version:
        return f"{definition.name} v{definition.version}\n"
    if options.about:
        from talon_one_singer.cli.about import about

        return about(definition, options.format)
    return None


def print_text(text: str) -> None:
    """Writes to stdout, or tells that it is gone."""
    with output_errors():
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
