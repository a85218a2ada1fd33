"""Format amounts and tables for the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from talon_one_singer.cli.output import checked_stdout
from talon_one_singer.reporting.printable import printable
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from rich.console import Console
    from rich.table import Table

_WIDE = 240  # columns in a file or a pipe, so that no cell is cut off


def open_console() -> Console:
    """Return a console for standard output, as wide as the terminal, or wide enough for any table.

    It prints text without markup, with control characters escaped and secrets redacted.
    """
    from rich.console import Console
    from rich.text import Text  # noqa: TC002 - imported lazily, like the console

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(redact(printable(text)), **options)

    width = None if sys.stdout.isatty() else _WIDE
    return PlainConsole(file=checked_stdout(), width=width, markup=False, emoji=False, highlight=False)


def new_table(texts: Sequence[str], numbers: Sequence[str], title: str | None = None) -> Table:
    """Return a table whose text columns are followed by right-aligned columns of numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.HEAVY_HEAD, title=title)
    for name in texts:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def plain_amount(amount: Decimal) -> str:
    """Return an amount without trailing zeros: 12.5, not 12.500000000000000000."""
    return _without_zeros(f"{amount:f}")


def signed_amount(amount: Decimal) -> str:
    """Return a difference with its sign: +12.5."""
    return _without_zeros(f"{amount:+f}")


def grouped_amount(amount: Decimal) -> str:
    """Return an amount with thousands separators: 1,250.5."""
    return _without_zeros(f"{amount:,f}")


def _without_zeros(text: str) -> str:
    # As text, because Decimal.normalize() rounds to 28 digits.
    return text.rstrip("0").rstrip(".") if "." in text else text
