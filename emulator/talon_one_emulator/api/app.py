"""The ASGI application: reads requests, injects faults, sends answers, writes the request log.

Routes are matched on the raw path, before percent-decoding, so that an id may hold any character.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.call import JSON, Answer
from talon_one_emulator.api.errors import ApiError, Problem
from talon_one_emulator.api.middleware.origins import Origins
from talon_one_emulator.api.service import Request, Service
from talon_one_emulator.control import ledger_churn
from talon_one_emulator.control.control_api import PREFIX, build_control
from talon_one_emulator.control.request_log import LoggedRequest
from talon_one_emulator.domain import timestamps
from talon_one_emulator.handlers.management.csv_answer import first_rows
from talon_one_emulator.loopback import is_loopback_address

if TYPE_CHECKING:
    from talon_one_emulator.control.controller import Controller
    from talon_one_emulator.control.faults import FaultRule

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PAGES = {
    "502": b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
    "503": b"<html><head><title>503 Service Unavailable</title></head><body><h1>503</h1></body></html>",
}


class App:
    """Both APIs at ``/`` and the control endpoints below their prefix."""

    def __init__(self, service: Service, controller: Controller, origins: Origins | None = None) -> None:
        self.service = service
        self._origins = origins or Origins()
        self._control = build_control(controller)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        control = scope["raw_path"].startswith(PREFIX.encode())
        try:
            self._origins.check(scope["method"], scope["headers"], control=control)
        except ApiError as refused:
            await _send(send, self.service.refusal(None, refused))
            return
        if control:
            await self._serve_control(scope, receive, send)
        else:
            await self._serve_api(scope, receive, send)

    async def _serve_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = (scope.get("client") or ("",))[0]
        if not is_loopback_address(peer):
            refused = ApiError(401, [Problem("Unauthorized", "control endpoints accept requests from loopback only")])
            await _send(send, self.service.refusal(None, refused))
        else:
            await self._control(scope, receive, send)

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        body = await _body(receive) if b"content-length" in headers or b"transfer-encoding" in headers else b""
        if body is None:
            return
        method, path, query = scope["method"], scope["raw_path"], scope["query_string"]
        request = self._routed(method, path, query, headers, body)
        entry = self._entry(scope, request, headers, body)
        request_log = self.service.request_log
        request_log.begin(entry.operation)
        try:
            if isinstance(request, Answer):
                await _send(send, request, entry)
            else:
                await self._exchange(request, entry, receive, send)
        finally:
            request_log.end(entry)

    def _routed(
        self, method: str, path: bytes, query: bytes, headers: dict[bytes, bytes], body: bytes
    ) -> Request | Answer:
        service = self.service
        try:
            match = service.router.match(method, path, service.account.era)
            if match is not None:
                return Request(match[0], match[1], path, query, headers, body)
            allowed = service.router.other_methods(method, path, service.account.era)
        except UnicodeDecodeError:
            return service.refusal(None, ApiError(400, [Problem("Invalid path", "the path is not UTF-8")]))
        if not allowed:
            return service.refusal(None, ApiError(404, [Problem("Not found", "no such path")]))
        refused = service.refusal(None, ApiError(405, [Problem("Method not allowed", f"use {', '.join(allowed)}")]))
        return Answer(405, refused.body, headers=((b"allow", ", ".join(allowed).encode()),))

    def _entry(
        self, scope: Scope, request: Request | Answer, headers: dict[bytes, bytes], body: bytes
    ) -> LoggedRequest:
        authorization = headers.get(b"authorization")
        kind = self.service.keys.kind(None if authorization is None else authorization.decode("latin-1"))
        key = headers.get(b"idempotency-key")
        return LoggedRequest(
            at=self.service.account.now(),
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            operation=None if isinstance(request, Answer) else request.endpoint.name,
            key=kind,
            idempotency_key=None if key is None else key.decode("latin-1"),
            body_bytes=len(body),
        )

    async def _exchange(self, request: Request, entry: LoggedRequest, receive: Receive, send: Send) -> None:
        service, endpoint = self.service, request.endpoint
        try:
            service.keys.check(endpoint, entry.key)
            service.rate.check(endpoint)
            with service.in_flight.slot(endpoint, service.subjects(request)):
                faults = service.faults.take(endpoint)
                if faults:
                    entry.faults = [rule.kind for rule in faults]
                    await self._faulty(request, entry, faults, receive, send)
                    return
                answer = service.answer(request)
                entry.replayed = request.replayed
                await _send(send, answer, entry)
        except ApiError as error:
            await _send(send, service.refusal(endpoint, error), entry)

    async def _faulty(
        self, request: Request, entry: LoggedRequest, faults: list[FaultRule], receive: Receive, send: Send
    ) -> None:
        kinds = {rule.kind: rule for rule in faults}
        await asyncio.sleep(sum(rule.seconds for rule in faults if rule.kind == "latency" and not rule.late))
        if "drop_before" in kinds:
            await _drop(receive, send)
            return
        for status in ("403", "429", "500", "502", "503"):
            if status in kinds:
                await _send(send, self._failure(kinds[status]), entry)
                return
        answer = self.service.answer(request)
        entry.replayed = request.replayed
        for rule in faults if answer.status == 200 else ():
            ledger_churn.apply(self.service.account, request, rule)
        await asyncio.sleep(sum(rule.seconds for rule in faults if rule.kind == "latency" and rule.late))
        if "drop_after" in kinds:
            await _drop(receive, send)
        elif "truncate" in kinds:
            await _truncate(receive, send, answer, entry)
        elif "malformed" in kinds:
            # A 204 cannot have a body, so it becomes a 200 with a broken one.
            code = 200 if answer.status == 204 else answer.status
            await _send(send, Answer(code, answer.body[: len(answer.body) // 2] + b'{"', JSON), entry)
        else:
            await _send(send, first_rows(answer, kinds["cut_rows"].rows) if "cut_rows" in kinds else answer, entry)

    def _failure(self, rule: FaultRule) -> Answer:
        after = () if rule.retry_after is None else ((b"retry-after", rule.retry_after.encode("latin-1")),)
        if rule.kind in _PAGES:
            return Answer(int(rule.kind), _PAGES[rule.kind], "text/html", headers=after)
        refused = self.service.refusal(None, ApiError(int(rule.kind), [Problem("Fault", "injected on demand")]))
        return Answer(refused.status, refused.body, headers=after)


async def _body(receive: Receive) -> bytes | None:
    """Return the complete body, or None if the client disconnected before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, answer: Answer, entry: LoggedRequest | None = None) -> None:
    if entry is not None:
        entry.status, entry.answer_bytes = answer.status, len(answer.body)
    await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer, entry)})
    await send({"type": "http.response.body", "body": answer.body})


def _headers(answer: Answer, entry: LoggedRequest | None) -> list[tuple[bytes, bytes]]:
    date = [] if entry is None else [(b"date", timestamps.http_date(entry.at).encode())]
    if answer.status == 204:
        return [*date, *answer.headers]
    length = (b"content-length", str(len(answer.body)).encode())
    return [(b"content-type", answer.media.encode()), length, *date, *answer.headers]


async def _truncate(receive: Receive, send: Send, answer: Answer, entry: LoggedRequest) -> None:
    """Announce the complete body, send half of it, and close the connection."""
    entry.status, entry.answer_bytes = answer.status, len(answer.body) // 2
    await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer, entry)})
    half = answer.body[: len(answer.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    await _drop(receive, send)


async def _drop(receive: Receive, send: Send) -> None:
    """Close the connection. ASGI has no event for that, so the transport of uvicorn is closed."""
    send.__self__.transport.close()  # type: ignore[attr-defined]
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
