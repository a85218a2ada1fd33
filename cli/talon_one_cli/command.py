"""Run a command: logging, signals, and expected errors printed as one line each."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.after_stop import AFTER_STOP
from talon_one_cli.environment import misspelled_variables
from talon_one_singer.cli import guarded
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.errors import ClosedPipe, SingerError
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.reporting.logs import Redactor, configure_logging, log_level
from talon_one_singer.temporary_folders import sweep
from talon_one_warehouse import WarehouseConfigError, WarehouseError
from tap_talon_one.tap import definition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


logger = logging.getLogger("talon_one_cli")

_EXIT_CODES: Mapping[type[Exception], int] = {
    WarehouseConfigError: ExitCode.CONFIG,
    WarehouseError: ExitCode.FAILED,
    **definition().expected_errors,
}
EXPECTED: tuple[type[Exception], ...] = (SingerError, *_EXIT_CODES)
"""Errors that are no bug: they are printed as one line for each problem."""


def exit_code_of(error: Exception) -> int:
    """Return the exit code of an expected error."""
    return guarded.exit_code_of(error, _EXIT_CODES)


def guarded_run(name: str, work: Callable[[StopSignal, Redactor], None]) -> int:
    """Do the work of a command and return its exit code; see talon_one_singer.exit_codes."""
    redact, stop = Redactor(), StopSignal()
    redact.add_from(_command_line())

    def run() -> None:
        configure_logging(name, log_level(os.environ, "TALON_ONE"), redact)
        metrics = logging.getLogger("talon_one_singer.reporting.metrics")
        metrics.setLevel(logging.WARNING)  # commands print the counts themselves
        for problem in misspelled_variables(os.environ):
            logger.warning("%s", problem)
        sweep()
        with stop.installed():
            try:
                work(stop, redact)
            except BrokenPipeError as error:  # the reader has ended, like ``head``
                raise ClosedPipe("the program that reads the output has ended") from error

    after_stop = AFTER_STOP[name.removeprefix("talon-one ")]
    command = replace(definition(), name=name, expected_errors=_EXIT_CODES, after_stop=after_stop)
    return guarded.guarded(command, redact, stop, run)


def _command_line() -> list[Mapping[str, Any]]:
    """Return the options of the command line, whose URLs may hold secrets."""
    context = click.get_current_context(silent=True)
    found: list[Mapping[str, Any]] = []
    while context is not None:
        found.append(context.params)
        context = context.parent
    return found
