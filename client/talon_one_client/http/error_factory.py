"""Make the error of a failed request: the class of the failure, and a message that says what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client import errors as e
from talon_one_client.http.encoding import decode_json
from talon_one_client.http.retry_policy import Failure
from talon_one_singer.reporting.redaction import Redactor

if TYPE_CHECKING:
    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.http.retry_policy import TransportFailure
    from talon_one_client.http.transport import Response

_BY_STATUS: dict[int, type[e.TalonOneError]] = {
    401: e.AuthenticationError,
    403: e.PermissionDeniedError,
    404: e.NotFoundError,
    408: e.ServerError,
    429: e.RateLimitedError,
}
_BY_CONFLICT: dict[str, type[e.TalonOneError]] = {
    "concurrency": e.ConflictError,
    "exists": e.AlreadyExistsError,
    "none": e.BadRequestError,
}
_DOCUMENTED = frozenset({400, 401, 403, 404, 408, 409, 413, 414, 422, 429})  # 4xx that Talon.One may send
_ABOUT_CONTENT = frozenset({400, 406, 413, 414, 422})  # a firewall sends these because of what a single row holds
_CURE = "if this persists, check base_url and every proxy or gateway between it and this machine"


class ErrorFactory:
    """Makes the errors of one deployment; none of them holds a key, even if the server repeats it."""

    def __init__(self, config: ClientConfig) -> None:
        self._base_url = config.base_url
        keys = [key.reveal() for key in (config.api_key, config.management_key) if key is not None]
        self._redact = Redactor([*keys, *(key.removeprefix("Bearer ") for key in keys)])

    def no_answer(self, endpoint: Endpoint, failure: TransportFailure, *, has_answered: bool) -> e.TalonOneError:
        """Return the error of a request without a complete answer.

        Args:
            endpoint: what was called.
            failure: why there is no answer.
            has_answered: the server has answered an earlier request, so that base_url is right.
        """
        if failure.what is Failure.TLS:
            return e.TlsError(
                f"the certificate of {self._base_url} was not accepted ({failure.reason}); check base_url, "
                "or set ca_bundle to a file with the certificates to trust",
                operation=endpoint.name,
            )
        if failure.what in (Failure.DAMAGED, Failure.TOO_LARGE):
            return e.UnexpectedResponseError(
                f"{self._base_url} does not answer as Talon.One does: {failure.reason}; {_CURE}",
                operation=endpoint.name,
            )
        hint = "" if has_answered else "; check base_url"
        return e.ConnectionFailedError(
            f"{self._base_url} does not answer: {failure.reason}{hint}", operation=endpoint.name
        )

    def of_status(self, endpoint: Endpoint, response: Response) -> e.TalonOneError:
        """Return the error of an answer whose status is no success."""
        message, details, request_id = read_error_body(response.body)
        kind = error_kind(endpoint, response.status, " ".join([message, *map(str, details)]))
        explanation = _explanation(endpoint, response.status)
        if is_foreign(response):
            is_about_content = endpoint.writes and response.status in _ABOUT_CONTENT
            kind = e.UnexpectedResponseError if issubclass(kind, e.RejectedError) and not is_about_content else kind
            explanation = (
                f"HTTP {response.status}, and the answer does not have the form of Talon.One's errors: it comes from a "
                "gateway, proxy or firewall; check base_url and the network in between"
            )
        return kind(
            explanation,
            operation=endpoint.name,
            status=response.status,
            server_message=self._redact(message),
            errors=tuple(self._redacted(detail) for detail in details),
            request_id=self._redact(request_id or response.headers.get("X-Request-Id") or "") or None,
        )

    def unreadable(self, endpoint: Endpoint, response: Response, error: Exception) -> e.TalonOneError:
        """Return the error of a success whose body is not what the operation documents."""
        with_body = endpoint.response_media == "csv" or any(endpoint.responses.values())
        documented = endpoint.response_media.upper() if with_body else "empty one"
        return e.UnexpectedResponseError(
            f"the answer is not the {documented} that Talon.One sends ({self._redact(str(error))}); {_CURE}",
            operation=endpoint.name,
            status=response.status,
            request_id=self._redact(response.headers.get("X-Request-Id") or "") or None,
        )

    def _redacted(self, detail: e.ApiErrorDetail) -> e.ApiErrorDetail:
        title, details, source = map(self._redact, (detail.title, detail.details, detail.source))
        return replace(detail, title=title, details=details, source=source)


def error_kind(endpoint: Endpoint, status: int, message: str = "") -> type[e.TalonOneError]:
    """Return the error class of a status that is no success; ``message`` is all that the server says about it."""
    if status == 409:
        # An advanced event that exists and too many requests are documented as one status; only their words differ.
        either = "exists" if "exist" in message.lower() else "concurrency"
        return _BY_CONFLICT[either if endpoint.conflict == "either" else endpoint.conflict]
    if status >= 500:
        return e.ServerError
    if 300 <= status < 400 or status < 200:
        return e.UnexpectedResponseError
    return _BY_STATUS.get(status, e.BadRequestError)


def _explanation(endpoint: Endpoint, status: int) -> str:
    """Return what the status means here, and what to do."""
    setting = "api_key" if endpoint.api == "integration" else "management_key"
    name = "Integration API key" if endpoint.api == "integration" else "Management API key"
    explanations = {
        401: f"HTTP 401: the {name} is not accepted; check {setting}, and that it belongs to this base_url",
        403: f"HTTP 403: the {name} ({setting}) may not use this endpoint; give it the right in the Campaign Manager",
        404: "HTTP 404: not found",
        429: "HTTP 429: too many requests; lower requests_per_second",
    }
    if 300 <= status < 400:
        return f"HTTP {status}: the server redirects; set base_url to the address it redirects to"
    return explanations.get(status, f"HTTP {status}")


def is_foreign(response: Response) -> bool:
    """Return whether something in front of Talon.One has refused a request: it says nothing about an id or a row."""
    if response.status in (401, 408, 409, 429) or not 400 <= response.status < 500:
        return False
    return response.status not in _DOCUMENTED or not _is_from_talon_one(response)


def is_temporary(endpoint: Endpoint, response: Response) -> bool:
    """Return whether it makes sense to repeat a request that was refused by something in front of Talon.One."""
    return is_foreign(response) and not (endpoint.writes and response.status in _ABOUT_CONTENT)


def _is_from_talon_one(response: Response) -> bool:
    """Return whether an error has the form of Talon.One's, some of which are an empty object."""
    try:
        found = decode_json(response.body)
    except msgspec.DecodeError:
        return False
    return isinstance(found, dict) and (not found or not found.keys().isdisjoint({"message", "errors", "StatusCode"}))


def read_error_body(body: bytes) -> tuple[str, tuple[e.ApiErrorDetail, ...], str | None]:
    """Return (server message, errors, request id) of an error answer of any form.

    The documented form is ``{message, errors[], StatusCode}``; a 5xx may have any body, so that the beginning of a body
    that is not JSON becomes the message.
    """
    try:
        data = decode_json(body)
    except msgspec.DecodeError:
        return _beginning(body), (), None
    if not isinstance(data, dict):
        return _beginning(body), (), None
    listed = data.get("errors")
    details = tuple(_detail(one) for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()
    request_id = data.get("RequestUUID")
    return str(data.get("message") or ""), details, str(request_id) if request_id else None


def _detail(entry: dict[str, Any]) -> e.ApiErrorDetail:
    source = entry.get("source")
    kind, where = "", ""
    if isinstance(source, dict):
        kind = next((kind for kind in ("pointer", "parameter", "line", "resource") if source.get(kind)), "")
        where = str(source.get(kind, ""))
    return e.ApiErrorDetail(str(entry.get("title") or ""), str(entry.get("details") or ""), where, kind)


def _beginning(body: bytes) -> str:
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return text if text.isprintable() else ""
