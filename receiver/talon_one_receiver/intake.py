"""The way of a notification from its request into the journal.

Requests wait for one write together: a thread writes all that have arrived while it wrote the ones before. What waits
is bounded, in bytes and in notifications; a request beyond that is answered with 503, and Talon.One sends it again.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_receiver.errors import BodyTooLarge, Busy
from talon_one_receiver.journal import JournalError
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talon_one_receiver.journal import Journal, Outcome
    from talon_one_receiver.notification import Notification

log = logging.getLogger(__name__)

_SOON_S, _LATER_S = 1, 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What a receiver keeps at most.

    Attributes:
        body: bytes of one notification.
        waiting: bytes of all requests that are not answered yet.
        requests: number of these requests.
        pending: number of notifications in the journal that are not in the warehouse yet.
    """

    body: int = 16 << 20
    waiting: int = 64 << 20
    requests: int = 500
    pending: int = 100_000


class Room:
    """The bytes of one request that count as waiting."""

    def __init__(self, intake: Intake) -> None:
        self._intake, self._taken = intake, 0

    def take(self, size: int) -> None:
        """Count more bytes.

        Raises:
            BodyTooLarge: the request has too many.
            Busy: all requests have too many.
        """
        limits = self._intake.limits
        if self._taken + size > limits.body:
            raise BodyTooLarge(f"a notification may have at most {limits.body:,} bytes")
        if self._intake.waiting_bytes + size > limits.waiting:
            raise Busy("too many notifications at once", _SOON_S)
        self._taken += size
        self._intake.waiting_bytes += size

    def release(self) -> None:
        """Count the bytes no more."""
        self._intake.waiting_bytes -= self._taken


class Intake:
    """Writes notifications into the journal; for use in one event loop."""

    def __init__(self, journal: Journal, limits: Limits) -> None:
        self.limits = limits
        self.waiting_bytes = 0
        self._journal = journal
        self._requests = 0
        self._queue: list[tuple[Notification, asyncio.Future[Outcome]]] = []
        self._writing: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether the journal has so many notifications that no more are accepted."""
        return self._journal.pending_count >= self.limits.pending

    @contextmanager
    def room(self) -> Iterator[Room]:
        """Let a request wait in the block.

        Raises:
            Busy: too many are waiting, or the journal is full.
        """
        if self.is_full:
            raise Busy("too many notifications wait for the warehouse", _LATER_S)
        if self._requests >= self.limits.requests:
            raise Busy("too many notifications at once", _SOON_S)
        room = Room(self)
        self._requests += 1
        try:
            yield room
        finally:
            self._requests -= 1
            room.release()

    async def keep(self, notification: Notification) -> Outcome:
        """Return when the notification is in the journal, on the disk: whether it is new.

        Raises:
            Busy: it could not be written.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append((notification, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                await self._write_batch(batch)
        finally:
            self._writing = None
            _refuse(self._queue)  # those that came during a write that was canceled
            self._queue = []

    async def _write_batch(self, batch: list[tuple[Notification, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await asyncio.to_thread(self._journal.add, [one for one, _ in batch])
        except Exception as error:
            expected = isinstance(error, JournalError)
            log.error("notifications cannot be kept: %s", redact(str(error)), exc_info=None if expected else error)
            _refuse(batch)
        except BaseException:
            _refuse(batch)
            raise
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():  # its sender has given the request up
                    future.set_result(outcome)


def _refuse(batch: Sequence[tuple[Notification, asyncio.Future[Outcome]]]) -> None:
    """Let notifications that are not in the journal be sent again."""
    for _, future in batch:
        if not future.done():
            future.set_exception(Busy("the journal cannot be written", _LATER_S))
