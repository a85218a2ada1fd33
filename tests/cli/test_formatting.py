"""Tables of the command line show every figure completely, however narrow the terminal is."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

import talon_one_cli
from talon_one_cli.formatting import FigureTable, open_console, say_lines_or_blocks
from talon_one_cli.sync.reports import run_heads

PLAN = ("add", "change", "remove", "unchanged", "refused", "new profiles", "requests", "minutes")
TABLES = {
    "plan": (("sync", "sink", "mode"), PLAN),
    "push": (("sync",), run_heads(())),
    "runs": (("run", "command", "started", "status"), ("sent", "refused", "requests")),
    "demo": (("load", "stream"), ("rows read", "new in DuckDB", "calls", "seconds")),
}
LONG = "a_sync_with_quite_a_long_name_for_customers_of_every_store_in_the_country"


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self):
        """Return True."""
        return True

    def lines(self):
        """Return the lines without colors."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue()).splitlines()


@pytest.fixture(params=[60, 80, 200])
def use_terminal(request, monkeypatch):
    """A function that makes a terminal with so many columns standard output."""

    def use():
        made = Terminal()
        monkeypatch.setattr("sys.stdout", made)
        monkeypatch.setenv("COLUMNS", str(request.param))
        monkeypatch.setenv("TERM", "xterm")
        made.columns = request.param
        return made

    return use


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("text", ["vip", LONG])
def test_no_figure_and_no_name_is_cut(use_terminal, name, text):
    """Every head and every cell of each table is there completely, in the table or one below the other."""
    terminal, (texts, numbers) = use_terminal(), TABLES[name]
    table = FigureTable(texts, numbers, "What a push would change")
    cells = [*(f"{text}-{n}" for n in range(len(texts))), *(f"{1_234_567_890 + n:,}" for n in range(len(numbers)))]
    table.add_row(*cells)
    table.print(open_console())
    shown = terminal.lines()
    assert [] == [word for word in (*texts, *numbers, *cells) if not any(word in line for line in shown)]
    assert "…" not in terminal.getvalue()
    assert [] == [line for line in shown if "│" in line and len(line) > terminal.columns]


def test_a_table_that_fits_is_printed_as_a_table(use_terminal):
    """Small figures stay in one line."""
    terminal = use_terminal()
    table = FigureTable(("sync",), ("read", "sent"))
    table.add_row("vip", "3", "2")
    table.print(open_console())
    assert "│ vip  │    3 │    2 │" in terminal.lines()


def test_lines_without_borders_become_blocks_too(use_terminal):
    """Lines that are longer than the terminal are printed as one cell a line, the numbers right-aligned."""
    terminal = use_terminal()
    rows = [("loyalty", "1,234,567"), ("cards", "7")]
    say_lines_or_blocks(["x" * 70], ("stream", "read"), rows, 1)
    blocks = ["stream  loyalty", "read    1,234,567", "", "stream  cards", "read            7"]
    assert (blocks if terminal.columns < 70 else ["x" * 70]) == terminal.lines()


def test_every_table_is_a_table_of_figures():
    """No module of the command line prints a table by another way, which could cut it."""
    root = Path(talon_one_cli.__file__).parent
    assert ["formatting.py"] == [one.name for one in root.rglob("*.py") if "rich.table" in one.read_text()]
