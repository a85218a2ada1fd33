"""The base URL: one normalized form for each deployment, checked once for all callers."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from talon_one_client.endpoints import ALL
from talon_one_client.errors import ConfigurationError

_PORTS = {"http": 80, "https": 443}
_VERSION = re.compile(r"v\d+", re.IGNORECASE)


def checked_base_url(url: str, *, allow_http: bool = False) -> str:
    """Return the base URL in its normalized form; see ``normalized``.

    Args:
        url: as it was configured.
        allow_http: a host other than this machine may be called without encryption.

    Raises:
        ConfigurationError: the URL is no base URL, holds credentials, a query or a fragment, or is not encrypted.
    """
    url = url.strip()
    if "@" in url or "?" in url or "#" in url:
        raise ConfigurationError("base_url must hold no credentials, query or fragment; remove them")
    try:
        parts = urlsplit(url)
        usable = url.isprintable() and " " not in url and parts.scheme in _PORTS and _has_host(parts)
        tidy = normalized(url) if usable else url
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"base_url must look like https://yourbaseurl.talon.one, not {url.rstrip('/')!r}; copy it from the "
            "Campaign Manager"
        )
    _check_path(tidy)
    if parts.scheme == "http" and not allow_http and not _is_loopback(urlsplit(tidy).hostname or ""):
        raise ConfigurationError(
            f"base_url is {tidy}, which would send keys and customer data unencrypted; use https://, or set "
            "allow_http: true if nobody else can listen in between"
        )
    return tidy


def normalized(url: str) -> str:
    """Return a URL with scheme and host in lower case and ASCII, without default port, without slash at the end.

    Raises:
        ValueError: the text is no URL.
    """
    parts = urlsplit(url.strip())
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    path = "".join(f"/{segment}" for segment in parts.path.split("/") if segment)
    return f"{parts.scheme}://{_host(parts.hostname or '')}{port}{path}"


def _host(name: str) -> str:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return _ascii(name.rstrip("."))
    return f"[{address}]" if address.version == 6 else str(address)


def _ascii(name: str) -> str:
    if name.isascii():
        return name.lower()
    import idna  # the library with which requests encodes host names

    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(str(error)) from error


def _has_host(parts: SplitResult) -> bool:
    """Return whether the URL names a host, and a port that exists; ValueError for some that do not."""
    host = parts.hostname or ""
    host.encode("idna")
    return bool(host) and (parts.port is None or parts.port > 0)


def _check_path(url: str) -> None:
    """Refuse a path that already holds the beginning of an operation's path; the path of a gateway may stay."""
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    at = next((at for at, one in enumerate(segments) if _VERSION.fullmatch(one) and _is_api(segments[at + 1 :])), None)
    if at is not None:
        raise ConfigurationError(
            f"base_url must end before /{'/'.join(segments[at:])}; leave out /{segments[at]} and what follows"
        )


def _is_api(following: list[str]) -> bool:
    """Return whether these segments can follow a version in a path of the API."""
    return not following or following[0] in {endpoint.path.split("/")[2] for endpoint in ALL}


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
