"""Build requests from the arguments of a call: URL, headers and body, checked before anything is sent."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from talon_one_client.errors import InvalidRequestError, MissingKeyError
from talon_one_client.http.encoding import encode_json, format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.endpoints import Endpoint, Param

LONGEST_IDEMPOTENCY_KEY = 255

_unreserved = re.compile(r"[A-Za-z0-9_.~-]+").fullmatch  # most ids need no percent-encoding, which takes 5 µs
_quoted_in_query = lru_cache(maxsize=1024)(quote_plus)  # most values of a query are those of the request before


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent; ``headers`` hold the key."""

    url: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def has_idempotency_key(self) -> bool:
        """True if the server processes the request only once, however often it is sent."""
        return "Idempotency-Key" in self.headers

    def __repr__(self) -> str:
        return f"Request({self.url!r})"


class RequestBuilder:
    """Builds the requests of one deployment."""

    def __init__(self, config: ClientConfig) -> None:
        self._config = config
        self._headers_by_endpoint: dict[str, dict[str, str]] = {}

    def build(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: tuple[str, bytes] | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        """Return the request; see TalonOneClient.call for the arguments.

        Raises:
            InvalidRequestError: an argument cannot be sent.
            MissingKeyError: the key that the operation needs is not set.
        """
        url = self._config.base_url + url_path(endpoint, path or {}) + url_query(endpoint, query or {})
        headers = self._headers(endpoint)
        data: bytes | None = None
        if content is not None:
            headers["Content-Type"], data = content
        elif body is not None:
            _check_items(endpoint, body)
            headers["Content-Type"], data = "application/json", _encoded(endpoint, body)
        if endpoint.idempotency_key:
            headers["Idempotency-Key"] = _checked_idempotency_key(endpoint, idempotency_key or str(uuid.uuid4()))
        return Request(url, headers, data)

    def _headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return the headers that are the same in all requests of an endpoint, as a copy."""
        headers = self._headers_by_endpoint.get(endpoint.name)
        if headers is None:
            as_csv = endpoint.response_media == "csv"
            headers = self._headers_by_endpoint[endpoint.name] = {
                "Accept": "application/csv, application/json" if as_csv else "application/json",
                "Accept-Encoding": "gzip, deflate",
                "User-Agent": self._config.user_agent,
                "Authorization": self._authorization(endpoint),
            }
        return headers.copy()

    def _authorization(self, endpoint: Endpoint) -> str:
        if endpoint.api == "integration":
            if self._config.api_key is None:
                raise MissingKeyError("needs the Integration API key; set api_key", operation=endpoint.name)
            return f"ApiKey-v1 {self._config.api_key.reveal()}"
        if self._config.management_key is None:
            raise MissingKeyError("needs the Management API key; set management_key", operation=endpoint.name)
        key = self._config.management_key.reveal()
        return key if key.startswith("Bearer ") else f"ManagementKey-v1 {key}"


def _encoded(endpoint: Endpoint, body: Any) -> bytes:
    try:
        return encode_json(body)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidRequestError(f"the body cannot be written as JSON: {error}", operation=endpoint.name) from error


def _check_items(endpoint: Endpoint, body: Any) -> None:
    if not endpoint.items or endpoint.max_items is None or not isinstance(body, dict):
        return
    items = body.get(endpoint.items)
    if isinstance(items, list | tuple) and len(items) > endpoint.max_items:
        raise InvalidRequestError(
            f"{len(items)} {endpoint.items} in one request; at most {endpoint.max_items} are allowed",
            operation=endpoint.name,
        )


def _checked_idempotency_key(endpoint: Endpoint, key: str) -> str:
    if len(key) > LONGEST_IDEMPOTENCY_KEY or not key.isascii() or not key.isprintable():
        raise InvalidRequestError(
            f"idempotency_key must have at most {LONGEST_IDEMPOTENCY_KEY} printable ASCII characters",
            operation=endpoint.name,
        )
    return key


def url_path(endpoint: Endpoint, values: Mapping[str, str | int]) -> str:
    """Return the path of ``endpoint`` with its parameters, in which slashes are percent-encoded too.

    Raises:
        InvalidRequestError: a parameter is missing or unknown; or it is None, empty, ``.`` or ``..``, which servers
            take for a part of the path's structure; or it is no Unicode text.
    """
    path = endpoint.path
    _check_path_names(endpoint, values)
    for param in endpoint.path_params:
        value = values[param.name]
        if value is None or value in ("", ".", ".."):
            raise InvalidRequestError(
                f"{param.name} must not be {value!r}: it cannot be part of a URL", operation=endpoint.name
            )
        try:
            text = str(value)
            path = path.replace(f"{{{param.name}}}", text if _unreserved(text) else quote(text, safe=""))
        except UnicodeEncodeError as error:
            raise _not_unicode(endpoint, param) from error
    return path


def _check_path_names(endpoint: Endpoint, values: Mapping[str, Any]) -> None:
    names = [param.name for param in endpoint.path_params]
    if values.keys() != set(names):
        wrong = sorted(values.keys() ^ set(names))
        raise InvalidRequestError(
            f"path parameters must be {', '.join(names) or 'none'}; missing or unknown: {', '.join(wrong)}",
            operation=endpoint.name,
        )


def _not_unicode(endpoint: Endpoint, param: Param) -> InvalidRequestError:
    return InvalidRequestError(
        f"{param.name} holds half of a surrogate pair, which is not text", operation=endpoint.name
    )


def url_query(endpoint: Endpoint, values: Mapping[str, Any]) -> str:
    """Return the query string, ``?`` included, or "" when all values are None.

    Raises:
        InvalidRequestError: the operation does not have a parameter, or a value is out of its bounds.
    """
    pairs: list[str] = []
    for name, value in values.items():
        if value is None:
            continue
        param = endpoint.query_by_name.get(name)
        if param is None:
            known = ", ".join(endpoint.query_by_name) or "none"
            raise InvalidRequestError(
                f"there is no query parameter {name!r}; the operation has: {known}", operation=endpoint.name
            )
        try:
            pairs += [f"{name}={_quoted_in_query(text)}" for text in _query_texts(endpoint, param, value)]
        except UnicodeEncodeError as error:
            raise _not_unicode(endpoint, param) from error
    return "?" + "&".join(pairs) if pairs else ""


def _query_texts(endpoint: Endpoint, param: Param, value: Any) -> Iterable[str]:
    if param.type == "array" and not isinstance(value, str):
        return _array_texts(endpoint, param, [str(item) for item in value])
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, datetime | date):
        return [format_instant(value)]
    if isinstance(value, int):
        _check_bounds(endpoint, param, value)
    return [str(value)]


def _array_texts(endpoint: Endpoint, param: Param, items: list[str]) -> list[str]:
    """Return the values of an array: one for each item, or one with all items, separated by commas."""
    if not param.comma or not items:
        return items
    for item in items:
        if "," in item:
            raise InvalidRequestError(
                f"{param.name} must not hold {item!r}: its items are separated by commas", operation=endpoint.name
            )
    return [",".join(items)]


def _check_bounds(endpoint: Endpoint, param: Param, value: int) -> None:
    bound = None
    if param.minimum is not None and value < param.minimum:
        bound = f"at least {param.minimum}"
    elif param.maximum is not None and value > param.maximum:
        bound = f"at most {param.maximum}"
    if bound:
        raise InvalidRequestError(f"{param.name} must be {bound}, not {value}", operation=endpoint.name)
