"""Logging to stderr, one line a message, with every secret masked. stdout belongs to the messages."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from talon_one_singer.errors import ConfigError
from talon_one_singer.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TextIO

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SHORTEST_SECRET = 4


class Redactor:
    """Masks known secrets in text, as they are and as URLs, JSON and Python literals spell them.

    Secrets of less than four characters are left alone: masking them would garble every line and so tell them.
    """

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        self._spellings: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret | str) -> None:
        """Masks this one too from now on."""
        value = secret.reveal() if isinstance(secret, Secret) else secret
        if len(value) >= _SHORTEST_SECRET:
            forms = {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1], repr(value)[1:-1]}
            self._spellings = tuple(sorted({*self._spellings, *forms}, key=len, reverse=True))

    def add_from(self, settings: Mapping[str, object]) -> None:
        """Masks every secret among loaded settings."""
        for value in settings.values():
            if isinstance(value, Secret):
                self.add(value)

    def __call__(self, text: str) -> str:
        """The text, masked."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return text


class RedactingFormatter(logging.Formatter):
    """``2026-11-22T12:00:00Z INFO tap-talon-one message``, masked after all else, tracebacks included.

    A ``logging.Filter`` would not do: it sees a record before the exception's text is made.
    """

    def __init__(self, name: str, redact: Redactor) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {name} %(message)s")
        self._redact = redact

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  logging's name
        """The time of a record in UTC, to the second."""
        return time.strftime(datefmt or "%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))

    def format(self, record: logging.LogRecord) -> str:
        """The line (with an exception: lines) of a record."""
        return self._redact(super().format(record))


class _StderrHandler(logging.StreamHandler["TextIO"]):
    """Writes to what ``sys.stderr`` is at that moment, so that a progress display can take it over."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute there
        return sys.stderr


def log_level(environ: Mapping[str, str], prefix: str) -> str:
    """The level asked for by ``<PREFIX>_LOGLEVEL`` or ``LOGLEVEL``, else INFO.

    Raises:
        ConfigError: no such level.
    """
    for variable in (f"{prefix}_LOGLEVEL", "LOGLEVEL"):
        level = environ.get(variable, "").strip().upper()
        if level and level not in _LEVELS:
            raise ConfigError(f"{variable} must be one of {', '.join(_LEVELS)}, not {environ[variable]!r}")
        if level:
            return level
    return "INFO"


def configure_logging(name: str, level: str, redact: Redactor, stream: TextIO | None = None) -> None:
    """Sends all logging of the process to ``stream`` (None: stderr), and nothing to anywhere else."""
    handler = logging.StreamHandler(stream) if stream else _StderrHandler()
    handler.setFormatter(RedactingFormatter(name, redact))
    logging.basicConfig(level=level, handlers=[handler], force=True)
