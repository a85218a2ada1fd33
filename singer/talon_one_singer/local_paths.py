"""One rule for every path and URL of a local file: source, store, warehouse, ids file, plan, rejects.

A path is taken as it is written, but for ``~``: ``%20`` in it is three characters. In a URL (``file:``, ``duckdb:``,
``sqlite:``) ``%20`` is a space, as RFC 3986 says; a file whose name holds the ``%20`` itself is found too, if there is
no other.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

MEMORY = ":memory:"
_FILE_URL = re.compile(r"file:(?://(?:localhost(?=/))?)?(?P<path>/.*)", re.IGNORECASE | re.DOTALL)
_HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//|:)|file:/", re.IGNORECASE)


def is_url(place: str) -> bool:
    """Whether it is a URL, or a chain of them as fsspec knows, and no path."""
    return _HAS_SCHEME.match(place) is not None


def local_path(place: str) -> str:
    """The path of a path or ``file:`` URL; any other URL as it is.

    Args:
        place: like ``a b.csv``, ``~/a.csv``, ``file:///data/a%20b.csv``, ``s3://bucket/a.csv``.
    """
    found = _FILE_URL.fullmatch(place)
    if found:
        return path_in_url(found["path"])
    return place if is_url(place) else expanded(place)


def path_in_url(text: str) -> str:
    """The path that stands in a URL, behind its slashes: decoded, and ``~`` expanded.

    Args:
        text: like ``/data/a%20b.duckdb`` or ``~/a.duckdb``.
    """
    if text == MEMORY:
        return text
    plain, decoded = expanded(text), expanded(unquote(text))
    return plain if not Path(decoded).exists() and Path(plain).exists() else decoded


def expanded(path: str) -> str:
    """The path with ``~`` and ``~user`` as the directory that they stand for, if there is such a user."""
    if not path.startswith("~"):
        return path
    try:
        home = str(Path(path).expanduser())
    except RuntimeError:
        return path
    return home + "/" * (path.endswith("/") and not home.endswith("/"))
