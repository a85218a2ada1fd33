"""The calls behind all typed methods, by what they return: an object, a list, bytes or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.http.executor import RequestExecutor

JsonObject = dict[str, Any]
Instant = datetime | date | str


class Operations:
    """Base of the typed methods.

    Bodies and answers have the shapes of talon_one_schemas under the names of the endpoint table.
    """

    executor: RequestExecutor

    def _optional_object(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: tuple[str, bytes] | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject | None:
        answer = self.executor.call(
            endpoint, path=path, query=query, body=body, content=content, idempotency_key=idempotency_key
        )
        if answer is not None and not isinstance(answer, Mapping):
            raise UnexpectedResponseError(
                f"expected a JSON object, got {type(answer).__name__}", operation=endpoint.name
            )
        return None if answer is None else dict(answer)

    def _object(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: tuple[str, bytes] | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject:
        answer = self._optional_object(
            endpoint, path=path, query=query, body=body, content=content, idempotency_key=idempotency_key
        )
        if answer is None:
            raise UnexpectedResponseError("expected a JSON object, got an empty answer", operation=endpoint.name)
        return answer

    def _list(self, endpoint: Endpoint, *, body: JsonObject) -> list[JsonObject]:
        answer = self.executor.call(endpoint, body=body)
        if not isinstance(answer, list):
            raise UnexpectedResponseError(f"expected a JSON list, got {type(answer).__name__}", operation=endpoint.name)
        return answer

    def _nothing(
        self, endpoint: Endpoint, *, path: Mapping[str, str | int] | None = None, body: JsonObject | None = None
    ) -> None:
        self.executor.call(endpoint, path=path, body=body)

    def _bytes(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> bytes:
        return self.executor.call(endpoint, path=path, query=query, decode=bytes) or b""


def multipart_csv(csv: bytes) -> tuple[str, bytes]:
    """Return (content type, body) of a form that uploads ``csv`` as ``upFile``."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="upFile"; filename="rows.csv"\r\n'
    body = head.encode() + b"Content-Type: text/csv\r\n\r\n" + csv + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body
