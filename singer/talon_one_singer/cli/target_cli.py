"""The command line of a target."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from talon_one_singer.cli.about import about
from talon_one_singer.cli.definition import TargetContext
from talon_one_singer.cli.guarded import guarded
from talon_one_singer.cli.options import ABOUT_OPTIONS, CONFIG_OPTION
from talon_one_singer.cli.output import print_text
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor, configure_logging, log_level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_singer.cli.definition import TargetDefinition

logger = logging.getLogger(__name__)

_OPTIONS = (
    CONFIG_OPTION,
    click.Option(["--plan"], is_flag=True, help="Read all messages and print what would change, without changing it."),
    click.Option(["--test"], is_flag=True, help="Check the settings, the keys and the connection."),
    *ABOUT_OPTIONS,
)


def target_command(definition: TargetDefinition) -> click.Command:
    """Return the command of a target, for a console script.

    Exit codes: 0 success; 1 error during the run, unreadable lines or too many refused rows; 2 error in settings or
    files; 3 a guard stopped the run before the first call; 130 and 143 stopped by SIGINT and SIGTERM; 141 the process
    that reads the output has closed it.
    """

    def run(**given: Any) -> None:
        click.get_current_context().exit(run_target(definition, given))

    return click.Command(
        definition.name,
        callback=run,
        params=list(_OPTIONS),
        help=definition.description,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run_target(definition: TargetDefinition, options: Mapping[str, Any]) -> int:
    """Run the command that the options select, and return the exit code."""
    redact, stop = Redactor(), StopSignal()

    def work() -> None:
        configure_logging(definition.name, "INFO", redact)
        if options["version"]:
            print_text(f"{definition.name} v{definition.version}\n")
        elif options["about"]:
            print_text(about(definition, options["format"]))
        else:
            configure_logging(definition.name, log_level(os.environ, definition.settings.prefix), redact)
            with stop.installed():
                _run(definition, options, redact, stop)

    return guarded(definition, redact, stop, work)


def _run(definition: TargetDefinition, options: Mapping[str, Any], redact: Redactor, stop: StopSignal) -> None:
    # These import msgspec and more, which --version and --about do not need.
    from talon_one_singer.cli.run import load_settings
    from talon_one_singer.cli.stoppable_input import stoppable
    from talon_one_singer.protocol.message_writer import MessageWriter
    from talon_one_singer.reporting.metrics import Metrics
    from talon_one_singer.reporting.progress import summary
    from talon_one_singer.temporary_folders import sweep

    sweep()
    settings = load_settings(definition, options["config"], redact)
    metrics, writer = Metrics(time.monotonic), MessageWriter(sys.stdout.buffer)
    source = stoppable(sys.stdin.buffer, stop)
    context = TargetContext(settings, source, writer, metrics, stop, redact, options["plan"])
    try:
        (definition.test if options["test"] else definition.run)(context)
        writer.flush()
    finally:
        metrics.emit()
    logger.info("%s %s", "stopped," if stop.is_set() else "done,", summary(metrics.totals()))
