"""Environment variables that look like misspelled settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NEAR: Final = 0.7


def misspelled(environ: Mapping[str, str], prefix: str, known: Iterable[str]) -> list[tuple[str, str]]:
    """Return variables that set nothing and are near a known one, each with the nearest known one.

    A name that adds words to a known one, like ``TALON_ONE_API_KEY_2``, is no misspelling: it may fill a ``${NAME}``.

    Args:
        environ: the environment; only its names are looked at.
        prefix: what the names of the settings begin with, like ``TALON_ONE_``.
        known: names of all variables that are read, with the prefix.
    """
    names = {name.removeprefix(prefix): name for name in known if name.startswith(prefix)}
    unknown = {name.removeprefix(prefix): name for name in environ if name.startswith(prefix)}
    found = []
    for short in sorted(unknown.keys() - names.keys()):
        near = _nearest(short, names)
        if near and not short.startswith(f"{near}_") and not short.endswith(f"_{near}"):
            found.append((unknown[short], names[near]))
    return found


def sentence(name: str, near: str) -> str:
    """Return what is said about a misspelled variable."""
    return f"the environment variable {name} sets nothing; did you mean {near}?"


def _nearest(name: str, known: Iterable[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=_NEAR)), None)
