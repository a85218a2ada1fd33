"""Progress, in a log and on a terminal."""

import io
import logging
import os
import pty
import select
import sys

import pytest

from talon_one_singer.reporting.metrics import Metrics, Totals
from talon_one_singer.reporting.progress import LogProgress, TerminalProgress, format_duration, progress_for, summary


@pytest.fixture
def metrics(clock):
    return Metrics(clock)


@pytest.fixture
def log_lines(caplog):
    caplog.set_level(logging.INFO, logger="talon_one_singer.reporting.progress")
    return lambda: caplog.messages


def _read_until(controller, text):
    """Return what was written until the text appears; a terminal returns it in pieces."""
    seen = ""
    while text not in seen and select.select([controller], [], [], 5)[0]:
        seen += os.read(controller, 1 << 16).decode()
    return seen


@pytest.fixture
def terminal(monkeypatch):
    """A pseudo terminal: the end to write to, and a function that reads until a text appears."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "150")
    controller, follower = pty.openpty()
    with os.fdopen(follower, "w") as screen:
        yield screen, lambda text: _read_until(controller, text)
    os.close(controller)


def test_a_log_gets_a_line_every_ten_seconds(clock, metrics, log_lines):
    """A line shows rows, rate, share, remaining time and requests of each running stream."""
    progress = LogProgress(metrics, clock)
    progress.start("balances", total=100, unit="cards")
    progress.start("users")
    for _ in range(4):
        metrics.records("balances", 1000)
        metrics.request("/v1", 200, 0.1)
        progress.advance("balances", 5)
        clock.now_s += 5
        progress.tick()
    assert [
        "balances: 2,000 rows, 200 rows/s, 10 of 100 cards (10 %), 1 min 30 s left, 2 requests",
        "users: 0 rows, 0 rows/s, 2 requests",
        "balances: 4,000 rows, 200 rows/s, 20 of 100 cards (20 %), 1 min 20 s left, 4 requests",
        "users: 0 rows, 0 rows/s, 4 requests",
    ] == log_lines()


def test_a_finished_stream_is_not_shown(clock, metrics, log_lines):
    """A finished stream has no line, and its later units are ignored."""
    progress = LogProgress(metrics, clock)
    progress.start("a", total=4, unit="cards")
    progress.start("b")
    progress.finish("b")
    progress.advance("a")
    progress.advance("b")
    clock.now_s += 10
    progress.tick()
    progress.close()
    assert ["a: 0 rows, 0 rows/s, 1 of 4 cards (25 %), 30 s left, 0 requests"] == log_lines()


def test_a_terminal_gets_bars(clock, metrics, terminal):
    """Bars are drawn on tick and removed when finished, and the cursor is restored."""
    screen, read = terminal
    progress = TerminalProgress(metrics, clock, screen)
    progress.start("balances", total=100, unit="cards")
    metrics.records("balances", 500)
    progress.advance("balances", 25)
    clock.now_s += 1
    progress.tick()
    line = "500 rows, 500 rows/s, 25 of 100 cards (25 %), 3 s left, 0 requests"
    drawn = read(line)
    progress.finish("balances")
    clock.now_s += 1
    progress.tick()
    progress.close()
    show_cursor = "\x1b[?25h"
    assert line in drawn
    assert show_cursor in read(show_cursor)


def test_a_terminal_is_not_drawn_too_often(clock, metrics, terminal, monkeypatch):
    """A thousand ticks within a tenth of a second draw nothing."""
    progress = TerminalProgress(metrics, clock, terminal[0])
    drawn = []
    monkeypatch.setattr(progress, "_show", lambda *_: drawn.append(1))
    for _ in range(1000):
        progress.tick()
    progress.close()
    assert [] == drawn


@pytest.mark.parametrize(
    ("stderr", "stdout", "kind"),
    [(True, False, TerminalProgress), (True, True, LogProgress), (False, False, LogProgress)],
)
def test_bars_need_a_terminal_of_their_own(clock, metrics, monkeypatch, stderr, stdout, kind):
    """Bars are shown only if stderr is a terminal and the messages do not go to one."""
    for name, is_terminal in (("stderr", stderr), ("stdout", stdout)):
        stream = io.StringIO()
        stream.isatty = lambda answer=is_terminal: answer
        monkeypatch.setattr(sys, name, stream)
    progress = progress_for(metrics, clock)
    progress.close()
    assert kind is type(progress)


def test_the_summary_counts_rows_and_requests():
    """The summary has rows by stream, requests, retries and duration."""
    totals = Totals({"users": 12000, "orders": 3}, requests=1234, retries=2, elapsed_s=75)
    assert "rows: users 12,000, orders 3; 1,234 requests, 2 of them retries; 1 min 15 s" == summary(totals)
    assert "rows: none; 0 requests, 0 of them retries; 0 s" == summary(Totals())


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3725, "1 h 02 min")]
)
def test_durations_are_short(seconds, expected):
    """A duration has at most two units."""
    assert expected == format_duration(seconds)
