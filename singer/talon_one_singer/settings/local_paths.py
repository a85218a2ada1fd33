"""The interpretation of local paths and file URLs: source, store, warehouse, ids file, plan, rejects.

A path is used as it is written, except for ``~``: ``%20`` in it is three characters. In a URL (``file:``, ``duckdb:``,
``sqlite:``) ``%20`` is a space (RFC 3986); a file whose name contains ``%20`` itself is found as well, if there is no
other. Such a URL must not have a query or a fragment, and must not name a MotherDuck database: the text, possibly with
a token, would otherwise become the name of a new file.
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
    """A file URL has a part that is not allowed. The message does not quote the URL, which may have a token."""


def is_url(place: str) -> bool:
    """Return whether a text is a URL, or a chain of URLs for fsspec, and not a path."""
    return _HAS_SCHEME.match(place) is not None


def local_path(place: str) -> str:
    """Return the path in a path or a ``file:`` URL; other URLs are returned unchanged.

    Args:
        place: for example ``a b.csv``, ``~/a.csv``, ``file:///data/a%20b.csv``, ``s3://bucket/a.csv``.

    Raises:
        FileUrlError: a ``file:`` URL with a host, a query or a fragment, or the URL of a MotherDuck database.
    """
    _refuse_motherduck(place)
    found = _FILE_URL.fullmatch(place)
    if found:
        return path_in_url(found["path"])
    if place.lower().startswith("file:/"):
        raise FileUrlError("a file URL has three slashes before an absolute path, like file:///data/lake")
    return place if is_url(place) else expanded(place)


def path_in_url(text: str) -> str:
    """Return the path in a URL, after its slashes: decoded, and with ``~`` expanded.

    Args:
        text: for example ``/data/a%20b.duckdb`` or ``~/a.duckdb``.

    Raises:
        FileUrlError: the text has a query or a fragment, or names another system, like ``md:``.
    """
    if text == MEMORY:
        return text
    _refuse_motherduck(unquote(text))
    if _OTHER_SYSTEM.match(text):
        raise FileUrlError(
            "the URL of a file must not begin with the name of another system and a colon; give a path, and write %3A "
            "for a colon in its first part"
        )
    for mark, code, part in (("?", "%3F", "query"), ("#", "%23", "fragment")):
        if mark in text:
            raise FileUrlError(
                f"the URL of a file has no {part}; remove what follows {mark}, or write {code} for a {mark} that "
                "belongs to the path"
            )
    plain, decoded = expanded(text), expanded(unquote(text))
    return plain if not Path(decoded).exists() and Path(plain).exists() else decoded


def _refuse_motherduck(place: str) -> None:
    if _MOTHERDUCK.match(place):
        raise FileUrlError(
            "MotherDuck (md:) is not supported; give a DuckDB file, like duckdb:///loyalty.duckdb (if a file name "
            "begins with md:, write ./md:...)"
        )


def expanded(path: str) -> str:
    """Return the path with ``~`` and ``~user`` replaced by the home directory, if the user exists."""
    if not path.startswith("~"):
        return path
    try:
        home = str(Path(path).expanduser())
    except RuntimeError:
        return path
    return home + "/" * (path.endswith("/") and not home.endswith("/"))
