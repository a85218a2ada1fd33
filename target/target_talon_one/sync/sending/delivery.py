"""The loop that sends a destination's changes: workers make calls, one thread owns the store and the files.

Invariants:

- A row is noted as begun before its request is sent, and as acknowledged after its answer has come. Whatever was begun
  and not acknowledged is uncertain, and the next run sends or removes it.
- A loop that ends early takes back the notes of rows for which no request began: a mirror must not remove a member that
  it did not add. After a kill all notes stay, because it is unknown which requests began.
- Files of answers and rejects are written before the store: an acknowledged row is never without its answer.
- No two requests with one ordering key are in flight at once; sinks that are ``ordered`` have one request at a time.
- An error ends the loop only after the requests in flight have been answered and their outcomes are kept.
"""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from talon_one_client.errors import TalonOneError
from target_talon_one.store.sequence_ranges import count_of, merged_ranges, ranges_of
from target_talon_one.store.tables.rejects import Reject
from target_talon_one.sync.sending.batching import ROWS_PER_REQUEST, ROWS_PER_SLICE, batches, by_ordering_key
from target_talon_one.sync.unknown_rows import note_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_talon_one.sinks.sink_type import Op
    from target_talon_one.store.store import Store
    from target_talon_one.store.tables.changes import Change, ChangeRows
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.sending.batch_sender import BatchSender
    from target_talon_one.sync.sending.outcomes import Outcome, Refusal

SECONDS_PER_NOTE = 0.2  # the store is written at least this often while answers arrive
SINGLES_PER_WORKER = 64  # rows noted as begun at once, where repeating a request does no harm


Waiting = AbstractSet["Future[Outcome]"]  # requests in flight
_Job = TypeVar("_Job")


def wait_for_one(in_flight: Waiting) -> None:
    """Wait until a request is answered."""
    wait(in_flight, return_when=FIRST_COMPLETED)


