"""Text from ids, files and servers, made safe for a terminal and for one line of a log."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return one line in which controls, line breaks, ANSI and bidi characters are escaped, like ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    r"""Return text of several lines escaped like ``printable``, except that ``\n`` stays."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))
