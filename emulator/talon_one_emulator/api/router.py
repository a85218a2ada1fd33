"""Finding the operation of a path. The path is split before it is decoded, so that an id may hold any character."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from talon_one_client.endpoints import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talon_one_client.endpoints import Era

Params = dict[str, str]
_Literals = tuple[tuple[int, str], ...]
_ParamPositions = tuple[tuple[int, str], ...]
_Route = tuple[_Literals, _ParamPositions, Endpoint]


class Router:
    """The routes of all rows of the endpoint table."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._routes: dict[tuple[str, int], list[_Route]] = defaultdict(list)
        for endpoint in endpoints:
            literals, params = _pattern(endpoint.path)
            self._routes[endpoint.method, len(literals) + len(params)].append((literals, params, endpoint))
        for routes in self._routes.values():
            routes.sort(key=lambda route: len(route[1]))

    def match(self, method: str, raw_path: bytes, era: Era = "current") -> tuple[Endpoint, Params] | None:
        """Return the endpoint and the decoded path parameters, or None if the era has no such path.

        Raises:
            UnicodeDecodeError: the path is not UTF-8.
        """
        parts = raw_path.split(b"/")[1:]
        segments = [_decoded(part) if b"%" in part else part.decode("ascii") for part in parts]
        for literals, params, endpoint in self._routes.get((method, len(segments)), ()):
            if era == "seed" and endpoint.since == "current":
                continue
            for position, literal in literals:
                if segments[position] != literal:
                    break
            else:
                found = {name: segments[position] for position, name in params}
                if all(found.values()):
                    return endpoint, found
        return None

    def other_methods(self, method: str, raw_path: bytes, era: Era = "current") -> list[str]:
        """Return the methods that match this path, other than ``method``."""
        methods = {known for known, _ in self._routes} - {method}
        return sorted(m for m in methods if self.match(m, raw_path, era) is not None)


def _pattern(path: str) -> tuple[_Literals, _ParamPositions]:
    """Return the literal segments, the last one first because paths differ most there, and the parameter positions."""
    parts = list(enumerate(path.split("/")[1:]))
    literals = tuple((position, part) for position, part in reversed(parts) if not part.startswith("{"))
    return literals, tuple((position, part[1:-1]) for position, part in parts if part.startswith("{"))


def _decoded(segment: bytes) -> str:
    return unquote_to_bytes(segment).decode("utf-8")
