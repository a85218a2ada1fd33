"""Run the work of a command, print its error, and return its exit code."""

from __future__ import annotations

import logging
import signal
import sys
from traceback import clear_frames
from typing import TYPE_CHECKING

from talon_one_singer.cli.output import drop_stdout
from talon_one_singer.errors import ClosedPipe, OutputError, SingerError, Stopped, output_errors
from talon_one_singer.exit_codes import SIGNAL_BASE, ExitCode
from talon_one_singer.reporting.printable import printable
from talon_one_singer.reporting.redaction import activate
from talon_one_singer.reporting.resource_errors import OUT_OF_MEMORY, is_panic, resource_shortage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_singer.cli.definition import PluginDefinition
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor

logger = logging.getLogger(__name__)

# Released when memory runs out, so that the error can be printed and the process can end normally.
_RESERVED_BYTES = 4 << 20


def guarded(definition: PluginDefinition, redact: Redactor, stop: StopSignal, work: Callable[[], None]) -> int:
    """Do the work and return the exit code.

    An expected error is printed as one line for each problem, and a stop by a signal as one line that says what is
    safe. Any other error is a bug: its traceback is printed with secrets masked and with the address for reports. From
    here on the redactor is used in the whole process.
    """
    activate(redact)
    reserve = bytearray(_RESERVED_BYTES)
    try:
        return _run(definition, redact, stop, work)
    except (MemoryError, SystemError) as error:  # raised while printing another one; C code raises SystemError
        reserve.clear()
        clear_frames(error.__traceback__)
        sys.stderr.write(f"Error: {OUT_OF_MEMORY}\n")
        return ExitCode.FAILED


def exit_code_of(error: BaseException, expected: Mapping[type[Exception], int]) -> int:
    """Return the exit code of an error; if it has causes, and all of them are wrong settings, it is that of settings.

    Args:
        error: an expected error.
        expected: exit code by class for errors of other packages, the first match counts.
    """
    causes = error.causes if isinstance(error, SingerError) else ()
    if causes and all(exit_code_of(cause, expected) == ExitCode.CONFIG for cause in causes):
        return ExitCode.CONFIG
    if isinstance(error, SingerError):
        return error.exit_code
    return next((code for kind, code in expected.items() if isinstance(error, kind)), ExitCode.FAILED)


def _run(definition: PluginDefinition, redact: Redactor, stop: StopSignal, work: Callable[[], None]) -> int:
    try:
        work()
        with output_errors():
            sys.stdout.flush()
    except OutputError as error:
        drop_stdout()
        if not isinstance(error, ClosedPipe):
            _print_error(redact, error)
        return _stopped_code(stop) or error.exit_code
    except Stopped as error:
        _print_stop(f"Stopped by {_signal_name(error.exit_code)}: {definition.after_stop}.")
        return error.exit_code
    except SingerError as error:
        _print_error(redact, error)
        return exit_code_of(error, definition.expected_errors)
    except Exception as error:  # noqa: BLE001  the outermost place: nothing may end in a bare traceback
        return _other_exit_code(definition, redact, error)
    except BaseException as error:
        if is_panic(error):
            return _other_exit_code(definition, redact, error)
        raise
    code = _stopped_code(stop)
    if code:
        _print_stop(f"{_signal_name(code)} came too late to stop anything: all work was done.")
    return code


def _stopped_code(stop: StopSignal) -> int:
    return SIGNAL_BASE + stop.signum if stop.signum else ExitCode.OK


def _signal_name(exit_code: int) -> str:
    return signal.Signals(exit_code - SIGNAL_BASE).name


def _print_stop(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _other_exit_code(definition: PluginDefinition, redact: Redactor, error: BaseException) -> int:
    for kind, exit_code in definition.expected_errors.items():
        if isinstance(error, kind):
            _print_error(redact, error)
            return exit_code
    if shortage := resource_shortage(error):
        _print_error(redact, SingerError(f"{shortage} ({type(error).__name__})"))
        return ExitCode.FAILED
    where = f" Please report it at {definition.report_url} with these lines." if definition.report_url else ""
    logger.critical(
        "internal error: this is a bug in %s v%s.%s", definition.name, definition.version, where, exc_info=error
    )
    return ExitCode.FAILED


def _print_error(redact: Redactor, error: Exception) -> None:
    lines = error.lines if isinstance(error, SingerError) else [str(error)]
    for line in lines if any(lines) else [type(error).__name__]:
        sys.stderr.write(f"Error: {redact(printable(line))}\n")
