"""Error answers of both APIs.

ApiError carries the status and the problems. Its ``body`` is rendered as the vendor documents it for the operation.
Source: https://docs.talon.one/docs/dev/getting-started/errors
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.endpoints import Endpoint

# The 400 of these operations is ErrorResponse; every other error is ErrorResponseWithStatus.
WITHOUT_STATUS_CODE = frozenset(
    {
        "create_referral",
        "get_customer_session",
        "reopen_customer_session",
        "return_cart_items",
        "sync_catalog",
        "update_customer_session_v2",
    }
)

MESSAGES = {
    400: "The submitted data was invalid",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    429: "Too many requests",
    500: "Internal server error",
}


class Problem(NamedTuple):
    """One item of the list ``errors``. At most one of pointer, parameter and line (of an uploaded file) is set."""

    title: str
    details: str = ""
    pointer: str | None = None
    parameter: str | None = None
    line: int | None = None

    def describe(self) -> dict[str, object]:
        """Return the JSON object ``{title, details, source}``."""
        source: dict[str, str] = {}
        if self.pointer is not None:
            source["pointer"] = self.pointer
        if self.parameter is not None:
            source["parameter"] = self.parameter
        if self.line is not None:
            source["line"] = str(self.line)
        return {"title": self.title, "details": self.details, "source": source}


class ApiError(Exception):
    """An answer with an error status. With ``keep``, what was written before it is not rolled back."""

    def __init__(
        self, status: int, problems: Sequence[Problem] = (), message: str | None = None, *, keep: bool = False
    ) -> None:
        self.status = status
        self.problems = tuple(problems)
        self.message = message or MESSAGES[status]
        self.keep = keep
        super().__init__(f"{status}: {self.message}")

    def body(self, endpoint: Endpoint | None) -> dict[str, object]:
        """Return the JSON body that the vendor documents for this error of the endpoint."""
        answer: dict[str, object] = {
            "message": self.message,
            "errors": [each.describe() for each in self.problems],
        }
        if not (self.status == 400 and endpoint is not None and endpoint.name in WITHOUT_STATUS_CODE):
            answer["StatusCode"] = self.status
        return answer


def invalid(title: str, details: str = "", *, pointer: str | None = None, parameter: str | None = None) -> ApiError:
    """Return an ApiError 400 with one problem."""
    return ApiError(400, [Problem(title, details, pointer, parameter)])


def not_found(endpoint: Endpoint, what: str) -> ApiError:
    """Return an ApiError 404, or 400 if the operation is of the Integration API and documents no 404."""
    documented = endpoint.api == "management" or 404 in endpoint.errors
    return ApiError(404 if documented else 400, [Problem("Not found", f"{what} not found")])
