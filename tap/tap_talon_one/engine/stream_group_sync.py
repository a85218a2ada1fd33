"""The sync of one stream group for one program: many ids at once, a position after each chunk, in any order."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING

from talon_one_client.errors import NotFoundError, RejectedError, ServerError, UnexpectedResponseError
from talon_one_client.paging.windows import MIN_US, from_us
from talon_one_client.paging.work import Work
from talon_one_client.paging.workers import Turn
from talon_one_singer import Stopped
from talon_one_singer.protocol.encoded_selection import RawMask
from talon_one_singer.protocol.selection import field_mask
from talon_one_singer.reporting.amounts import counted
from tap_talon_one.engine.bookmarks import GroupBookmarks, OpenWindow
from tap_talon_one.engine.id_list import IdList
from tap_talon_one.engine.missing_ids import MissingIds
from tap_talon_one.engine.open_ids import OpenIds
from tap_talon_one.engine.position import Position
from tap_talon_one.errors import RowRefused
from tap_talon_one.ids.sources import ids_total
from tap_talon_one.rows.readers import Reader
from tap_talon_one.strategies.read_strategies import PER_ENTITY

if TYPE_CHECKING:
    from collections.abc import Generator

    from talon_one_singer import CatalogEntry
    from tap_talon_one.engine.open_ids import OpenId
    from tap_talon_one.engine.run_services import RunServices
    from tap_talon_one.rows.reading import Chunk, Reading
    from tap_talon_one.strategies.read_strategies import ReadStrategy

log = logging.getLogger("tap_talon_one")


class StreamGroupSync:
    """Reads one stream group of one program with one strategy.

    Args:
        alone: False if the same ids are read for several programs, where most programs do not know most ids.

    Attributes:
        complete: this run has read all ids of the list from the start, and everything that the server counts.
        checked_us: end of a ledger check that was complete; None: there was none.
    """

    def __init__(
        self, run: RunServices, strategy: ReadStrategy, entries: list[CatalogEntry], program: int | None, *, alone: bool
    ) -> None:
        group, settings = strategy.group, run.scope.settings
        self._run, self._strategy, self._group, self._program = run, strategy, group, program
        self._settings, self._label = settings, group.labeled(program)
        self._bookmarks = GroupBookmarks.from_state(group.name, run.scope.state.bookmark(group.name))
        self._bookmark = self._bookmarks.of(program, str(run.scope.shard))
        self._is_backfill = group.incremental and run.scope.is_backfill(self._bookmark)
        self._masks = {e.tap_stream_id: RawMask(m) if (m := field_mask(e)) else None for e in entries}
        self._reader = Reader(strategy, run.scope.client, frozenset(self._masks), settings["page_size"])
        self._missing = MissingIds(group, program, self._label, on_missing=settings["on_missing"], alone=alone)
        self._list = IdList(run, group, program, self._bookmark, self._label)
        self._undated = self._too_fine = 0
        self.complete = False
        self.checked_us: int | None = None
        self._ended: dict[str, RowRefused] = {}  # streams that ended at a row; the position stays before that row

    def run(self) -> Generator[Work]:
        """Read the group; the bookmark moves when the last id is done.

        Yields:
            The work, when only requests are left that wait for their retries: others may be read meanwhile.

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
            yield from self._read_window(window)
            window = self._finish(window)
        self._missing.raise_if_refused()

    def _first_window(self) -> OpenWindow | None:
        """Return the window of an interrupted run, or a new one; None if it is empty."""
        window = self._bookmark.window
        start_us, end_us = self._bounds()
        if window is not None and self._can_resume(window, start_us, end_us):
            position = self._list.resumed(window.position or Position())
            if position is not None:
                log.info("%s: resuming after %s", self._label, counted(position.read, "id"))
                window.position = position if position.begun else None
                return window
            log.warning("%s: the ids have changed since the interrupted run; restarting its window", self._label)
        if start_us >= end_us:
            return None
        self._bookmark.window = OpenWindow(start_us, end_us, by=self._strategy.name, backfill=self._is_backfill)
        return self._bookmark.window

    def _bounds(self) -> tuple[int, int]:
        scope, bookmark_us = self._run.scope, self._bookmark.bookmark_us
        if not self._group.incremental:
            start_us = scope.earliest_us if self._group.reader == "figures" else MIN_US
            return start_us, scope.instants(self._group)[0]
        start_us = scope.start_us(self._bookmark, self._strategy)
        scope.checks.warn_if_impossible(self._strategy, self._label)
        if scope.is_future(self._bookmark) and bookmark_us is not None:
            scope.clock.warn_of_future(self._label, from_us(bookmark_us))
        elif self._is_backfill:
            log.info("%s: the window from start_date to end_date is before the bookmark, which stays", self._label)
        elif scope.is_check_due(self._bookmark, self._strategy):
            log.info("%s: all transactions are read, which shows those that are gone (recheck_days)", self._label)
        elif bookmark_us is not None and start_us < bookmark_us:
            log.info("%s: earlier runs read only some of the ids; all ids are read from the start", self._label)
        return start_us, scope.pinned_us

    def _can_resume(self, window: OpenWindow, start_us: int, end_us: int) -> bool:
        if not window.begun:
            return False
        if window.by != self._strategy.name:
            log.warning("%s: the interrupted run used the strategy %s; restarting its window", self._label, window.by)
            return False
        if window.backfill or self._is_backfill:
            return window.backfill and self._is_backfill and (window.start_us, window.end_us) == (start_us, end_us)
        if self._group.incremental:
            return window.start_us <= start_us and window.end_us <= end_us
        return self._settings["as_of"] is None or window.end_us in self._run.scope.instants(self._group)

    def _read_window(self, window: OpenWindow) -> Generator[Work]:
        from_start = window.position is None
        total = ids_total(self._group, self._settings) or self._bookmark.ids or None
        self._run.progress.start(self._group.name, total, "ids")
        with closing(self._list.listed(window)) as listed:
            self._window, begun = window, window.position or Position()
            self._open = OpenIds(listed, begun, self._reader.open, self._program, self._run.lock)
            self._work = Work(self._run.workers, self._read_next)
            self._run.positions.append(self._note_position)
            try:
                self._work.begin()
                yield from self._wait()
            finally:
                self._work.join()
                self._run.progress.finish(self._group.name)
                with self._run.lock:
                    self._run.positions.remove(self._note_position)
                    self._note_position()
        if self._ended:
            raise next(iter(self._ended.values()))
        self._missing.end_window(found=self._open.known)
        self._run.output.metrics.left_out(self._group.name, self._missing.count)
        some = self._missing.count or self._reader.incomplete or self._list.incomplete
        self.complete = from_start and not some
        self._report_window()

    def _wait(self) -> Generator[Work]:
        try:
            self._work.wait(self._run.poll, or_retries=True)
            if not self._work.closed:
                yield self._work
                self._work.wait(self._run.poll)
        except Stopped:
            # The state is written before the requests in flight end: a scheduler may kill the process while they do.
            self._work.close()
            with self._run.lock:
                self._run.checkpoint(final=True)
            raise

    def _report_window(self) -> None:
        text = "created_text has the original text"
        if self._undated:
            log.warning(
                "%s: created is not a date and time in %s; %s", self._label, counted(self._undated, "row"), text
            )
        if self._too_fine:
            count = counted(self._too_fine, "row")
            log.warning("%s: created is truncated to microseconds in %s; %s", self._label, count, text)
        if self._group.has_ids and not self._list.digest.count and not self._list.by_management:
            log.warning("%s: there are no %s ids, so nothing is read", self._label, self._group.entity)

    def _read_next(self) -> Turn:
        """Read an id, or a part of one; called from many threads."""
        with self._work.keeping_slot():  # a list of ids that waits for its retry holds up all others
            taken = self._open.take()
        if taken is None:
            return Turn.FINISHED if self._open.finished else Turn.NOTHING_NOW
        if self._run.workers.idle:
            self._run.workers.wake()
        open_id, reading = taken
        try:
            self._read(open_id, reading)
        except RejectedError as error:
            self._refused(open_id, reading, error)
        except (ServerError, UnexpectedResponseError) as error:
            open_id.add_to(error)
            raise
        return Turn.WORKED

    def _read(self, open_id: OpenId, reading: Reading) -> None:
        while not reading.done and not open_id.refused:
            chunk = reading.step()
            if chunk is not None and self._take_rows(open_id, reading, chunk):
                return
            if self._run.workers.idle and reading.pages_left():
                self._run.workers.wake()  # another thread may read a part of it
            self._work.pause()
        with self._work.holding(self._run.lock):
            self._end(open_id, reading)

    def _take_rows(self, open_id: OpenId, reading: Reading, chunk: Chunk) -> bool:
        """Write the rows of a step; return True if it was the last one of the reading."""
        with self._work.holding(self._run.lock):
            self._write(chunk)
            self._open.known = True
            reading.advance()
            if reading.done:
                self._end(open_id, reading)
            else:
                self._checkpoint()
            return reading.done

    def _refused(self, open_id: OpenId, reading: Reading, error: RejectedError) -> None:
        open_id.add_to(error)
        if not self._group.has_ids and not isinstance(error, NotFoundError):
            raise error
        with self._work.holding(self._run.lock):
            if not open_id.refused:
                self._missing.add(open_id.text, error)
            open_id.refused = True
            self._end(open_id, reading)
            if not self._open.known:
                self._missing.give_up_if_wrong(self._open.done)

    def _end(self, open_id: OpenId, reading: Reading) -> None:
        if self._open.end(open_id, reading):
            self._open.known = self._open.known or not open_id.refused
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
        self._note_position()
        self._ended[stream] = error
        if len(self._ended) == len(self._masks):
            raise next(iter(self._ended.values()))

    def _checkpoint(self) -> None:
        self._run.output.metrics.tick()
        self._run.progress.tick()
        self._run.checkpoint()
        self._run.stop()

    def _note_position(self) -> None:
        if self._bookmark.window is self._window and not self._ended:
            self._window.position = self._open.position()
        self._run.scope.note(self._group, self._bookmarks, answered=self._open.known)

    def _finish(self, window: OpenWindow) -> OpenWindow | None:
        """Move the bookmark to the end of the window; return the next window if balances need another instant."""
        bookmark, digest, scope = self._bookmark, self._list.digest, self._run.scope
        bookmark.window = self._next_window(window)
        if self._group.incremental and not self._list.digest.count:
            log.info("%s: nothing was listed, so the bookmark stays", self._label)
        elif self._group.incremental and not window.backfill:
            bookmark.bookmark_us, bookmark.ids, bookmark.digest = window.end_us, digest.count, digest.value
            bookmark.complete = self._reads_all_ids()
            if window.start_us <= scope.earliest_us and scope.checks.by(self._strategy):
                self.checked_us = scope.checks.end(bookmark, window.end_us, self._label, complete=self.complete)
        elif self._group.has_ids and not window.backfill:
            bookmark.ids = digest.count
        self._missing.count = 0
        with self._run.lock:
            self._note_position()
            self._run.checkpoint()
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
        return self._group.entity == "card" and self._list.by_management and not self._settings.get("shard")
