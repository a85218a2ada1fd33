"""One feed for one program: its ids in order, many at once, with a position after each part."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import (
    NotFoundError,
    RejectedError,
    ServerError,
    TalonOneError,
    UnexpectedResponseError,
)
from talon_one_client.paging.ordered import ordered_parts
from talon_one_client.paging.windows import MIN_US, Window, from_us
from talon_one_singer import ConfigError, Stopped
from talon_one_singer.protocol.raw_mask import RawMask
from talon_one_singer.protocol.selection import field_mask
from tap_talon_one.engine.bookmarks import FeedBookmarks, Running
from tap_talon_one.errors import RowRefused
from tap_talon_one.ids.sources import IdChain, ids_for, ids_total, listed_by_management
from tap_talon_one.rows.readers import Job, Part, Reader
from tap_talon_one.streams import ONE_BY_ONE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from talon_one_singer import CatalogEntry
    from tap_talon_one.engine.sync import Engine
    from tap_talon_one.streams import Way

log = logging.getLogger("tap_talon_one")

GIVE_UP_AFTER_MISSING = 20  # ids in a row, from the first one on, before the program or the ids are called wrong


class FeedRun:
    """One feed for one program: its ids in order, many at once, with a position after each part."""

    def __init__(
        self, engine: Engine, way: Way, entries: list[CatalogEntry], program: int | None, *, alone: bool
    ) -> None:
        feed = way.feed
        self._engine, self._way, self._feed, self._program = engine, way, feed, program
        self._alone = alone  # else one list of ids serves several programs, and many are unknown to each
        self._marks = FeedBookmarks.from_state(feed.name, engine.state.bookmark(feed.name))
        self._mark = self._marks.of(program, str(engine.scope.shard))
        self._masks = {e.tap_stream_id: RawMask(m) if (m := field_mask(e)) else None for e in entries}
        page_size = engine.settings["page_size"]
        self._reader = Reader(way, engine.client, frozenset(self._masks), page_size)
        self._chain = IdChain()
        self._found = self._missing = self._undated = self._fine = 0
        self._refused: list[str] = []  # words about ids that make the run fail at its end
        self._last_refusal: TalonOneError | None = None
        self._ended: dict[str, RowRefused] = {}  # streams that have ended at a row; the position stays before it
        self._label = feed.name if program is None else f"{feed.name} of program {program}"

    def run(self) -> None:
        """Read the feed; the bookmark moves when the last id is done.

        Raises:
            ConfigError: Talon.One knows none of the ids.
            RowRefused: the sink cannot hold a row of a stream; the other streams of the feed were read all the same.
            Stopped: the run is to end; the state says how far it came.
            TalonOneError: see talon_one_client.errors.
        """
        running = self._start()
        if running is None:
            log.info("%s: nothing to read in the span that is set", self._label)
        while running is not None:
            self._window_of(running)
            running = self._finish(running)
        if self._refused:
            raise self._not_read()

    def _window_of(self, running: Running) -> None:
        settings = self._engine.settings
        self._engine.progress.start(self._feed.name, ids_total(self._feed, settings) or self._mark.ids or None, "ids")
        parts = ordered_parts(self._jobs(running), self._reader.read, settings["concurrency"], self._engine.stop)
        try:
            self._read(running, parts)
        finally:
            self._engine.progress.finish(self._feed.name)
            self._state()
        if self._ended:
            raise next(iter(self._ended.values()))
        if self._missing and not self._found:
            raise self._all_missing()
        if self._missing:
            log.warning("%s: %s ids are not known to Talon.One, or refused", self._label, f"{self._missing:,}")
        if self._undated:
            log.warning("%s: created is no instant in %s rows; created_text has it", self._label, f"{self._undated:,}")
        if self._fine:
            log.warning(
                "%s: created is cut to microseconds in %s rows; created_text has all digits",
                self._label,
                f"{self._fine:,}",
            )
        if self._feed.has_ids and not self._chain.count and not listed_by_management(self._feed, settings):
            log.warning("%s: there is no %s id to read, so nothing is read", self._label, self._feed.entity)

    def _read(self, running: Running, parts: Generator[tuple[Job, Iterator[Part]]]) -> None:
        with closing(parts), self._safe_when_stopped():
            for job, of_job in parts:
                self._one(running, job, of_job)

    @contextmanager
    def _safe_when_stopped(self) -> Iterator[None]:
        """Writes the state before requests in flight are waited for.

        They may take longer to end than whoever stops us is willing to wait.
        """
        try:
            yield
        except Stopped:
            self._engine.sink.checkpoint(self._state, final=True)
            raise

    def _start(self) -> Running | None:
        """The window to read: the one under way, or a new one; None if it is empty."""
        running = self._mark.running
        start, end = self._window()
        if running is not None and self._still_wanted(running, start, end):
            if self._prefix_is_the_same(running):
                log.info("%s: going on after %s ids", self._label, f"{running.done:,}")
                self._chain.resume(running.done, running.chain)
                self._found = running.done  # an interrupted run that found nobody would have failed
                return running
            log.warning("%s: the ids have changed since the interrupted run; starting its window anew", self._label)
        if start >= end:
            return None
        self._mark.running = Running(start, end, by=self._way.name)
        return self._mark.running

    def _window(self) -> tuple[int, int]:
        scope = self._engine.scope
        if not self._feed.incremental:
            return MIN_US, scope.instants(self._feed)[0]
        start_us = scope.start_us(self._mark, self._way.name)
        if scope.is_future(self._mark) and self._mark.bookmark_us is not None:
            scope.clock.warn_of_future(self._label, from_us(self._mark.bookmark_us))
        elif self._mark.bookmark_us is not None and start_us < self._mark.bookmark_us:
            log.info("%s: some ids only were read so far; all are read from the start", self._label)
        return start_us, scope.pinned_us

    def _still_wanted(self, running: Running, start_us: int, end_us: int) -> bool:
        if not running.begun:
            return False
        if running.by != self._way.name:
            log.warning("%s: the interrupted run read by %s; starting its window anew", self._label, running.by)
            return False
        if self._feed.incremental:
            return running.start_us <= start_us and running.end_us <= end_us
        return self._engine.settings["as_of"] is None or running.end_us in self._engine.scope.instants(self._feed)

    def _prefix_is_the_same(self, running: Running) -> bool:
        if not running.done:
            return True
        chain = IdChain()
        for text in self._ids():
            chain.add(text)
            if chain.count == running.done:
                return chain.value == running.chain
        return False

    def _ids(self) -> Iterator[str]:
        for text in ids_for(self._feed, self._program, self._engine.settings, self._engine.client):
            with self._safe_when_stopped():  # jobs are made of ids by what waits for the requests when it ends
                self._engine.stop()
            yield text

    def _jobs(self, running: Running) -> Iterator[Job]:
        """The ids still to do; ids appended since the last run are read from the start."""
        mark, chain, appended = self._mark, IdChain(), False
        for text in self._ids():
            if mark.bookmark_us is not None and not mark.whole and chain.count == mark.ids:
                appended = chain.value == mark.chain
                self._warn_if_changed(same=appended)
            chain.add(text)
            if chain.count <= running.done:
                continue
            if running.rest is not None and chain.value == running.hand:
                yield Job(text, self._program, running.rest)
            else:
                start_us = self._engine.scope.earliest_us if appended else running.start_us
                yield Job(text, self._program, Window(start_us, running.end_us))
        if mark.ids and not mark.whole and chain.count <= mark.ids:
            self._warn_if_changed(same=chain.value == mark.chain)

    def _warn_if_changed(self, *, same: bool) -> None:
        """Only ids at the end of the list are known to be new; about others nobody can tell."""
        if not same and self._feed.incremental and not listed_by_management(self._feed, self._engine.settings):
            log.warning(
                "%s: the list of ids has changed other than by appending; ids that are new in it are read from the "
                "bookmark on only. Append new ids at the end, or run once without state",
                self._label,
            )

    def _one(self, running: Running, job: Job, parts: Iterator[Part]) -> None:
        hand = self._chain.with_next(job.text)
        try:
            for part in parts:
                self._write(part)
                self._undated += part.undated
                self._fine += part.fine
                if not self._ended:
                    running.rest, running.hand = part.rest, hand
                self._remember()
            self._found += 1
        except RejectedError as error:
            if not self._feed.has_ids and not isinstance(error, NotFoundError):
                raise _about(job, error) from error
            self._on_missing(job, error)
        except (ServerError, UnexpectedResponseError) as error:
            raise _about(job, error) from error
        self._chain.resume(self._chain.count + 1, hand)
        if self._found and not self._ended:
            # Ids of which none is known may be the wrong ones: a run after the correction starts with the first.
            running.done, running.chain, running.rest = self._chain.count, hand, None
        self._engine.progress.advance(self._feed.name)
        self._remember()

    def _write(self, part: Part) -> None:
        for stream, rows in part.rows.items():
            if not rows or stream in self._ended:
                continue
            mask = self._masks[stream]
            try:
                self._engine.write(stream, mask(rows) if mask else rows)
            except RowRefused as error:
                self._end_stream(stream, error)
                continue
            self._engine.metrics.records(stream, len(rows))

    def _end_stream(self, stream: str, error: RowRefused) -> None:
        self._ended[stream] = error
        if len(self._ended) == len(self._masks):
            raise next(iter(self._ended.values()))

    def _remember(self) -> None:
        engine = self._engine
        engine.metrics.tick()
        engine.progress.tick()
        engine.sink.checkpoint(self._state)
        engine.stop()

    def _state(self) -> dict[str, Any]:
        self._engine.state.set_bookmark(self._feed.name, self._marks.to_dict())
        return self._engine.state.to_dict()

    def _on_missing(self, job: Job, error: RejectedError) -> None:
        """An id that cannot be read, now or later: the others are, so that it does not stop the stream for good."""
        self._missing += 1
        self._last_refusal = _about(job, error)
        known = "is refused" if self._is_refused(error) else "is not known to Talon.One"
        if self._engine.settings["on_missing"] == "error":
            self._refused.append(f"{job.text!r} {known}; {error}")
        elif self._missing <= 3:
            log.warning("%s: %r %s; it is skipped: %s", self._label, job.text, known, error)
        if self._alone and not self._found and self._missing >= GIVE_UP_AFTER_MISSING:
            raise self._all_missing()

    def _is_refused(self, error: RejectedError) -> bool:
        """Whether it is not a 404, nor a 400 of an operation that says so for an id that it does not know."""
        return not isinstance(error, NotFoundError) and (error.status != 400 or 404 in self._feed.endpoint.errors)

    def _not_read(self) -> RejectedError:
        count = len(self._refused)
        shown = "; ".join(self._refused[:3])
        more = f"; and {count - 3:,} more" if count > 3 else ""
        return RejectedError(
            f"{count:,} ids could not be read, all others were: {shown}{more}. Correct them or leave them out, "
            "or set on_missing: skip"
        )

    def _all_missing(self) -> ConfigError:
        where = f"loyalty_program_ids ({self._program}), " if self._program is not None else ""
        if not self._feed.has_ids:
            return ConfigError(f"Talon.One answers 404; check {where}management_key and base_url")
        return ConfigError(
            f"Talon.One knows none of the first {self._missing} {self._feed.entity} ids ({self._last_refusal}); "
            f"check {where}the ids and base_url"
        )

    def _finish(self, running: Running) -> Running | None:
        """The window is read; gives the next one, if balances of another instant are wanted."""
        mark = self._mark
        mark.running = self._following(running)
        if self._feed.incremental:
            mark.bookmark_us, mark.ids, mark.chain = running.end_us, self._chain.count, self._chain.value
            mark.whole = self._reads_all()
        elif self._feed.has_ids:
            mark.ids = self._chain.count
        self._chain, self._found, self._missing = IdChain(), 0, 0
        self._state()
        self._engine.sink.checkpoint(self._state)
        return mark.running

    def _following(self, running: Running) -> Running | None:
        later = [us for us in self._engine.scope.instants(self._feed) if us > running.end_us]
        if self._feed.incremental or self._engine.settings["as_of"] is None or not later:
            return None
        return Running(MIN_US, later[0], by=self._way.name, keep=True)

    def _reads_all(self) -> bool:
        """True if every owner in the program is read: by the program's feed, or from the list of its cards."""
        if self._way.name != ONE_BY_ONE:
            return True
        settings = self._engine.settings
        return self._feed.entity == "card" and listed_by_management(self._feed, settings) and not settings.get("shard")


def _about(job: Job, error: TalonOneError) -> TalonOneError:
    """The error, saying for which id it came."""
    if job.text and repr(job.text) not in error.message:
        error.message = f"{job.text!r}: {error.message}"
    return error
