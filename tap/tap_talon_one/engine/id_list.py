"""The ids of one read in the order of their source, and what a digest says about the list of an earlier run."""

from __future__ import annotations

import logging
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from talon_one_client.paging.windows import Window
from tap_talon_one.errors import IdListChanged
from tap_talon_one.ids.id_list_digest import IdListDigest
from tap_talon_one.ids.sources import ids_for, listed_by_management

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tap_talon_one.engine.bookmarks import Bookmark, OpenWindow
    from tap_talon_one.engine.position import Position
    from tap_talon_one.engine.run_services import RunServices
    from tap_talon_one.streams import StreamGroup

log = logging.getLogger("tap_talon_one")


class ListedId(NamedTuple):
    """An id of the list.

    Attributes:
        number: its place, the first has 1.
        before: digest of the ids before it.
        digest: digest of the ids up to and including it.
        window: what is to be read of it, if nothing of it was read yet.
    """

    number: int
    before: str
    digest: str
    text: str
    window: Window


class _Numbered(NamedTuple):
    """An id in its place; see ListedId. ``appended``: it came to the list after the last run."""

    number: int
    before: str
    digest: str
    text: str
    appended: bool


class IdList:
    """The list of ids of one stream group and program.

    Attributes:
        digest: number and digest of the ids that ``listed`` has yielded.
        incomplete: the server counts more ids than it lists.
    """

    def __init__(
        self, run: RunServices, group: StreamGroup, program: int | None, bookmark: Bookmark, label: str
    ) -> None:
        self._run, self._group, self._program = run, group, program
        self._bookmark, self._label = bookmark, label
        self.digest, self.incomplete = IdListDigest(), False
        self._resumed: tuple[list[_Numbered], Iterator[_Numbered]] | None = None  # open ids, and the rest of the list

    @property
    def by_management(self) -> bool:
        """Whether the Management API lists the ids."""
        return listed_by_management(self._group, self._run.scope.settings)

    def resumed(self, position: Position) -> Position | None:
        """Return the position from which this list can be resumed; None if its first ids have changed.

        The list is read up to there, and ``listed`` goes on in the same read: another one might find other ids.
        """
        if not position.begun:
            return position
        numbered, opened, same = self._numbered(), [], False
        for each in numbered:
            if each.number in position.open:
                opened.append(each)
            if each.number == position.done:
                same = each.digest == position.digest
            if each.number == position.begun:
                if each.digest == position.begun_digest:
                    self._resumed = opened, numbered
                    return position
                break
        return position.up_to_done() if same else None

    def listed(self, window: OpenWindow) -> Generator[ListedId]:
        """Yield the ids that are open or not begun; those appended since the last run are read from the start.

        Raises:
            IdListChanged: the ids that are done are not those of the position any more.
        """
        for each in self._remaining(window.position):
            start_us = self._run.scope.earliest_us if each.appended else window.start_us
            found = Window(start_us, window.end_us)
            yield ListedId(each.number, each.before, each.digest, each.text, found)

    def _remaining(self, position: Position | None) -> Iterator[_Numbered]:
        if self._resumed is None:
            return self._after_done(position)
        (opened, numbered), self._resumed = self._resumed, None
        return chain(opened, numbered)

    def _after_done(self, position: Position | None) -> Iterator[_Numbered]:
        done = position.begun if position is not None else 0
        for each in self._numbered():
            if each.number > done:
                yield each
            elif position is not None and each.number == done and each.digest != position.begun_digest:
                break
        if self.digest.count <= done and position is not None and self.digest.value != position.begun_digest:
            raise IdListChanged(
                f"{self._label}: the list of ids has changed between two reads, so the interrupted run cannot be "
                "resumed; run again to restart its window"
            )

    def _numbered(self) -> Iterator[_Numbered]:
        bookmark, appended = self._bookmark, False
        digest = self.digest = IdListDigest()
        for text in self._ids():
            if bookmark.bookmark_us is not None and not bookmark.complete and digest.count == bookmark.ids:
                appended = digest.value == bookmark.digest
                self._warn_if_changed(same=appended)
            before = digest.value
            digest.add(text)
            yield _Numbered(digest.count, before, digest.value, text, appended)
        if bookmark.ids and not bookmark.complete and digest.count <= bookmark.ids:
            self._warn_if_changed(same=digest.value == bookmark.digest)

    def _ids(self) -> Iterator[str]:
        scope = self._run.scope
        for text in ids_for(self._group, self._program, scope.settings, scope.client, on_short=self._note_incomplete):
            self._run.stop()
            yield text

    def _note_incomplete(self) -> None:
        self.incomplete = True

    def _warn_if_changed(self, *, same: bool) -> None:
        """Warn that new ids cannot be recognized: only those at the end of the list are known to be new."""
        if self._run.scope.is_backfill(self._bookmark):
            return
        if not same and self._group.incremental and not self.by_management:
            log.warning(
                "%s: the list of ids has changed other than by appending, so new ids in it are read only from the "
                "bookmark. Append new ids at the end, or run once without state",
                self._label,
            )
