"""The errors of this package, grouped by what the caller does next.

SingerError           exit 1    an expected failure: reported in one line, without traceback
├── ConfigError       exit 2    fix a setting, the catalog, the state or the command line, then run again
├── OutputError       exit 1    the output cannot be written: disk full, device gone
│   └── ClosedPipe    exit 141  the reader has closed the output: end without a message
└── Stopped           exit 128 + signal number: stopped gracefully by a signal

A closed pipe ends with 141, the code of a `cat` or `grep` that SIGPIPE has killed, and not with 0: an orchestrator
must not take a tap whose target died for a tap that delivered everything.

No error contains the value of a secret setting.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from talon_one_singer.exit_codes import SIGNAL_BASE, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class SingerError(Exception):
    """Base class of all expected failures.

    Args:
        lines: the message, one problem in each line. A line break within a line comes from elsewhere, like a server.
        brief: the lines without values of rows.

    Attributes:
        exit_code: exit code of the process.
        causes: the errors that a run has collected, for example one for each stream; see ``cli.guarded.exit_code_of``.
        brief: the lines without the reasons why rows were refused, which show values of rows; empty if they have none.
    """

    exit_code: int = ExitCode.FAILED
    causes: Sequence[Exception] = ()
    brief: tuple[str, ...] = ()

    def __init__(self, *lines: str, brief: Sequence[str] = ()) -> None:
        self.brief = tuple(brief)
        super().__init__(*lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The message, one problem in each line."""
        return list(map(str, self.args))


def lines_of(error: Exception, *, values: bool = True) -> list[str]:
    """Return the message of an error, one problem in each line; ``values``: it may show values of rows."""
    if isinstance(error, SingerError):
        return error.lines if values else list(error.brief) or error.lines
    return [str(error)]


class ConfigError(SingerError):
    """A setting, the catalog, the state or one of their files cannot be used; fix it and run again."""

    exit_code = ExitCode.CONFIG


class OutputError(SingerError):
    """The output cannot be written; everything up to the last STATE is safe."""


class ClosedPipe(OutputError):
    """The process that reads the output has ended."""

    exit_code = ExitCode.CLOSED_PIPE


class Stopped(SingerError):
    """The work ended early because of SIGTERM or SIGINT."""

    def __init__(self, signum: int) -> None:
        self.exit_code = SIGNAL_BASE + signum
        super().__init__(f"stopped by signal {signum}")


@contextmanager
def output_errors() -> Iterator[None]:
    """Translate the errors of a failed write.

    Raises:
        ClosedPipe: the reader has closed the output.
        OutputError: any other error, for example a full disk.
    """
    try:
        yield
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ClosedPipe("the process that reads the output has ended") from error
    except OSError as error:
        raise OutputError(
            f"cannot write the output: {error.strerror or error}; "
            "free space or choose another output, then run again from the last state"
        ) from error
