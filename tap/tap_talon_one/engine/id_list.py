"""The ids of one read in the order of their source, and what a digest says about the list of an earlier run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from talon_one_client.paging.windows import Window
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


class IdList:
    """The list of ids of one stream group and program.

    Attributes:
        digest: number and digest of the ids that ``listed`` has yielded.
    """

    def __init__(
        self, run: RunServices, group: StreamGroup, program: int | None, bookmark: Bookmark, label: str
    ) -> None:
        self._run, self._group, self._program = run, group, program
        self._bookmark, self._label = bookmark, label
        self.digest = IdListDigest()

    @property
    def by_management(self) -> bool:
        """Whether the Management API lists the ids."""
        return listed_by_management(self._group, self._run.scope.settings)

    def resumed(self, position: Position) -> Position | None:
        """Return the position from which this list can be resumed; None if its first ids have changed."""
        if not position.begun:
            return position
        digest, same = IdListDigest(), False
        for text in self._ids():
            digest.add(text)
            if digest.count == position.done:
                same = digest.value == position.digest
            if digest.count == position.begun:
                if digest.value == position.begun_digest:
                    return position
                break
        return position.up_to_done() if same else None

    def listed(self, window: OpenWindow) -> Generator[ListedId]:
        """Yield all ids; those appended since the last run are read from the start."""
        bookmark, appended = self._bookmark, False
        digest = self.digest = IdListDigest()
        for text in self._ids():
            if bookmark.bookmark_us is not None and not bookmark.complete and digest.count == bookmark.ids:
                appended = digest.value == bookmark.digest
                self._warn_if_changed(same=appended)
            before = digest.value
            digest.add(text)
            start_us = self._run.scope.earliest_us if appended else window.start_us
            yield ListedId(digest.count, before, digest.value, text, Window(start_us, window.end_us))
        if bookmark.ids and not bookmark.complete and digest.count <= bookmark.ids:
            self._warn_if_changed(same=digest.value == bookmark.digest)

    def _ids(self) -> Iterator[str]:
        for text in ids_for(self._group, self._program, self._run.scope.settings, self._run.scope.client):
            self._run.stop()
            yield text

    def _warn_if_changed(self, *, same: bool) -> None:
        """Warn that new ids cannot be recognized: only those at the end of the list are known to be new."""
        if not same and self._group.incremental and not self.by_management:
            log.warning(
                "%s: the list of ids has changed other than by appending, so new ids in it are read only from the "
                "bookmark. Append new ids at the end, or run once without state",
                self._label,
            )
