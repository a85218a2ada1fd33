"""Reading the selected streams into a sink, resumable at any moment.

The sink is a Singer writer or a warehouse; both run this very code.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from talon_one_client.errors import (
    AuthenticationError,
    PermissionDeniedError,
    TalonOneError,
)
from talon_one_client.windows import to_us
from talon_one_singer import ConfigError, SingerError
from tap_talon_one.feed_run import FeedRun
from tap_talon_one.ids import program_list
from tap_talon_one.streams import FEEDS, Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_singer import CatalogEntry
    from talon_one_singer.metrics import Metrics
    from talon_one_singer.progress import Progress
    from talon_one_singer.state import State
    from tap_talon_one.ids import Program

log = logging.getLogger("tap_talon_one")


class Sink(Protocol):
    """Where rows go."""

    def open(self, entry: CatalogEntry) -> None:
        """Rows of a stream are about to come."""

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Encoded JSON objects of a stream."""

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """All rows so far belong to the state; the sink decides whether to store it now, unless ``final``."""


class SomeStreamsFailed(SingerError):
    """Streams that could not be read; the others were."""


@dataclass
class Engine:
    """One run over the selected streams.

    Attributes:
        settings: of the tap.
        entries: selected catalog entries.
        stop: called often; raises to end the run.
        now: the run's clock.
    """

    settings: Mapping[str, Any]
    client: TalonOneClient
    entries: Sequence[CatalogEntry]
    state: State
    sink: Sink
    metrics: Metrics
    progress: Progress
    stop: Callable[[], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pinned_us: int = field(init=False)
    _failures: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Read all selected streams; one that fails does not keep the others from being read.

        Raises:
            SomeStreamsFailed: names each failed stream and why.
            ConfigError, AuthenticationError: nothing can be read as it is set.
        """
        try:
            for feed in FEEDS:
                entries = [e for e in self.entries if e.tap_stream_id in {s.name for s in feed.streams}]
                if entries:
                    self._feed(feed, entries)
        finally:
            self.sink.checkpoint(self.state.to_dict, final=True)
        if self._failures:
            raise SomeStreamsFailed("\n".join(self._failures))

    def __post_init__(self) -> None:
        self.pinned_us = self._pin()

    def _pin(self) -> int:
        """The instant that this run reads up to: now less the settle time, or end_date if that is earlier."""
        settled = to_us(self.now()) - round(float(self.settings["settle_seconds"]) * 1_000_000)
        end = self.settings["end_date"]
        return settled if end is None else min(settled, to_us(end))

    def _feed(self, feed: Feed, entries: list[CatalogEntry]) -> None:
        names = ", ".join(e.tap_stream_id for e in entries)
        self.state.currently_syncing = entries[0].tap_stream_id
        try:
            for entry in entries:
                self.sink.open(entry)
            programs = self._programs(feed)
            done = [self._program(feed, entries, program, alone=len(programs) == 1) for program in programs]
            if all(done):
                self.state.currently_syncing = None
        except AuthenticationError:
            raise
        except (TalonOneError, ConfigError) as error:
            self._failed(names, error)
        finally:
            self.sink.checkpoint(self.state.to_dict)

    def _program(self, feed: Feed, entries: list[CatalogEntry], program: int | None, *, alone: bool) -> bool:
        """Read one program; False if it failed, which does not keep the others from being read."""
        try:
            FeedRun(self, feed, entries, program, alone=alone).run()
        except AuthenticationError:
            raise
        except (TalonOneError, ConfigError) as error:
            names = ", ".join(e.tap_stream_id for e in entries)
            self._failed(names if program is None else f"{names} of program {program}", error)
            return False
        return True

    def _failed(self, what: str, error: Exception) -> None:
        self._failures.append(f"{what}: {error}")
        log.error("%s: %s", what, error)

    def _programs(self, feed: Feed) -> list[int | None]:
        if not feed.per_program:
            return [None]
        given = self.settings["loyalty_program_ids"]
        if given:
            return self._of_kind(feed, list(dict.fromkeys(given)))
        if not self.settings["management_key"]:
            raise ConfigError(
                "which loyalty programs shall be read? Set loyalty_program_ids, or a management_key to read all"
            )
        programs = program_list(self.client)
        found: list[int | None] = [p.id for p in programs if _fits(p, feed)]
        if not found:
            kind = {"card": "card-based ", "profile": "profile-based "}.get(feed.program_kind or "", "")
            log.warning("%s: the account has no %sloyalty program", feed.name, kind)
        return found

    def _of_kind(self, feed: Feed, given: list[int]) -> list[int | None]:
        """Without the programs that are known to be of the other kind: cards have no ledger in a profile program."""
        if not self.settings["management_key"]:
            return list(given)
        try:
            programs = program_list(self.client)
        except PermissionDeniedError:
            return list(given)
        other = {p.id for p in programs if p.card_based is not None and not _fits(p, feed)}
        return [program for program in given if program not in other]


def _fits(program: Program, feed: Feed) -> bool:
    """Whether the feed reads programs of that kind: cards have no ledger in a profile program."""
    return feed.program_kind == "any" or bool(program.card_based) == (feed.program_kind == "card")
