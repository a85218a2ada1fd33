"""Standard output and standard error of a process: preparation, writing and errors."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import IO, TYPE_CHECKING, Any, NoReturn, cast

import click

from talon_one_singer.cli.process import collect_rarely
from talon_one_singer.errors import ClosedPipe, OutputError, output_errors
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.reporting.printable import printable, printable_lines
from talon_one_singer.reporting.redaction import redact, redacted

if TYPE_CHECKING:
    from collections.abc import Sequence


def run_process(command: click.Command, name: str | None = None, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and exit; the outermost function of every program.

    Characters that the encoding of the output does not have are replaced, closed standard streams are detected, an
    error of the output is reported in one line on standard error, and click's messages about the arguments are
    redacted.

    Args:
        command: the command.
        name: name of the program.
        arguments: command line; None: the arguments of the process.
    """
    prepare_streams()
    collect_rarely()
    try:
        code = _exit_code(command, name, arguments)
        with output_errors():
            sys.stdout.flush()
    except (OSError, OutputError) as error:  # click writes help and version itself
        _fail(error)
    sys.exit(code)


def _exit_code(command: click.Command, name: str | None, arguments: Sequence[str] | None) -> int:
    try:
        return int(command.main(arguments, prog_name=name, standalone_mode=False) or 0)
    except click.ClickException as error:
        words = io.StringIO()
        error.show(file=words)
        sys.stderr.write(redact(printable_lines(words.getvalue())))
        return error.exit_code
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # click raises it for the end of the input, too
            sys.stderr.write("Stopped by SIGINT while no work was under way.\n")
            return ExitCode.INTERRUPTED
        sys.stderr.write("Aborted!\n")
        return ExitCode.FAILED


def prepare_streams() -> None:
    """Make sure that the three standard streams exist and can write every character."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        _hold(number, mode)
    # A closed standard output is now open for reading, so that writing to it still fails.
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BufferedWriter(_Closed()), encoding="utf-8")
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _hold(number: int, mode: int) -> None:
    """Open the null device in place of a closed stream, so that the next opened file does not get its number."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, mode)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


class _Closed(io.RawIOBase):
    """A standard output that was closed before the process started."""

    dropped = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, data: Any) -> int:
        if self.dropped:
            return len(data)
        raise OSError(9, "standard output is closed")


def checked_stdout() -> IO[str]:
    """Return standard output for a library that writes to a file; errors of the system become OutputErrors."""
    return cast("IO[str]", _CheckedStdout())


class _CheckedStdout:
    def write(self, text: str) -> int:
        with output_errors():
            return sys.stdout.write(text)

    def flush(self) -> None:
        with output_errors():
            sys.stdout.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stdout, name)


def drop_stdout() -> None:
    """Discard buffered output; otherwise Python would fail once more when it flushes at exit."""
    _Closed.dropped = True
    if sys.stdout is sys.__stdout__:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


def say(text: str = "", *, end: str = "\n", err: bool = False) -> None:
    """Write a line of text, made printable and redacted; line breaks in it are escaped, because names may contain them.

    Raises:
        ClosedPipe, OutputError: it cannot be written.
    """
    write_text(redact(printable(text)) + end, err=err)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Write a report as JSON, with its texts redacted.

    Raises:
        ClosedPipe, OutputError: it cannot be written.
    """
    write_text(json.dumps(redacted(value), indent=indent, default=str) + "\n")


def write_text(text: str, *, err: bool = False) -> None:
    """Write text unchanged and flush.

    Raises:
        ClosedPipe, OutputError: it cannot be written.
    """
    stream = sys.stderr if err else sys.stdout
    with output_errors():
        stream.write(text)
        stream.flush()


def print_text(text: str) -> None:
    """Write a page of text to standard output.

    Raises:
        ClosedPipe, OutputError: it cannot be written.
    """
    with output_errors():
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()


def write_data(data: bytes) -> None:
    """Write bytes: unchanged to a file or a pipe, made printable on a terminal.

    Raises:
        ClosedPipe, OutputError: it cannot be written.
    """
    if sys.stdout.isatty():
        write_text(printable_lines(data.decode("utf-8", "backslashreplace")))
        return
    with output_errors():
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _fail(error: OSError | OutputError) -> NoReturn:
    drop_stdout()
    try:
        with output_errors():
            raise error
    except ClosedPipe as closed:
        sys.exit(closed.exit_code)
    except OutputError as failed:
        sys.stderr.write(f"Error: {failed}\n")
        sys.exit(failed.exit_code)
