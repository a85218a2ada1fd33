"""Text made fit for terminals and logs."""

from __future__ import annotations

import logging
import sys

import pytest

from talon_one_singer.reporting.logs import RedactingFormatter, Redactor
from talon_one_singer.reporting.printable import printable, printable_lines


def test_every_character_that_cannot_be_seen_is_escaped():
    """For all of Unicode the result is printable, and printable characters are unchanged."""
    for start in range(0, sys.maxunicode, 4096):
        text = "".join(map(chr, range(start, start + 4096)))
        shown = printable(text)
        assert shown.isprintable()
        assert [c for c in text if c.isprintable()] == [c for c in text if c.isprintable() and c in shown]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cust\x1b[31m", r"cust\x1b[31m"),
        ("a\r\nERROR forged", r"a\r\nERROR forged"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("tab\there", r"tab\there"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("half \ud800 pair", r"half \ud800 pair"),
        ("Łódź 日本 🎉", "Łódź 日本 🎉"),
    ],
)
def test_controls_and_tricks_are_shown_as_what_they_are(text, shown):
    """ANSI codes, line breaks, bidi overrides and halves of surrogate pairs are escaped."""
    assert shown == printable(text)


def test_lines_stay_lines():
    """Text is split into lines at line feeds only."""
    assert "a\n\\rb\n\\u2028c" == printable_lines("a\n\rb\n\u2028c")


def test_a_message_cannot_forge_a_line_of_the_log():
    """One record is one line, and a traceback is indented."""
    forged = "2026-01-01T00:00:00Z ERROR tap-x all is lost"
    try:
        raise RuntimeError(f"x\n{forged}")
    except RuntimeError as error:
        record = logging.LogRecord("x", logging.INFO, "f", 1, "id %s", (f"a\n{forged}",), (type(error), error, None))
    lines = RedactingFormatter("tap-x", Redactor()).format(record).split("\n")
    assert [] == [line for line in lines[1:] if not line.startswith("  ")]
    assert f"id a\\n{forged}" in lines[0]
