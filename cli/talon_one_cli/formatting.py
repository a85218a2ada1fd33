"""Format tables for the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from talon_one_singer.cli.output import checked_stdout
from talon_one_singer.reporting.printable import printable
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

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
