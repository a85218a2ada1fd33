"""Names of stores: one database or folder holds many stores, each with its shards.

A store with a name is at the location with the name as one more part of the path: ``postgresql://host/database/vip``,
``s3://bucket/stores/vip``.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from target_talon_one.errors import SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

POSTGRESQL = ("postgresql://", "postgres://")
_NAMED = re.compile(r"(?P<database>postgres(?:ql)?://[^/?#]*/[^/?#]*)/(?P<name>[^/?#@]+)/?(?P<rest>[?#].*)?", re.DOTALL)
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_TAKEN = re.compile(r"part-\d+-of-\d+|manifest\.\w+|.*\.parquet")  # files and shards of a store without a name
_MOST = 200


def check_name(name: str) -> None:
    """Check the name of a store.

    Raises:
        SyncConfigError: it is empty or too long.
    """
    if not name.strip() or len(name) > _MOST:
        raise SyncConfigError(f"the name of a store must have 1 to {_MOST} characters, not {name[:40]!r}")


def named_location(location: str, name: str) -> str:
    """Return the location of a named store in the database or folder of a location."""
    check_name(name)
    if not location.startswith(POSTGRESQL):
        simple = _FOLDER.fullmatch(name) and not _TAKEN.fullmatch(name)
        return f"{location.rstrip('/')}/{name if simple else slug(name)}"
    database, *parameters = re.split(r"(?=[?#])", location, maxsplit=1)
    return f"{database.rstrip('/')}/{quote(name, safe='')}{''.join(parameters)}"


def split_name(url: str) -> tuple[str, str]:
    """Return the URL of a PostgreSQL database without the name of a store, and the name; "" is a store without one."""
    found = _NAMED.fullmatch(url)
    if found is None:
        return url, ""
    return found["database"] + (found["rest"] or ""), unquote(found["name"])


def slug(name: str) -> str:
    """Return the name in the names of tables: a readable part, and a hash, so that no two names share a table."""
    readable = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:16].strip("_")
    return f"{readable}_{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("_")


def endings_of(labels: Iterable[str], name: str) -> list[str]:
    """Return the endings of the labels of stores that belong to a name, see ``check_others``.

    Args:
        labels: like ``vip_0f1e2d3c-part-1-of-2``, or without a name ``part-1-of-2`` and "".
        name: slug of the name; "" for stores without one.
    """
    if not name:
        return list(labels)
    return [one.removeprefix(name).removeprefix("-") for one in labels if one == name or one.startswith(f"{name}-")]
