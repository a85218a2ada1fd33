"""403: requests that a web page in a browser sends are refused.

A page that a developer opens can send requests to 127.0.0.1, and with DNS rebinding under its own host name.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Origin
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from talon_one_emulator.api.errors import ApiError, Problem
from talon_one_emulator.loopback import is_loopback_address

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_SAFE_METHODS = ("GET", "HEAD")
_FORM_TYPES = ("text/plain", "multipart/form-data")  # a form sends these without a preflight request


class Origins:
    """Checks of the headers Host and Origin and of the content type.

    Args:
        names: host names that are allowed in addition to those of loopback.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = {name.lower() for name in names}

    def check(self, method: str, headers: Iterable[tuple[bytes, bytes]], *, control: bool) -> None:
        """Raise ApiError if a request comes from a foreign web page or names a foreign host."""
        found: dict[str, list[str]] = {}
        for name, value in headers:
            found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        for host in found.get("host", []):
            if not self._is_allowed(host):
                raise _refusal(
                    403, f"the Host {host[:100]!r} is not a name of this machine; start with --allow-host to allow it"
                )
        for origin in found.get("origin", []):
            if not self._is_allowed(urlsplit(origin).netloc):
                raise _refusal(403, f"the Origin {origin[:100]!r} is foreign; no web page may use the emulator")
        if (
            "origin" not in found
            and method not in _SAFE_METHODS
            and found.get("sec-fetch-site", [""])[0] == "cross-site"
        ):
            raise _refusal(403, "the request comes from another site; no web page may use the emulator")
        media = found.get("content-type", [""])[0].partition(";")[0].strip().lower()
        if control and media in _FORM_TYPES:
            raise _refusal(400, f"a control endpoint needs application/json, not {media}")

    def _is_allowed(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        return is_loopback_address(name)


def _refusal(status: int, why: str) -> ApiError:
    return ApiError(status, [Problem("Forbidden", why)])
