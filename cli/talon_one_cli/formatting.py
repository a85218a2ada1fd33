"""Format tables for the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from talon_one_singer.cli.output import checked_stdout, say
from talon_one_singer.reporting.printable import printable
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

_WIDE = 240  # columns in a file or a pipe
_UNLIMITED = 100_000


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


class FigureTable:
    """A table whose text columns are followed by right-aligned columns of numbers; it is never printed with cut cells.

    If the terminal is too narrow for the table, each row is a block of lines, with one cell in each line.
    """

    def __init__(self, texts: Sequence[str], numbers: Sequence[str], title: str | None = None) -> None:
        self._texts, self._numbers, self._title = texts, numbers, title
        self._rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        """Add a row with a cell for each column."""
        self._rows.append(cells)

    def print(self, console: Console) -> None:
        """Print the table, or the blocks."""
        from rich import box
        from rich.table import Table

        table = Table(box=box.HEAVY_HEAD, title=self._title)
        for name in self._texts:
            table.add_column(name)
        for name in self._numbers:
            table.add_column(name, justify="right")
        for cells in self._rows:
            table.add_row(*cells)
        unlimited = console.options.update(max_width=_UNLIMITED)
        if console.measure(table, options=unlimited).maximum <= console.width:
            console.print(table)
            return
        if self._title:
            console.print(self._title, soft_wrap=True)
        for line in block_lines((*self._texts, *self._numbers), self._rows, len(self._texts)):
            console.print(line, soft_wrap=True)


def block_lines(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> Iterator[str]:
    """Yield a line for each cell and an empty line between two rows; columns after the first ``texts`` are numbers."""
    head_width = max(map(len, heads))
    number_width = max((len(cell) for cells in rows for cell in cells[texts:]), default=0)
    for index, cells in enumerate(rows):
        if index:
            yield ""
        for column, (head, cell) in enumerate(zip(heads, cells, strict=True)):
            if column >= texts:
                yield f"{head:<{head_width}}  {cell:>{number_width}}"
            elif cell:
                yield f"{head:<{head_width}}  {cell}"


def say_lines_or_blocks(lines: Sequence[str], heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> None:
    """Print the lines of a table without borders, or its blocks if the terminal is too narrow for the lines."""
    fit = max(map(len, lines)) <= open_console().width
    for line in lines if fit else block_lines(heads, rows, texts):
        say(line)
