"""Hints for the scheme of a URL that is not known."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest_scheme(scheme: str, known: Iterable[str]) -> str:
    """Return the hint "; did you mean postgresql://?", or "" if no known scheme is similar.

    Args:
        scheme: of the URL; the driver that SQLAlchemy writes into it (``postgresql+psycopg2``) does not count.
        known: schemes.
    """
    found = get_close_matches(scheme.lower().partition("+")[0], list(known), n=1, cutoff=0.7)
    return f"; did you mean {found[0]}://?" if found else ""
