"""One rule for every path and URL of a local file: source, store, warehouse, ids file, plan, rejects.

A path is taken as it is written, but for ``~``: ``%20`` in it is three characters. In a URL (``file:``, ``duckdb:``,
``sqlite:``) ``%20`` is a space, as RFC 3986 says; a file whose name holds the ``%20`` itself is found too, if there is
no other. Such a URL has neither query nor fragment, and no file is at MotherDuck: both are refused, since the text,
maybe with a token, would become the name of a new file.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from talon_one_singer.errors import ConfigError

MEMORY = ":memory:"
_FILE_URL = re.compile(r"file:(?://(?:localhost)?(?=/)|(?!//))(?P<path>/.*)", re.IGNORECASE | re.DOTALL)
_MOTHERDUCK = re.compile(r"(?:md|motherduck):", re.IGNORECASE)
_OTHER_SYSTEM = re.compile(r"[A-Za-z]\w+:", re.ASCII)  # DuckDB takes it for an extension, SQLite for a URI
_HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//|:)|file:/", re.IGNORECASE)


class FileUrlError(ConfigError, ValueError):
    """The URL of a file has a part that no file has. The message holds nothing of the URL, in which a token may be."""


def is_url(place: str) -> bool:
    """Whether it is a URL, or a chain of them as fsspec knows, and no path."""
    return _HAS_SCHEME.match(place) is not None


def local_path(place: str) -> str:
    """The path of a path or ``file:`` URL; any other URL as it is.

    Args:
        place: like ``a b.csv``, ``~/a.csv``, ``file:///data/a%20b.csv``, ``s3://bucket/a.csv``.

    Raises:
        FileUrlError: a ``file:`` URL with a host, a query or a fragment, or a place at MotherDuck.
    """
    _refuse_motherduck(place)
    found = _FILE_URL.fullmatch(place)
    if found:
        return path_in_url(found["path"])
    if place.lower().startswith("file:/"):
        raise FileUrlError("a file URL has three slashes before an absolute path, like file:///data/lake")
    return place if is_url(place) else expanded(place)


def path_in_url(text: str) -> str:
    """The path that stands in a URL, behind its slashes: decoded, and ``~`` expanded.

    Args:
        text: like ``/data/a%20b.duckdb`` or ``~/a.duckdb``.

    Raises:
        FileUrlError: it has a query or a fragment, or names another system, like ``md:``.
    """
    if text == MEMORY:
        return text
    _refuse_motherduck(unquote(text))
    if _OTHER_SYSTEM.match(text):
        raise FileUrlError(
            "the URL of a file names no other system before a colon; give a path, and write %3A for a colon in its "
            "first name"
        )
    for mark, code, part in (("?", "%3F", "query"), ("#", "%23", "fragment")):
        if mark in text:
            raise FileUrlError(
                f"the URL of a file has no {part}; leave out what is behind {mark}, or write {code} for a {mark} that "
                "is in the path"
            )
    plain, decoded = expanded(text), expanded(unquote(text))
    return plain if not Path(decoded).exists() and Path(plain).exists() else decoded


def _refuse_motherduck(place: str) -> None:
    if _MOTHERDUCK.match(place):
        raise FileUrlError(
            "MotherDuck (md:) is not supported; give a DuckDB file, like duckdb:///loyalty.duckdb (a file whose name "
            "begins so is ./md:...)"
        )


def expanded(path: str) -> str:
    """The path with ``~`` and ``~user`` as the directory that they stand for, if there is such a user."""
    if not path.startswith("~"):
        return path
    try:
        home = str(Path(path).expanduser())
    except RuntimeError:
        return path
    return home + "/" * (path.endswith("/") and not home.endswith("/"))
