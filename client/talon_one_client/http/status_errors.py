"""From an HTTP status to the error that stands for it, and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import errors as e

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint

_BY_STATUS: dict[int, type[e.TalonOneError]] = {
    401: e.AuthenticationError,
    403: e.PermissionDeniedError,
    404: e.NotFoundError,
    408: e.ServerError,
    429: e.RateLimitedError,
}


def error_kind(endpoint: Endpoint, status: int) -> type[e.TalonOneError]:
    """The error class of a status that is no success."""
    if status == 409:
        kinds = {"concurrency": e.ConflictError, "exists": e.AlreadyExistsError, "none": e.BadRequestError}
        return kinds[endpoint.conflict]
    if status >= 500:
        return e.ServerError
    if 300 <= status < 400 or status < 200:
        return e.UnexpectedResponseError
    return _BY_STATUS.get(status, e.BadRequestError)


def explain(endpoint: Endpoint, status: int) -> str:
    """What the status means here, and what to do."""
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
