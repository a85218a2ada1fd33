"""Everything this package raises, grouped by what the caller does next.

SingerError           exit 1    an expected failure: told in one line, without traceback
├── ConfigError       exit 2    fix a setting, the catalog, the state or the command line, then run again
├── OutputError       exit 1    the output took no more bytes: disk full, device gone
│   └── ClosedPipe    exit 141  the reader has gone: end without a word
└── Stopped           exit 128 + signal number: asked to stop, and stopped cleanly

A closed pipe ends with 141, what a shell shows for `cat` or `grep` killed by SIGPIPE. Not with 0: an orchestrator
must not take a tap whose target died for one that delivered everything.

No error holds the value of a secret setting.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from talon_one_singer.exit_codes import SIGNAL_BASE, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator


class SingerError(Exception):
    """Base of all expected failures.

    Args:
        lines: the message, one problem each. A line break in one is somebody else's, a server's for example.

    Attributes:
        exit_code: what the process ends with.
    """

    exit_code: int = ExitCode.FAILED

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The message, one problem a line."""
        return list(map(str, self.args))


class ConfigError(SingerError):
    """A setting, the catalog, the state or a file of them cannot be used; fix it and run again."""

    exit_code = ExitCode.CONFIG


class OutputError(SingerError):
    """The output did not take what was written; what the last STATE covers is safe."""


class ClosedPipe(OutputError):
    """The process that reads the output has ended."""

    exit_code = ExitCode.CLOSED_PIPE


class Stopped(SingerError):
    """SIGTERM or SIGINT has come and the work ended early."""

    def __init__(self, signum: int) -> None:
        self.exit_code = SIGNAL_BASE + signum
        super().__init__(f"stopped by signal {signum}")


@contextmanager
def output_errors() -> Iterator[None]:
    """Turns what the system says about a failed write into our errors.

    Raises:
        ClosedPipe: the reader has gone.
        OutputError: anything else, a full disk for example.
    """
    try:
        yield
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ClosedPipe("the process that reads the output has ended") from error
    except OSError as error:
        raise OutputError(
            f"cannot write the output: {error.strerror or error}; "
            "make room or choose another place, then run again from the last state"
        ) from error