class DeliveryLoop:
    """Sends all changes of a destination and records the outcome of each.

    Args:
        destination: whose changes are sent.
        store: holds the changes, and what was acknowledged.
        sender: makes the calls.
        concurrency: the largest number of requests in flight.
        keep_rejects, keep_answers: write files before anything is acknowledged.
        prepare: adds values to rows that only the thread of the store can look up.
        run: id of the run.
    """

    def __init__(
        self,
        destination: DestinationRun,
        store: Store,
        sender: BatchSender,
        *,
        concurrency: int,
        keep_rejects: Callable[[Sequence[Reject]], None],
        keep_answers: Callable[[Sequence[tuple[Change | None, Any]]], None],
        prepare: Callable[[Sequence[Change]], list[Change]] | None = None,
        run: str,
    ) -> None:
        self._destination, self._store, self._sender, self._run = destination, store, sender, run
        sink, mode = destination.config.sink, destination.config.mode
        self._concurrency = 1 if sink.ordered else concurrency
        self._batched = sink.batched(mode)
        endpoints = [action.endpoint for action in sink.actions(mode).values()]
        self._non_idempotent = any(not one.repeatable and not one.idempotency_key for one in endpoints)
        self._keep_rejects, self._keep_answers = keep_rejects, keep_answers
        self._prepare = prepare
        # Where a batch may be sent although one before it fails, each worker has its next batch at hand.
        self._most_handed_over = self._concurrency * (
            1 if sink.ordered or not self._batched or self._non_idempotent else 2
        )
        at_once = self._non_idempotent or store.acks.keeps_journal
        self._most_unnoted = ROWS_PER_REQUEST if at_once else ROWS_PER_SLICE
        self._replaces, self._changes = sink.replaces, 0
        self._finished: list[Outcome] = []
        self._handed_over = 0  # sequence number after the last batch that a worker got
        self._last_note_s = time.monotonic()

    def steps(self, total: int, groups: Sequence[Sequence[Op]], *, kept: int = 0) -> Iterator[Waiting]:
        """Send all changes; yield the requests in flight whenever nothing can be done until one of them is answered.

        If the iterator is closed, the requests in flight are answered and their outcomes are kept.

        Args:
            total: number of the changes.
            groups: see ``batching.op_groups``.
            kept: number of unchanged rows that follow the changes in a request that replaces everything.

        Raises:
            TalonOneError, SyncError, Stopped: why some were not sent; the outcomes of the others are kept.
        """
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="talon-one-send") as pool:
            if self._batched:
                self._changes, end = total, total + kept
                batches = self._everything(end) if self._replaces else self._batches(total, groups)
                try:
                    yield from self._send(pool, self._sender.send, batches)
                finally:
                    self._take_back([(self._handed_over, end)])
                return
            self._changes = total
            # One slice after the other, so that rows of one ordering key are never in flight from two slices.
            for changes in self._slices(total, self._concurrency * (1 if self._non_idempotent else SINGLES_PER_WORKER)):
                self._begin(changes[0].sequence, changes[-1].sequence + 1)
                jobs = by_ordering_key(changes, self._destination.config.sink)
                try:
                    yield from self._send(pool, self._sender.send_singly, jobs)
                finally:
                    self._take_back(ranges_of(change.sequence for same_key in jobs for change in same_key))

    def _everything(self, end: int) -> Iterator[ChangeRows]:
        """Yield all changes and the unchanged rows as one batch, if there are changes."""
        if self._changes:
            self._begin(0, end)
            self._handed_over = end
            yield self._store.changes.read(self._destination.number, 0, end)

    def _batches(self, total: int, groups: Sequence[Sequence[Op]]) -> Iterator[ChangeRows]:
        """Yield batches that are noted as begun, those of a slice at once where repeating does no harm."""
        read = partial(self._store.changes.read, self._destination.number)
        size = self._destination.config.sink.rows_per_request(self._destination.config.mode)
        for found in batches(read, total, groups, size):
            at_once = 1 if self._non_idempotent else len(found)
            for start in range(0, len(found), at_once):
                begun = found[start : start + at_once]
                self._begin(begun[0].first, begun[-1].end)
                for batch in begun:
                    self._handed_over = batch.end
                    yield batch

    def _begin(self, first: int, end: int) -> None:
        if self._destination.config.sink.lookup:
            note_sent(self._store, self._destination.number)
        self._store.acks.begin(self._destination.number, first, end, non_idempotent=self._non_idempotent)

    def _take_back(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Take back the notes of rows for which no request began."""
        self._store.acks.take_back(self._destination.number, ranges)

    def _slices(self, total: int, size: int) -> Iterator[list[Change]]:
        for first in range(0, total, size):
            changes = self._store.changes.read(self._destination.number, first, size).changes()
            yield self._prepare(changes) if self._prepare else changes

    def _send(
        self, pool: ThreadPoolExecutor, send: Callable[[_Job], Outcome], jobs: Iterator[_Job]
    ) -> Iterator[Waiting]:
        in_flight: set[Future[Outcome]] = set()
        try:
            for job in jobs:
                in_flight.add(pool.submit(send, job))
                if len(in_flight) >= self._most_handed_over:
                    yield from self._until_one_is_done(in_flight)
            while in_flight:
                yield from self._until_one_is_done(in_flight)
        finally:
            # Wait for the requests in flight: only their answers show whether their rows were acknowledged.
            for future in in_flight:
                self._finished.append(future.result())
            self._note()

    def _until_one_is_done(self, in_flight: set[Future[Outcome]]) -> Iterator[Waiting]:
        """Yield until there is an answer, take its request out of ``in_flight``, and write the store if that is due."""
        while not (done := {future for future in in_flight if future.done()}):
            yield in_flight
        in_flight -= done
        self._finished += [future.result() for future in done]
        error = next((one.error for one in self._finished if one.error), None)
        enough = sum(one.sent for one in self._finished) >= self._most_unnoted
        if error or enough or time.monotonic() - self._last_note_s >= SECONDS_PER_NOTE:
            self._note()
        if error:
            raise error

    def _note(self) -> None:
        """Keep the outcomes so far: files first, then the store."""
        finished, self._finished = self._finished, []
        self._last_note_s = time.monotonic()
        answers = [answer for outcome in finished for answer in outcome.answers]
        self._take_back([each for outcome in finished for each in outcome.untouched])
        refused = [self._reject(refusal) for outcome in finished for refusal in outcome.refused]
        acknowledged = [each for outcome in finished for each in outcome.acknowledged]
        destination = self._destination
        for one in refused:
            destination.reasons.add(f"Talon.One: {one.server or one.reason}", masked=destination.masked)
        self._keep_answers(answers)
        self._keep_rejects(refused)
        if refused:
            self._store.rejects.add(self._run, destination.number, refused)
        if destination.config.sink.lookup and any(one.kind == "unknown" for one in refused):
            note_sent(self._store, destination.number)  # retries may have sent it long after it was begun
        if acknowledged:
            imports = [each for outcome in finished for each in outcome.imports]
            self._store.acks.acknowledge(destination.number, merged_ranges(acknowledged), imports)
        counts = destination.counts
        counts.sent += min(count_of(acknowledged), self._changes)  # rows that were only kept do not count
        counts.unknown += sum(one.kind == "unknown" for one in refused)
        counts.rejected += sum(one.kind == "rejected" for one in refused)
        counts.requests += sum(outcome.requests for outcome in finished)

    def _reject(self, refusal: Refusal) -> Reject:
        change, error = refusal.change, refusal.error
        reason = error.message
        if refusal.unknown:
            reason += "; Talon.One may have received the row: check whether it has it, then run talon-one retry"
        words = [error.server_message, *map(str, error.errors[:5])] if isinstance(error, TalonOneError) else []
        return Reject(
            stream=self._destination.config.name,
            kind="unknown" if refusal.unknown else "rejected",
            op=change.op,
            key=change.key,
            fields=change.fields,
            source=None,
            origin=change.origin,
            reason=reason,
            server="; ".join(word for word in words if word),
            status=error.status,
            attempts=error.attempts,
        )
