"""What an error of libcurl means: whether the request can have been processed, and why there is no answer."""

from __future__ import annotations

import os

import pycurl

from talon_one_client.http.retry_policy import Failure, TransportFailure

# No TLS connection is possible until somebody changes a certificate or a setting.
_NO_TRUST = frozenset(
    {
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
    }
)
_NO_AGREEMENT = (
    "wrong version number",
    "http request",
    "unsupported protocol",
    "alert protocol version",
    "certificate verify failed",
)
_PROXY = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_COULDNT_RESOLVE_PROXY, pycurl.E_RECV_ERROR})
# The connection broke. Every other error after the departure says that the answer is not HTTP.
_BROKEN = frozenset(
    {
        pycurl.E_ABORTED_BY_CALLBACK,
        pycurl.E_GOT_NOTHING,
        pycurl.E_OPERATION_TIMEDOUT,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_RECV_ERROR,
        pycurl.E_SEND_ERROR,
        pycurl.E_SSL_CONNECT_ERROR,
    }
)


def failure_of(code: int, text: str, errno: int, *, departed: bool, proxied: bool) -> TransportFailure:
    """Return the failure of a request without an answer.

    Args:
        code: the error of libcurl.
        text: its message.
        errno: the error of the operating system, 0 if there is none.
        departed: the connection was made and the request may have been written.
        proxied: the connection goes to a proxy.
    """
    text = text or f"error {code} of libcurl"
    if departed:
        if code in _BROKEN:
            return TransportFailure(Failure.BROKEN, _reason(text, errno))
        detail = "" if code == pycurl.E_UNSUPPORTED_PROTOCOL else f": {text}"  # no HTTP at all
        return TransportFailure(Failure.GARBLED, f"the server does not speak HTTP{detail}")
    if code in _NO_TRUST or (code == pycurl.E_SSL_CONNECT_ERROR and any(why in text for why in _NO_AGREEMENT)):
        return TransportFailure(Failure.TLS, text)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return TransportFailure(Failure.CONNECT, "the connection timed out")
    reason = _reason(text, errno)
    if proxied and code in _PROXY:
        reason = f"the proxy refuses the connection: {reason}"
    return TransportFailure(Failure.CONNECT, reason)


def _reason(text: str, errno: int) -> str:
    return f"[Errno {errno}] {os.strerror(errno)}" if errno else text
