"""Which transport a client uses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from talon_one_client.http.waits import never

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.http.transport import Transport

_OLDEST = (7, 46)  # earlier versions cannot call back while they close a connection
log = logging.getLogger("talon_one_client")


def make_transport(config: ClientConfig, stop: Callable[[], None] = never) -> Transport:
    """Return the transport that ``config.transport`` names; ``auto`` is libcurl unless this machine lacks it.

    Args:
        config: where and how to send.
        stop: raises once the run was asked to stop; requests in flight are cut off ``stop_grace_s`` later.
    """
    if config.transport == "auto":
        lacking = what_curl_lacks()
        if not lacking:
            from talon_one_client.http.transports.curl_transport import CurlTransport

            return CurlTransport(config, stop)
        log.info("requests are sent with the library requests, which takes more CPU time, because %s", lacking)
    from talon_one_client.http.transports.requests_transport import RequestsTransport

    return RequestsTransport(config, stop)


def what_curl_lacks() -> str:
    """Return what pycurl lacks to be used here, "" if nothing."""
    try:
        import pycurl
    except ImportError as error:
        return f"pycurl cannot be imported ({error})"
    name = pycurl.version.split()[0]
    numbers = tuple(int(part) for part in name.partition("/")[2].split(".")[:2] if part.isdecimal())
    if numbers < _OLDEST or not hasattr(pycurl, "PREREQFUNCTION"):
        return f"{name} is older than 7.46, or was built with a libcurl older than 7.80"
    if "OpenSSL" not in pycurl.version:
        return "libcurl was built without OpenSSL, so that certificates would be checked in another way"
    return ""
