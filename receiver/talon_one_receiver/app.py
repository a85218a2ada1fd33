"""The ASGI application: notifications, health and metrics."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from talon_one_receiver.errors import Refused
from talon_one_receiver.notification import Notification

if TYPE_CHECKING:
    from starlette.requests import Request

    from talon_one_receiver.authentication import Credentials
    from talon_one_receiver.delivery import Delivery
    from talon_one_receiver.intake import Intake, Room
    from talon_one_receiver.journal import Journal
    from talon_one_receiver.metrics import Metrics

log = logging.getLogger(__name__)

PATH = "/notifications"
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Endpoints:
    """What the paths of the receiver do."""

    def __init__(
        self, intake: Intake, journal: Journal, delivery: Delivery, credentials: Credentials, metrics: Metrics
    ) -> None:
        self._intake, self._journal, self._delivery = intake, journal, delivery
        self._credentials, self._metrics = credentials, metrics
        self._warned = False

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/metrics", self.metrics),
                # A webhook with another path would lose its notifications, because 404 is not sent again.
                Route("/{path:path}", self.receive, methods=["POST"]),
            ]
        )

    async def receive(self, request: Request) -> Response:
        """Keep a notification, and answer 200 when it is on the disk."""
        try:
            self._credentials.check(request.headers)
            with self._intake.room() as room:
                body = await _body(request, room)
                notification = Notification.of_request(request.headers.get("x-uuid"), body, datetime.now(UTC))
                outcome = await self._intake.keep(notification)
        except Refused as refused:
            self._metrics.requests.labels(refused.outcome).inc()
            self._warn_once(refused)
            return JSONResponse({"message": str(refused)}, refused.status, refused.headers)
        except ClientDisconnect:
            return Response(status_code=400)
        self._metrics.requests.labels(outcome).inc()
        return JSONResponse({"id": notification.id, "outcome": outcome})

    async def health(self, _: Request) -> Response:
        """Answer 200 if notifications are accepted, else 503."""
        warehouse = "failing" if self._delivery.failing else "ok"
        full = self._intake.is_full
        answer = {
            "status": "full" if full else "ok",
            "warehouse": warehouse,
            "pending": self._journal.pending_count,
        }
        return JSONResponse(answer, 503 if full else 200)

    async def metrics(self, _: Request) -> Response:
        """Answer with the counts."""
        return Response(self._metrics.text(), media_type=_METRICS_TYPE)

    def _warn_once(self, refused: Refused) -> None:
        """Log the first refusal after which Talon.One sends nothing again; the metrics count all."""
        if refused.status < 500 and not self._warned:
            self._warned = True
            log.warning(
                "a request was refused with status %d, and Talon.One does not send it again: %s; see /metrics for the "
                "number of such requests",
                refused.status,
                refused,
            )


async def _body(request: Request, room: Room) -> bytes:
    parts = []
    async for part in request.stream():
        room.take(len(part))
        parts.append(part)
    return b"".join(parts)
