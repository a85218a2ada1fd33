"""Format amounts and tables for the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from talon_one_singer.cli.output import checked_stdout
from talon_one_singer.reporting.printable import printable
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.console import Console

_WIDE = 240  # characters in a file or a pipe, where nothing is cut off for the want of room


def console() -> Console:
    """Standard output, as wide as the terminal, or wide enough for any table.

    Text is shown as it is, without markup, made printable and redacted.
    """
    from rich.console import Console
    from rich.text import Text  # noqa: TC002  a lazy import, as that of the console

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(redact(printable(text)), **options)

    width = None if sys.stdout.isatty() else _WIDE
    return PlainConsole(file=checked_stdout(), width=width, markup=False, emoji=False, highlight=False)


def plain(amount: Decimal) -> str:
    """An amount without the zeros that fill its column: 12.5 and not 12.500000000000000000."""
    return _without_zeros(f"{amount:f}")


def signed(amount: Decimal) -> str:
    """A difference with its sign: +12.5."""
    return _without_zeros(f"{amount:+f}")


def grouped(amount: Decimal) -> str:
    """An amount with commas between thousands: 1,250.5."""
    return _without_zeros(f"{amount:,f}")


def _without_zeros(text: str) -> str:
    # As text, because Decimal.normalize() rounds to 28 digits.
    return text.rstrip("0").rstrip(".") if "." in text else text
