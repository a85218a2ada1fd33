"""The loop that sends a destination's changes: workers make calls, one thread owns store and files."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import groupby
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import TalonOneError
from talon_one_client.http.encoding import decode_json
from target_talon_one.sinks import payloads as wire
from target_talon_one.store.sequence_ranges import ranges_of
from target_talon_one.store.tables.rejects import Reject
from target_talon_one.sync.destination_run import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_talon_one.config.destinations import Destination
    from target_talon_one.store.store import Store
    from target_talon_one.store.tables.changes import Change
    from target_talon_one.sync.batch_sender import Delivery, Refusal, Sender
    from target_talon_one.sync.destination_run import Feed

SECONDS_A_NOTE = 0.2
ROWS_A_SLICE = 10 * BATCH


class Delivering:
    """Sends all changes of a feed and keeps what became of each.

    Args:
        feed: whose changes are sent.
        store: holds them, and what was acknowledged.
        sender: makes the calls.
        concurrency: requests in flight at most.
        keep_rejects, keep_answers: write files before anything is acknowledged.
        prepared: adds to rows what only the thread of the store can find out.
        run: id of the run.
    """

    def __init__(
        self,
        feed: Feed,
        store: Store,
        sender: Sender,
        *,
        concurrency: int,
        keep_rejects: Callable[[Sequence[Reject]], None],
        keep_answers: Callable[[Sequence[tuple[Change | None, Any]]], None],
        prepared: Callable[[Sequence[Change]], list[Change]] | None = None,
        run: str,
    ) -> None:
        self._feed, self._store, self._sender, self._run = feed, store, sender, run
        self._concurrency = 1 if feed.destination.sink.ordered else concurrency
        self._actions = feed.destination.sink.actions(feed.destination.mode)
        endpoints = [action.endpoint for action in self._actions.values()]
        self._once = any(not one.repeatable and not one.idempotency_key for one in endpoints)
        self._keep_rejects, self._keep_answers = keep_rejects, keep_answers
        self._prepared = prepared
        self._finished: list[Delivery] = []
        self._last_note_s = time.monotonic()

    def run(self, total: int) -> None:
        """Send everything.

        Raises:
            TalonOneError, SyncError, Stopped: why the rest was not sent; what was is noted.
        """
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="talon-one-send") as pool:
            if next(iter(self._actions.values())).item:
                self._send(pool, self._batches(total))
            else:
                # Slice by slice, so that no two rows of a lane are in flight at once.
                for part in self._slices(total, self._concurrency * (1 if self._once else 64)):
                    self._begin(part)
                    self._send(pool, lanes(part, self._feed.destination))

    def _batches(self, total: int) -> Iterator[list[Change]]:
        for batch in batches(self._slices(total, ROWS_A_SLICE), self._feed.ops):
            self._begin(batch)
            yield batch

    def _begin(self, part: Sequence[Change]) -> None:
        self._store.acks.begin(self._feed.number, part[0].sequence, part[-1].sequence + 1, non_idempotent=self._once)

    def _slices(self, total: int, size: int) -> Iterator[list[Change]]:
        for first in range(0, total, size):
            part = self._store.changes.read(self._feed.number, first, size)
            yield self._prepared(part) if self._prepared else part

    def _send(self, pool: ThreadPoolExecutor, jobs: Iterator[list[Change]]) -> None:
        flying: set[Future[Delivery]] = set()
        try:
            for job in jobs:
                flying.add(pool.submit(self._sender.deliver, job))
                if len(flying) >= self._concurrency:
                    flying = self._settle(flying)
            while flying:
                flying = self._settle(flying)
        finally:
            # Requests in flight are waited for: their rows were acknowledged, or not.
            for future in flying:
                self._finished.append(future.result())
            self._note()

    def _settle(self, flying: set[Future[Delivery]]) -> set[Future[Delivery]]:
        done, rest = wait(flying, return_when=FIRST_COMPLETED)
        self._finished += [future.result() for future in done]
        error = next((d.error for d in self._finished if d.error), None)
        enough = sum(len(d.taken) for d in self._finished) >= BATCH
        if error or enough or time.monotonic() - self._last_note_s >= SECONDS_A_NOTE:
            self._note()
        if error:
            flying.clear()
            flying |= rest
            raise error
        return rest

    def _note(self) -> None:
        """Files first, then the store: what is acknowledged is never without its answer."""
        finished, self._finished = self._finished, []
        self._last_note_s = time.monotonic()
        answers = [answer for delivery in finished for answer in delivery.answers]
        refused = [self._reject(refusal) for delivery in finished for refusal in delivery.refused]
        taken = [n for delivery in finished for n in delivery.taken]
        for one in refused:
            self._feed.reasons.add(f"Talon.One: {one.server or one.reason}", masked=self._feed.masked)
        self._keep_answers(answers)
        self._keep_rejects(refused)
        if refused:
            self._store.rejects.add(self._run, self._feed.number, refused)
        if taken:
            self._store.acks.acknowledge(self._feed.number, ranges_of(taken))
        figures = self._feed.figures
        figures.sent += len(taken)
        figures.unknown += sum(one.kind == "unknown" for one in refused)
        figures.rejected += sum(one.kind == "rejected" for one in refused)
        figures.requests += sum(delivery.requests for delivery in finished)

    def _reject(self, refusal: Refusal) -> Reject:
        change, error = refusal.change, refusal.error
        reason = error.message
        if refusal.unknown:
            reason += "; nobody knows whether Talon.One took it: look, then talon-one retry"
        words = [error.server_message, *map(str, error.errors[:5])] if isinstance(error, TalonOneError) else []
        return Reject(
            stream=self._feed.destination.name,
            kind="unknown" if refusal.unknown else "rejected",
            op=change.op,
            key=change.key,
            fields=change.fields,
            source=None,
            place=change.origin,
            reason=reason,
            server="; ".join(word for word in words if word),
            status=error.status,
            attempts=error.attempts,
        )


def batches(slices: Iterator[list[Change]], ops: Sequence[Sequence[str]]) -> Iterator[list[Change]]:
    """Cut changes into requests: at most 1,000 rows, one group, and only ops that mix."""
    place: Mapping[str, int] = {op: index for index, mixed in enumerate(ops) for op in mixed}
    batch: list[Change] = []
    kind: tuple[int, str | None] | None = None
    for part in slices:
        for change in part:
            mine = (place[change.op], change.group)
            if batch and (mine != kind or len(batch) == BATCH):
                yield batch
                batch = []
            kind = mine
            batch.append(change)
    if batch:
        yield batch


def lanes(part: Sequence[Change], destination: Destination) -> Iterator[list[Change]]:
    """The changes of each lane, in their order: no two of a lane may be in flight at once."""
    lane = destination.sink.lane
    if lane is None or lane in {field.name for field in destination.sink.key[:1]}:
        yield from ([change] for change in part)
        return

    names = [field.name for field in destination.sink.key]

    def value(change: Change) -> str:
        fields = decode_json(change.fields) if change.fields else wire.key_fields(names, change.key)
        return str(fields.get(lane, change.key))

    for _, changes in groupby(sorted(part, key=lambda change: (value(change), change.sequence)), key=value):
        yield list(changes)
