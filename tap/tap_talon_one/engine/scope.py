"""What a run reads: up to when, from when on, which programs, which instants."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from talon_one_client.connection.server_clock import TOLERANCE_S
from talon_one_client.errors import PermissionDeniedError, UnexpectedResponseError
from talon_one_client.paging.windows import MIN_US, Window, to_us
from talon_one_singer import ConfigError
from talon_one_singer.shards import Shard
from tap_talon_one.engine.bookmarks import FeedBookmarks
from tap_talon_one.engine.run_clock import RunClock
from tap_talon_one.ids.sources import program_list
from tap_talon_one.strategies.selection import Question
from tap_talon_one.streams import ONE_BY_ONE, Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.protocol.state import State
    from tap_talon_one.engine.bookmarks import Bookmark
    from tap_talon_one.ids.sources import Program

log = logging.getLogger("tap_talon_one")


def check_span(settings: Mapping[str, Any], now: datetime) -> None:
    """Raise ConfigError if ``start_date`` and ``end_date`` span no time that has come: nothing could be read."""
    start, end = settings["start_date"], settings["end_date"]
    if start is not None and start > now + timedelta(seconds=TOLERANCE_S):
        raise ConfigError(
            f"start_date {start.isoformat()} is in the future (it is {now.isoformat(timespec='seconds')} now), so "
            "nothing could be read; set an earlier start_date, or leave it out to read everything"
        )
    if start is not None and end is not None and end <= start:
        raise ConfigError(
            f"end_date {end.isoformat()} is not after start_date {start.isoformat()}, so nothing could be read; "
            "exchange them, or leave one of them out"
        )


@dataclass
class Scope:
    """What a run reads, by its settings and by where the last one ended.

    Attributes:
        settings: of the tap.
        now: this machine's clock.
    """

    settings: Mapping[str, Any]
    client: TalonOneClient
    state: State
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _listed: list[Program] | None = None

    def __post_init__(self) -> None:
        check_span(self.settings, self.now())

    @cached_property
    def clock(self) -> RunClock:
        """The clocks of this machine and of Talon.One when the run began."""
        return RunClock.read(self.client, self.now)

    @cached_property
    def pinned_us(self) -> int:
        """The instant that the run reads up to: now less the settle time, or end_date if that is earlier.

        Now is by the earlier of both clocks. With a clock that is ahead, rows made between the true time and the
        bookmark would never be read.
        """
        settled = to_us(self.clock.earlier) - round(float(self.settings["settle_seconds"]) * 1_000_000)
        end = self.settings["end_date"]
        return settled if end is None else min(settled, to_us(end))

    @property
    def shard(self) -> Shard:
        """The part of the ids that is read."""
        return Shard.of(self.settings)

    @property
    def earliest_us(self) -> int:
        """Nothing created before it is read."""
        given = self.settings["start_date"]
        return MIN_US if given is None else to_us(given)

    def start_us(self, mark: Bookmark, way: str) -> int:
        """From where on a ledger is read: the bookmark, unless this way brings owners that were not read yet."""
        if mark.bookmark_us is None or (way != ONE_BY_ONE and not mark.whole) or self.is_future(mark):
            return self.earliest_us
        return max(self.earliest_us, mark.bookmark_us)

    def is_future(self, mark: Bookmark) -> bool:
        """True if a bookmark lies in Talon.One's future: the clock of the machine that wrote it was ahead.

        Nobody knows when it was really written, so that any row may be missing: all are read again.
        """
        return mark.bookmark_us is not None and mark.bookmark_us > to_us(self.clock.server)

    def instants(self, feed: Feed) -> list[int]:
        """Instants of a snapshot: those of as_of for balances, else the one that the run reads up to."""
        if feed.strategy == "balances_strategy" and self.settings["as_of"]:
            return [to_us(instant) for instant in self.settings["as_of"]]
        return [self.pinned_us]

    def question(self, feed: Feed, program: int | None) -> Question:
        """What a feed is to be read for, so that somebody can tell what it costs."""
        mark = FeedBookmarks.from_state(feed.name, self.state.bookmark(feed.name)).of(program, str(self.shard))
        running = mark.running
        return Question(
            program=program,
            window=Window(self.start_us(mark, "program_feed"), self.pinned_us),
            instants=len(self.instants(feed)),
            ids=mark.ids,
            begun=running.by if running is not None and running.begun else None,
        )

    def programs(self, feed: Feed) -> list[int | None]:
        """The loyalty programs that a feed is read for; [None] if it has nothing to do with them.

        Raises:
            ConfigError: nobody says which programs.
            TalonOneError: the Management API does not list them.
        """
        if not feed.per_program:
            return [None]
        given = self.settings["loyalty_program_ids"]
        if given:
            return self._of_kind(feed, list(dict.fromkeys(given)))
        if not self.settings["management_key"]:
            raise ConfigError(
                "which loyalty programs shall be read? Set loyalty_program_ids, or a management_key to read all"
            )
        found: list[int | None] = [p.id for p in self._known_programs() if _fits(p, feed)]
        if not found:
            kind = {"card": "card-based ", "profile": "profile-based "}.get(feed.program_kind or "", "")
            log.warning("%s: the account has no %sloyalty program", feed.name, kind)
        return found

    @property
    def calls(self) -> int:
        """Calls that it took to know the programs."""
        return 0 if self._listed is None else 1

    def _known_programs(self) -> list[Program]:
        if self._listed is None:
            self._listed = program_list(self.client)
        return self._listed

    def _of_kind(self, feed: Feed, given: list[int]) -> list[int | None]:
        """Without the programs that are known to be of the other kind: cards have no ledger in a profile program."""
        if not self.settings["management_key"]:
            return list(given)
        try:
            programs = self._known_programs()
        except (PermissionDeniedError, UnexpectedResponseError) as error:
            log.info("the kinds of the loyalty programs are not known: %s", error)
            return list(given)
        other = {p.id for p in programs if p.card_based is not None and not _fits(p, feed)}
        return [program for program in given if program not in other]


def _fits(program: Program, feed: Feed) -> bool:
    """Whether the feed reads programs of that kind: cards have no ledger in a profile program."""
    return feed.program_kind == "any" or bool(program.card_based) == (feed.program_kind == "card")
