"""The command line of a tap, compatible with the Singer SDK and Meltano."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from talon_one_singer.cli.about import about
from talon_one_singer.cli.guarded import guarded
from talon_one_singer.cli.options import ABOUT_OPTIONS, CONFIG_OPTION, Options
from talon_one_singer.cli.output import print_text
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor, configure_logging, log_level

if TYPE_CHECKING:
    from talon_one_singer.cli.definition import TapDefinition

_OPTIONS = (
    CONFIG_OPTION,
    click.Option(["--discover"], is_flag=True, help="Print the catalog of all streams."),
    click.Option(["--catalog"], metavar="FILE", help="Catalog that selects streams and fields."),
    click.Option(["--properties"], metavar="FILE", help="Old name of --catalog."),
    click.Option(["--state"], metavar="FILE", help="State of the last run."),
    click.Option(["--test"], is_flag=True, help="Check the settings, the keys and the connection."),
    *ABOUT_OPTIONS,
)


def tap_command(definition: TapDefinition) -> click.Command:
    """Return the command of a tap, for a console script.

    Exit codes: 0 success; 1 error during the run; 2 error in settings, files or command line; 130 and 143 stopped by
    SIGINT and SIGTERM; 141 the process that reads the output has closed it.
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
    """Run the command that the options select, and return the exit code."""
    redact, stop = Redactor(), StopSignal()

    def work() -> None:
        configure_logging(definition.name, "INFO", redact)
        text = _page(definition, options)
        if text is not None:
            print_text(text)
            return
        configure_logging(definition.name, log_level(os.environ, definition.settings.prefix), redact)
        from talon_one_singer.cli.run import discover, run  # imports msgspec

        if options.discover:
            print_text(discover(definition, options, redact))
        else:
            with stop.installed():
                run(definition, options, redact, stop)

    return guarded(definition, redact, stop, work)


def _page(definition: TapDefinition, options: Options) -> str | None:
    """Return the text of ``--version`` or ``--about``; None without these options."""
    if options.version:
        return f"{definition.name} v{definition.version}\n"
    if options.about:
        return about(definition, options.format)
    return None
