"""Raw path to operation. Segments are split before they are decoded, so an id may hold any character."""

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
_Places = tuple[tuple[int, str], ...]
_Route = tuple[_Literals, _Places, Endpoint]


class Router:
    """Finds the endpoint of a request among the rows of the endpoint table."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._routes: dict[tuple[str, int], list[_Route]] = defaultdict(list)
        for endpoint in endpoints:
            literals, places = _pattern(endpoint.path)
            self._routes[endpoint.method, len(literals) + len(places)].append((literals, places, endpoint))
        for routes in self._routes.values():
            routes.sort(key=lambda route: len(route[1]))

    def match(self, method: str, raw_path: bytes, era: Era = "current") -> tuple[Endpoint, Params] | None:
        """Endpoint and decoded path parameters, or None: no such path, or one that the era does not have yet.

        Raises UnicodeDecodeError on bytes that are not UTF-8.
        """
        parts = raw_path.split(b"/")[1:]
        segments = [_decoded(part) if b"%" in part else part.decode("ascii") for part in parts]
        for literals, places, endpoint in self._routes.get((method, len(segments)), ()):
            if era == "seed" and endpoint.since == "current":
                continue
            for place, literal in literals:
                if segments[place] != literal:
                    break
            else:
                found = {name: segments[place] for place, name in places}
                if all(found.values()):
                    return endpoint, found
        return None

    def other_methods(self, method: str, raw_path: bytes, era: Era = "current") -> list[str]:
        """Methods that would match this path where ``method`` does not."""
        methods = {known for known, _ in self._routes} - {method}
        return sorted(m for m in methods if self.match(m, raw_path, era) is not None)


def _pattern(path: str) -> tuple[_Literals, _Places]:
    """Literal segments, the last first since that is where paths differ, and the places of the parameters."""
    parts = list(enumerate(path.split("/")[1:]))
    literals = tuple((place, part) for place, part in reversed(parts) if not part.startswith("{"))
    return literals, tuple((place, part[1:-1]) for place, part in parts if part.startswith("{"))


def _decoded(segment: bytes) -> str:
    return unquote_to_bytes(segment).decode("utf-8")
