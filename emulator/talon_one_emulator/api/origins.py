"""Which requests may reach the emulator: none that a web page could send or read.

A page that a developer opens can make its browser send requests to 127.0.0.1, and by DNS rebinding under its own name.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Origin
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from talon_one_emulator.api.errors import ApiError, Fault
from talon_one_emulator.loopback import is_loopback_address

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_SAFE_METHODS = ("GET", "HEAD")
_OF_FORMS = ("text/plain", "multipart/form-data")  # what a form sends without asking first


class Origins:
    """Checks Host, Origin and the type of the body.

    Args:
        names: host names that are allowed beside those of loopback.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = {name.lower() for name in names}

    def check(self, method: str, headers: Iterable[tuple[bytes, bytes]], *, control: bool) -> None:
        """Raise ApiError for a request that comes from a web page of somebody else, or under a foreign name."""
        found: dict[str, list[str]] = {}
        for name, value in headers:
            found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        for host in found.get("host", []):
            if not self._is_ours(host):
                raise _refusal(
                    403, f"the Host {host[:100]!r} is no name of this machine; start with --allow-host to allow it"
                )
        for origin in found.get("origin", []):
            if not self._is_ours(urlsplit(origin).netloc):
                raise _refusal(403, f"the Origin {origin[:100]!r} is foreign; no web page may use the emulator")
        if (
            "origin" not in found
            and method not in _SAFE_METHODS
            and found.get("sec-fetch-site", [""])[0] == "cross-site"
        ):
            raise _refusal(403, "the request is of another site; no web page may use the emulator")
        media = found.get("content-type", [""])[0].partition(";")[0].strip().lower()
        if control and media in _OF_FORMS:
            raise _refusal(400, f"a control endpoint takes application/json, not {media}")

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        return is_loopback_address(name)


def _refusal(status: int, why: str) -> ApiError:
    return ApiError(status, [Fault("Forbidden", why)])
