"""What the typed methods share: types, and calls by the kind of their answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.http.executor import Caller

JsonObject = dict[str, Any]
Instant = datetime | date | str


class Operations:
    """Calls through ``self.caller``."""

    caller: Caller

    def _maybe(self, endpoint: Endpoint, **kwargs: Any) -> JsonObject | None:
        answer = self.caller.call(endpoint, **kwargs)
        if answer is not None and not isinstance(answer, Mapping):
            raise UnexpectedResponseError(
                f"expected a JSON object, got {type(answer).__name__}", operation=endpoint.name
            )
        return None if answer is None else dict(answer)

    def _object(self, endpoint: Endpoint, **kwargs: Any) -> JsonObject:
        answer = self._maybe(endpoint, **kwargs)
        if answer is None:
            raise UnexpectedResponseError("expected a JSON object, got an empty answer", operation=endpoint.name)
        return answer

    def _nothing(self, endpoint: Endpoint, **kwargs: Any) -> None:
        self.caller.call(endpoint, **kwargs)

    def _bytes(self, endpoint: Endpoint, **kwargs: Any) -> bytes:
        return self.caller.call(endpoint, **kwargs, decode=bytes) or b""


def multipart_csv(csv: bytes) -> tuple[str, bytes]:
    """(content type, body) of a form that uploads ``csv`` as ``upFile``."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="upFile"; filename="members.csv"\r\n'
    body = head.encode() + b"Content-Type: text/csv\r\n\r\n" + csv + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body
