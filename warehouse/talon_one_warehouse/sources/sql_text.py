"""The one query of a SQL file, without the semicolon at its end, so that it can stand within another statement."""

from __future__ import annotations

import re

from talon_one_warehouse.errors import WarehouseConfigError

# $tag$…$tag$ is a text of PostgreSQL and DuckDB; a dollar after a letter or a digit is part of a name.
_PIECE = re.compile(
    r"""(?P<line>--[^\n]*)
    |(?P<block>/\*)
    |(?P<escaped>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'?)
    |(?P<text>'(?:[^']|'')*'?)
    |(?P<name>"(?:[^"]|"")*"?|`[^`]*`?)
    |(?P<dollar>(?<![\w$])\$(?P<tag>[^\W\d]\w*)?\$)
    |(?P<end>;)
    |(?P<blank>\s+)
    |(?P<word>\w[\w$]*|.)""",
    re.VERBOSE | re.DOTALL,
)
_READING = ("select", "with", "values", "show", "describe", "desc", "table", "from")
_BACKSLASHED = re.compile(r"'(?:[^'\\]|\\.|'')*'?", re.DOTALL)
_BLOCK_EDGE = re.compile(r"/\*|\*/")


def one_query(sql: str, place: str, *, backslashes: bool = False) -> str:
    r"""Return the query without its final semicolon; a line break ends a comment in its last line.

    Args:
        sql: the content of a ``.sql`` file.
        place: the setting, for messages.
        backslashes: some databases read ``\'`` as a quote within a text, so try that as well.

    Raises:
        WarehouseConfigError: the text holds no query, or several.
    """
    ends = _ends(sql)
    if backslashes and (ends is None or _several(sql, ends)):
        other = _ends(sql, backslashes=True)
        ends = other if other is not None else ends
    if ends is None:
        return sql + "\n"  # an unclosed quote: the database reports it
    if _several(sql, ends):
        raise WarehouseConfigError(f"{place} must be one query, not several; leave out what follows the first ;")
    if not ends.pieces:
        raise WarehouseConfigError(f"{place} must be one query: a SELECT; it is empty")
    at = set(ends.semicolons)
    return "".join(" " if index in at else letter for index, letter in enumerate(sql)) + "\n"


def require_select(sql: str, place: str) -> None:
    """Check that a statement begins like a query; the client of a database would run any other statement too.

    Args:
        sql: one statement.
        place: the setting, for messages.

    Raises:
        WarehouseConfigError: it begins with another word.
    """
    ends = _ends(sql)
    begin = next((at for at in (ends.pieces if ends else ()) if sql[at] != "("), None)
    word = re.match(r"\w+", sql[begin:]) if begin is not None else None
    if word is None or word[0].lower() not in _READING:
        raise WarehouseConfigError(f"{place} must be a query: a SELECT, or WITH and a SELECT")


class _Ends:
    """Where statements end.

    Attributes:
        semicolons: positions of the semicolons.
        pieces: positions of all that is neither blank nor comment nor semicolon.
    """

    def __init__(self) -> None:
        self.semicolons: list[int] = []
        self.pieces: list[int] = []


def _several(sql: str, ends: _Ends | None) -> bool:
    return bool(ends and ends.semicolons and ends.pieces and ends.pieces[-1] > ends.semicolons[0])


def _ends(sql: str, *, backslashes: bool = False) -> _Ends | None:
    """Return the semicolons outside of quotes and comments; None if a quote or a comment is not closed."""
    found, at = _Ends(), 0
    while at < len(sql):
        piece = _PIECE.match(sql, at)
        assert piece is not None  # any character is a word
        kind, end = _kind(piece), piece.end()
        if kind == "block":
            end = _after_block(sql, end)
        elif kind == "dollar":
            closing = sql.find(piece[0], end)
            end = -1 if closing < 0 else closing + len(piece[0])
        elif kind == "text" and backslashes:
            string = _BACKSLASHED.match(sql, at)
            end = string.end() if string else end
        if end < 0:
            return None
        if kind == "end":
            found.semicolons.append(at)
        elif kind not in ("line", "block", "blank"):
            found.pieces.append(at)
        at = end
    return found


def _kind(piece: re.Match[str]) -> str:
    return next(name for name, text in piece.groupdict().items() if text is not None and name != "tag")


def _after_block(sql: str, at: int) -> int:
    """Return the end of a comment, which may contain others; -1 if it is not closed."""
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(sql, at)
        if edge is None:
            return -1
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at
