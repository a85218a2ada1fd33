"""The interface of transports: one request, one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talon_one_client.http.waits import Bounds


class Headers(Mapping[str, str]):
    """Headers whose names are found in any case; values of the same name are joined with commas.

    Example:
        >>> Headers([("Retry-After", "1")])["retry-after"]
        '1'
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise ValueError if a header holds a line break, which would end it; the message does not repeat it."""
    written = "".join(headers.values())
    if "\n" in written or "\r" in written or "\0" in written:
        raise ValueError("a header of the request holds a line break or a zero byte")


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, decompressed: status, headers (any case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request and returns the answer, whatever its status. No retries, no redirects. Thread-safe."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, bounds: Bounds) -> Response:
        """Send one request.

        Raises:
            TransportFailure: there is no complete answer within the bounds.
            ValueError: a header holds a line break; nothing was sent.
        """
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
