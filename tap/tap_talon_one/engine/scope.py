"""The scope of a run: time span, instants, programs and shard."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from talon_one_client.connection.server_clock import TOLERANCE_S
from talon_one_client.endpoints import GET_APPLICATIONS
from talon_one_client.errors import PermissionDeniedError, UnexpectedResponseError
from talon_one_client.paging.page_counts import page_count
from talon_one_client.paging.windows import MIN_US, Window, to_us
from talon_one_singer import ConfigError
from talon_one_singer.shards import Shard
from tap_talon_one.deployment import DEPLOYMENT, raise_if_other
from tap_talon_one.engine.bookmarks import GroupBookmarks
from tap_talon_one.engine.ledger_checks import LedgerChecks
from tap_talon_one.engine.run_clock import RunClock
from tap_talon_one.ids.sources import application_list, listed_by_management, program_list
from tap_talon_one.strategies.read_request import ReadRequest
from tap_talon_one.strategies.read_strategies import PER_ENTITY, strategies_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.protocol.state import State
    from tap_talon_one.engine.bookmarks import Bookmark
    from tap_talon_one.ids.sources import Program
    from tap_talon_one.strategies.read_strategies import ReadStrategy
    from tap_talon_one.streams import StreamGroup

log = logging.getLogger("tap_talon_one")


def check_span(settings: Mapping[str, Any], now: datetime) -> None:
    """Raise ConfigError if the span of ``start_date`` and ``end_date`` is empty or has not begun."""
    start, end = settings["start_date"], settings["end_date"]
    if start is not None and start > now + timedelta(seconds=TOLERANCE_S):
        raise ConfigError(
            f"start_date {start.isoformat()} is in the future (it is {now.isoformat(timespec='seconds')} now), so "
            "nothing can be read; set an earlier start_date, or remove it to read everything"
        )
    if start is not None and end is not None and end <= start:
        raise ConfigError(
            f"end_date {end.isoformat()} is not after start_date {start.isoformat()}, so nothing can be read; "
            "swap the two dates, or remove one of them"
        )


@dataclass
class Scope:
    """What a run reads, according to its settings and the state of the last run.

    Attributes:
        settings: the tap's settings.
        now: the clock of this machine.
    """

    settings: Mapping[str, Any]
    client: TalonOneClient
    state: State
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _listed: list[Program] | None = None
    _applications: list[int] | None = None
    _clock_calls: int = 0

    def __post_init__(self) -> None:
        check_span(self.settings, self.now())
        raise_if_other(self.state, self.client.config.base_url, self.settings["former_base_url"])

    def note_deployment(self) -> None:
        """Note in the state whose rows it covers, once Talon.One has answered with rows or a list."""
        self.state.set_note(DEPLOYMENT, self.client.config.base_url)

    def note(self, group: StreamGroup, bookmarks: GroupBookmarks, *, answered: bool) -> None:
        """Note the bookmarks of a group in the state; ``answered``: Talon.One has answered for one of its ids."""
        self.state.set_bookmark(group.name, bookmarks.to_dict())
        if answered:
            self.note_deployment()

    @cached_property
    def clock(self) -> RunClock:
        """The clocks of this machine and of Talon.One at the start of the run."""
        before = self.client.last_clock_reading
        clock = RunClock.read(self.client, self.now)
        self._clock_calls = int(before is None)
        return clock

    @cached_property
    def pinned_us(self) -> int:
        """The instant up to which the run reads: now minus the settle time, or end_date if that is earlier.

        "Now" is the earlier of both clocks. With a clock that is ahead, rows created between the true time and the
        bookmark would never be read.
        """
        settled = to_us(self.clock.earlier) - round(float(self.settings["settle_seconds"]) * 1_000_000)
        end = self.settings["end_date"]
        return settled if end is None else min(settled, to_us(end))

    @property
    def shard(self) -> Shard:
        """The shard of the ids that is read."""
        return Shard.of(self.settings)

    def reads_whole(self, group: StreamGroup) -> bool:
        """Return whether the settings select all rows of a group, so that rows that are not found are gone."""
        settings = self.settings
        some_profiles = group.entity == "profile" and (settings["application_id"] or settings["sandbox"])
        some_programs = group.per_program and settings["loyalty_program_ids"]
        some_ids = group.has_ids and group.id_field is None and not listed_by_management(group, settings)
        narrowed = settings["shard"] or some_profiles or some_programs or some_ids
        return group.read_whole and settings["deleted_rows"] != "keep" and not narrowed

    @property
    def checks(self) -> LedgerChecks:
        """When ledgers are checked."""
        return LedgerChecks(self.settings)

    def within(self, group: StreamGroup) -> dict[str, list[int]]:
        """Return the ids that the settings list, by the field of the rows that has them; {} if the API lists all."""
        if group.per_application and self.settings["application_id"]:
            return {"applicationId": [self.settings["application_id"]]}
        ids = self.settings.get(f"{group.entity}_ids")
        return {} if group.id_field is None or ids is None else {group.id_field: list(ids)}

    @property
    def earliest_us(self) -> int:
        """The earliest ``created`` that is read."""
        given = self.settings["start_date"]
        return MIN_US if given is None else to_us(given)

    def start_us(self, bookmark: Bookmark, strategy: ReadStrategy) -> int:
        """Return where reading a ledger starts: at the bookmark, unless a check or a read of more ids is due."""
        more_ids = strategy.name != PER_ENTITY and not bookmark.complete
        if bookmark.bookmark_us is None or more_ids or self.is_future(bookmark) or self.is_backfill(bookmark):
            return self.earliest_us
        if self.is_check_due(bookmark, strategy):
            return self.earliest_us
        return max(self.earliest_us, bookmark.bookmark_us)

    def is_backfill(self, bookmark: Bookmark) -> bool:
        """Return whether the run reads a window, from start_date to end_date, that ends before the bookmark."""
        start, end, bookmark_us = self.settings["start_date"], self.settings["end_date"], bookmark.bookmark_us
        if start is None or end is None or bookmark_us is None:
            return False
        return to_us(end) < bookmark_us and not self.is_future(bookmark)

    def is_check_due(self, bookmark: Bookmark, strategy: ReadStrategy) -> bool:
        """Return whether a read with a strategy has to be a ledger check."""
        return self.checks.by(strategy) and self.checks.due(bookmark, self.pinned_us)

    def is_future(self, bookmark: Bookmark) -> bool:
        """Return True if a bookmark is later than Talon.One's clock: the machine that wrote it had a clock ahead.

        The true time of the bookmark is then unknown and any row may be missing, so all rows are read again.
        """
        return bookmark.bookmark_us is not None and bookmark.bookmark_us > to_us(self.clock.server)

    def instants(self, group: StreamGroup) -> list[int]:
        """Return the instants of a snapshot: as_of for balances, else the end of the run's time span."""
        if group.strategy_setting == "balances_strategy" and self.settings["as_of"]:
            return [to_us(instant) for instant in self.settings["as_of"]]
        return [self.pinned_us]

    def read_request(
        self, group: StreamGroup, program: int | None, streams: frozenset[str] = frozenset()
    ) -> ReadRequest:
        """Return what a run would read of a group, and of which of its streams, for cost estimates."""
        bookmark = GroupBookmarks.from_state(group.name, self.state.bookmark(group.name)).of(program, str(self.shard))
        window, strategies = bookmark.window, strategies_of(group, self.settings)
        return ReadRequest(
            program=program,
            window=Window(self.start_us(bookmark, strategies[-1]), self.pinned_us),
            instants=len(self.instants(group)),
            ids=bookmark.ids,
            begun=window.by if window is not None and window.begun else None,
            check=any(self.is_check_due(bookmark, strategy) for strategy in strategies),
            streams=streams & {stream.name for stream in group.streams},
        )

    def programs(self, group: StreamGroup) -> list[int | None]:
        """Return the loyalty programs or Applications to read; [None] if the group depends on neither.

        Raises:
            ConfigError: the settings do not say which programs to read.
            TalonOneError: the Management API did not list the programs or Applications.
        """
        if group.per_application:
            return self._known_applications()
        if not group.per_program:
            return [None]
        given = self.settings["loyalty_program_ids"]
        if given:
            return self._of_kind(group, list(dict.fromkeys(given)))
        if not self.settings["management_key"]:
            raise ConfigError(
                "the settings do not say which loyalty programs to read; set loyalty_program_ids, or "
                "management_key to read all"
            )
        found: list[int | None] = [p.id for p in self._known_programs() if _fits(p, group)]
        if not found:
            kind = {"card": "card-based ", "profile": "profile-based "}.get(group.program_kind or "", "")
            log.warning("%s: the account has no %sloyalty program", group.name, kind)
        return found

    @property
    def calls(self) -> int:
        """The number of calls made to list the programs and Applications, and to read the clock if there was none."""
        applications = self._applications
        pages = 0 if applications is None else page_count(len(applications), GET_APPLICATIONS.max_page_size("current"))
        return pages + (self._listed is not None) + self._clock_calls

    def _known_applications(self) -> list[int | None]:
        given = self.settings["application_id"]
        if given:
            return [given]
        if self._applications is None:
            self._applications = application_list(self.client)
        return list(self._applications)

    def _known_programs(self) -> list[Program]:
        if self._listed is None:
            self._listed = program_list(self.client)
        return self._listed

    def _of_kind(self, group: StreamGroup, given: list[int]) -> list[int | None]:
        """Return the programs without those of the other kind: cards have no ledger in a profile program."""
        if not self.settings["management_key"]:
            return list(given)
        try:
            programs = self._known_programs()
        except (PermissionDeniedError, UnexpectedResponseError) as error:
            log.info("cannot find out which loyalty programs are card-based: %s", error)
            return list(given)
        other = {p.id for p in programs if p.card_based is not None and not _fits(p, group)}
        return [program for program in given if program not in other]


def _fits(program: Program, group: StreamGroup) -> bool:
    """Return whether the group reads programs of this kind."""
    return group.program_kind == "any" or bool(program.card_based) == (group.program_kind == "card")
