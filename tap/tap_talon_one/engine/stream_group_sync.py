"""The sync of one stream group for one program: many ids at once, rows in order, a position after each chunk."""

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
from talon_one_singer import Stopped
from talon_one_singer.protocol.encoded_selection import RawMask
from talon_one_singer.protocol.selection import field_mask
from tap_talon_one.engine.bookmarks import GroupBookmarks, OpenWindow
from tap_talon_one.engine.missing_ids import MissingIds
from tap_talon_one.errors import RowRefused
from tap_talon_one.ids.id_list_digest import IdListDigest
from tap_talon_one.ids.sources import ids_for, ids_total, listed_by_management
from tap_talon_one.rows.readers import Chunk, Job, Reader
from tap_talon_one.strategies.read_strategies import PER_ENTITY

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from talon_one_singer import CatalogEntry
    from tap_talon_one.engine.run_services import RunServices
    from tap_talon_one.strategies.read_strategies import ReadStrategy

log = logging.getLogger("tap_talon_one")


class StreamGroupSync:
    """Reads one stream group of one program with one strategy.

    Args:
        alone: False if the same ids are read for several programs, where most programs do not know most ids.
    """

    def __init__(
        self, run: RunServices, strategy: ReadStrategy, entries: list[CatalogEntry], program: int | None, *, alone: bool
    ) -> None:
        group, settings = strategy.group, run.scope.settings
        self._run, self._strategy, self._group, self._program = run, strategy, group, program
        self._settings = settings
        self._label = group.name if program is None else f"{group.name} of program {program}"
        self._bookmarks = GroupBookmarks.from_state(group.name, run.scope.state.bookmark(group.name))
        self._bookmark = self._bookmarks.of(program, str(run.scope.shard))
        self._masks = {e.tap_stream_id: RawMask(m) if (m := field_mask(e)) else None for e in entries}
        self._reader = Reader(strategy, run.scope.client, frozenset(self._masks), settings["page_size"])
        self._missing = MissingIds(group, program, self._label, on_missing=settings["on_missing"], alone=alone)
        self._digest = IdListDigest()
        self._found = self._undated = self._too_fine = 0
        self._ended: dict[str, RowRefused] = {}  # streams that ended at a row; the position stays before that row

    def run(self) -> None:
        """Read the group; the bookmark moves when the last id is done.

        Raises:
            ConfigError: Talon.One does not know any of the ids.
            RowRefused: the sink cannot hold a row of a stream; the other streams of the group were read.
            Stopped: the run was asked to end; the state holds the position.
            TalonOneError: see talon_one_client.errors.
        """
        window = self._first_window()
        if window is None:
            log.info("%s: the time span in the settings is empty, so nothing is read", self._label)
        while window is not None:
            self._read_window(window)
            window = self._finish(window)
        self._missing.raise_if_refused()

    def _first_window(self) -> OpenWindow | None:
        """Return the window of an interrupted run, or a new one; None if it is empty."""
        window = self._bookmark.window
        start_us, end_us = self._bounds()
        if window is not None and self._can_resume(window, start_us, end_us):
            if self._starts_with_same_ids(window):
                log.info("%s: resuming after %s ids", self._label, f"{window.done:,}")
                self._digest.resume(window.done, window.digest)
                self._found = window.done  # an interrupted run that found no id would have failed
                return window
            log.warning("%s: the ids have changed since the interrupted run; restarting its window", self._label)
        if start_us >= end_us:
            return None
        self._bookmark.window = OpenWindow(start_us, end_us, by=self._strategy.name)
        return self._bookmark.window

    def _bounds(self) -> tuple[int, int]:
        scope, bookmark_us = self._run.scope, self._bookmark.bookmark_us
        if not self._group.incremental:
            return MIN_US, scope.instants(self._group)[0]
        start_us = scope.start_us(self._bookmark, self._strategy.name)
        if scope.is_future(self._bookmark) and bookmark_us is not None:
            scope.clock.warn_of_future(self._label, from_us(bookmark_us))
        elif bookmark_us is not None and start_us < bookmark_us:
            log.info("%s: earlier runs read only some of the ids; all ids are read from the start", self._label)
        return start_us, scope.pinned_us

    def _can_resume(self, window: OpenWindow, start_us: int, end_us: int) -> bool:
        if not window.begun:
            return False
        if window.by != self._strategy.name:
            log.warning("%s: the interrupted run used the strategy %s; restarting its window", self._label, window.by)
            return False
        if self._group.incremental:
            return window.start_us <= start_us and window.end_us <= end_us
        return self._settings["as_of"] is None or window.end_us in self._run.scope.instants(self._group)

    def _starts_with_same_ids(self, window: OpenWindow) -> bool:
        if not window.done:
            return True
        digest = IdListDigest()
        for text in self._ids():
            digest.add(text)
            if digest.count == window.done:
                return digest.value == window.digest
        return False

    def _read_window(self, window: OpenWindow) -> None:
        total = ids_total(self._group, self._settings) or self._bookmark.ids or None
        self._run.progress.start(self._group.name, total, "ids")
        chunks = ordered_parts(self._jobs(window), self._reader.read, self._settings["concurrency"], self._run.stop)
        try:
            self._read(window, chunks)
        finally:
            self._run.progress.finish(self._group.name)
            self._state()
        if self._ended:
            raise next(iter(self._ended.values()))
        self._missing.end_window(found=self._found)
        self._report_window()

    def _report_window(self) -> None:
        text = "created_text has the original text"
        if self._undated:
            log.warning("%s: created is not a date and time in %s rows; %s", self._label, f"{self._undated:,}", text)
        if self._too_fine:
            count = f"{self._too_fine:,}"
            log.warning("%s: created is truncated to microseconds in %s rows; %s", self._label, count, text)
        if self._group.has_ids and not self._digest.count and not listed_by_management(self._group, self._settings):
            log.warning("%s: there are no %s ids, so nothing is read", self._label, self._group.entity)

    def _read(self, window: OpenWindow, chunks: Generator[tuple[Job, Iterator[Chunk]]]) -> None:
        with closing(chunks), self._state_saved_when_stopped():
            for job, of_job in chunks:
                self._read_id(window, job, of_job)

    @contextmanager
    def _state_saved_when_stopped(self) -> Iterator[None]:
        """Write the state before the requests in flight end: a scheduler may kill the process while they do."""
        try:
            yield
        except Stopped:
            self._run.output.sink.checkpoint(self._state, final=True)
            raise

    def _ids(self) -> Iterator[str]:
        for text in ids_for(self._group, self._program, self._settings, self._run.scope.client):
            # ordered_parts waits for requests in flight if its source of jobs raises, so the state is saved here too.
            with self._state_saved_when_stopped():
                self._run.stop()
            yield text

    def _jobs(self, window: OpenWindow) -> Iterator[Job]:
        """Yield the remaining ids; ids appended since the last run are read from the start."""
        bookmark, digest, appended = self._bookmark, IdListDigest(), False
        for text in self._ids():
            if bookmark.bookmark_us is not None and not bookmark.complete and digest.count == bookmark.ids:
                appended = digest.value == bookmark.digest
                self._warn_if_changed(same=appended)
            digest.add(text)
            if digest.count <= window.done:
                continue
            if window.remaining is not None and digest.value == window.current_digest:
                yield Job(text, self._program, window.remaining)
            else:
                start_us = self._run.scope.earliest_us if appended else window.start_us
                yield Job(text, self._program, Window(start_us, window.end_us))
        if bookmark.ids and not bookmark.complete and digest.count <= bookmark.ids:
            self._warn_if_changed(same=digest.value == bookmark.digest)

    def _warn_if_changed(self, *, same: bool) -> None:
        """Warn that new ids cannot be recognized: only those at the end of the list are known to be new."""
        if not same and self._group.incremental and not listed_by_management(self._group, self._settings):
            log.warning(
                "%s: the list of ids has changed other than by appending, so new ids in it are read only from the "
                "bookmark. Append new ids at the end, or run once without state",
                self._label,
            )

    def _read_id(self, window: OpenWindow, job: Job, chunks: Iterator[Chunk]) -> None:
        digest = self._digest.with_next(job.text)
        try:
            for chunk in chunks:
                self._write(chunk)
                if not self._ended:
                    window.remaining, window.current_digest = chunk.remaining, digest
                self._checkpoint()
            self._found += 1
        except RejectedError as error:
            _name_id(error, job)
            if not self._group.has_ids and not isinstance(error, NotFoundError):
                raise
            self._missing.add(job.text, error, found=self._found)
        except (ServerError, UnexpectedResponseError) as error:
            _name_id(error, job)
            raise
        self._digest.resume(self._digest.count + 1, digest)
        # If no id is known yet, the ids may be the wrong ones: a run with corrected ids then starts with the first.
        if self._found and not self._ended:
            window.done, window.digest, window.remaining = self._digest.count, digest, None
        self._run.progress.advance(self._group.name)
        self._checkpoint()

    def _write(self, chunk: Chunk) -> None:
        for stream, rows in chunk.rows.items():
            if not rows or stream in self._ended:
                continue
            try:
                self._run.output.write(stream, rows, self._masks[stream])
            except RowRefused as error:
                self._end_stream(stream, error)
        self._undated += chunk.undated
        self._too_fine += chunk.too_fine

    def _end_stream(self, stream: str, error: RowRefused) -> None:
        self._ended[stream] = error
        if len(self._ended) == len(self._masks):
            raise next(iter(self._ended.values()))

    def _checkpoint(self) -> None:
        self._run.output.metrics.tick()
        self._run.progress.tick()
        self._run.output.sink.checkpoint(self._state)
        self._run.stop()

    def _state(self) -> dict[str, Any]:
        state = self._run.scope.state
        state.set_bookmark(self._group.name, self._bookmarks.to_dict())
        return state.to_dict()

    def _finish(self, window: OpenWindow) -> OpenWindow | None:
        """Move the bookmark to the end of the window; return the next window if balances need another instant."""
        bookmark = self._bookmark
        bookmark.window = self._next_window(window)
        if self._group.incremental and not self._digest.count:
            log.info("%s: nothing was listed, so the bookmark stays", self._label)
        elif self._group.incremental:
            bookmark.bookmark_us, bookmark.ids, bookmark.digest = window.end_us, self._digest.count, self._digest.value
            bookmark.complete = self._reads_all_ids()
        elif self._group.has_ids:
            bookmark.ids = self._digest.count
        self._digest, self._found, self._missing.count = IdListDigest(), 0, 0
        self._state()
        self._run.output.sink.checkpoint(self._state)
        return bookmark.window

    def _next_window(self, window: OpenWindow) -> OpenWindow | None:
        later = [us for us in self._run.scope.instants(self._group) if us > window.end_us]
        if self._group.incremental or self._settings["as_of"] is None or not later:
            return None
        return OpenWindow(MIN_US, later[0], by=self._strategy.name, keep=True)

    def _reads_all_ids(self) -> bool:
        """Return True if every card or profile of the program is read: by its feed, or from the list of its cards."""
        if self._strategy.name != PER_ENTITY:
            return True
        listed = listed_by_management(self._group, self._settings)
        return self._group.entity == "card" and listed and not self._settings.get("shard")


def _name_id(error: TalonOneError, job: Job) -> None:
    """Put the id into the error's message."""
    if job.text and repr(job.text) not in error.message:
        error.message = f"{job.text!r}: {error.message}"
