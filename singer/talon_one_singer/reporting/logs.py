"""The log on stderr: one line for each message, with secrets redacted. stdout carries the Singer messages."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.reporting.printable import printable, printable_lines
from talon_one_singer.reporting.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["RedactingFormatter", "Redactor", "configure_logging", "log_level"]

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class RedactingFormatter(logging.Formatter):
    """Formats ``2026-11-22T12:00:00Z INFO tap-talon-one message``, then redacts it and makes it printable.

    A message is one line, whatever ids and servers put into it; only tracebacks have more lines, which are indented.
    A ``logging.Filter`` would not be enough, because it runs before the text of an exception exists.
    """

    def __init__(self, name: str, redact: Redactor) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {name} %(message)s")
        self._redact = redact

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  logging's name
        """Return the time of a record in UTC, to the second."""
        return time.strftime(datefmt or "%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, followed by its exception."""
        return self._redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the line of a record without its exception."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        """Return the traceback, indented so that no line of it looks like a record."""
        return "  " + printable_lines(super().formatException(ei)).replace("\n", "\n  ")


class _StderrHandler(logging.StreamHandler["TextIO"]):
    """Writes to the current ``sys.stderr``, so that a progress display can replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute there
        return sys.stderr


def log_level(environ: Mapping[str, str], prefix: str) -> str:
    """Return the level in ``<PREFIX>_LOGLEVEL`` or ``LOGLEVEL``, else INFO.

    Raises:
        ConfigError: the level does not exist.
    """
    for variable in (f"{prefix}_LOGLEVEL", "LOGLEVEL"):
        level = environ.get(variable, "").strip().upper()
        if level and level not in _LEVELS:
            raise ConfigError(f"{variable} must be one of {', '.join(_LEVELS)}, not {environ[variable]!r}")
        if level:
            return level
    return "INFO"


def configure_logging(name: str, level: str, redact: Redactor, stream: TextIO | None = None) -> None:
    """Send all logging of the process to ``stream`` (None: stderr), and to nothing else."""
    handler = logging.StreamHandler(stream) if stream else _StderrHandler()
    handler.setFormatter(RedactingFormatter(name, redact))
    logging.basicConfig(level=level, handlers=[handler], force=True)
