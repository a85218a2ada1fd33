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
    RateLimitUrlError,
    TalonOneError,
)
from talon_one_singer import ConfigError, SingerError
from talon_one_singer.protocol.selection import selected_schema
from tap_talon_one.engine.scope import Scope
from tap_talon_one.engine.stream_group_sync import FeedRun
from tap_talon_one.errors import IncompleteExport, RowRefused
from tap_talon_one.rows.hashing import FieldHashes
from tap_talon_one.rows.main_ledger import MainLedgerName
from tap_talon_one.strategies.selection import offers
from tap_talon_one.streams import FEEDS, Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_singer import CatalogEntry
    from talon_one_singer.protocol.state import State
    from talon_one_singer.reporting.metrics import Metrics
    from talon_one_singer.reporting.progress import Progress

log = logging.getLogger("tap_talon_one")


class Sink(Protocol):
    """Where rows go."""

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any]) -> None:
        """Rows of a stream are about to come, of this schema."""

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Encoded JSON objects of a stream.

        Raises:
            RowRefused: one of them cannot be held, and none of them is.
        """

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """All rows so far belong to the state; the sink decides whether to store it now, unless ``final``."""


class SomeStreamsFailed(SingerError):
    """Streams that could not be read; the others were.

    Attributes:
        causes: why, one for each.
    """

    def __init__(self, *lines: str, causes: Sequence[Exception] = ()) -> None:
        self.causes = tuple(causes)
        super().__init__(*lines)


@dataclass
class Engine:
    """One run over the selected streams.

    Attributes:
        settings: of the tap.
        entries: selected catalog entries.
        stop: called often; raises to end the run.
        now: the run's clock.
        hashes: personal data to hash.
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
    scope: Scope = field(init=False)
    hashes: FieldHashes = field(init=False)
    _main_ledger: MainLedgerName = field(init=False)
    _failures: list[tuple[str, Exception]] = field(default_factory=list)

    def run(self) -> None:
        """Read all selected streams; one that fails does not keep the others from being read.

        Raises:
            SomeStreamsFailed: names each failed stream and why.
            ConfigError, AuthenticationError, RateLimitUrlError: nothing can be read as it is set.
        """
        try:
            for feed in FEEDS:
                entries = [e for e in self.entries if e.tap_stream_id in {s.name for s in feed.streams}]
                if entries:
                    self._feed(feed, entries)
        finally:
            self.sink.checkpoint(self.state.to_dict, final=True)
        if self._failures:
            told = [f"{what}: {error}" for what, error in self._failures]
            raise SomeStreamsFailed(*told, causes=[_cause(error) for _, error in self._failures])

    def __post_init__(self) -> None:
        self.scope = Scope(self.settings, self.client, self.state, self.now)
        self.hashes = FieldHashes.of(self.settings)
        self._main_ledger = MainLedgerName(self.settings["main_subledger"])

    def write(self, stream: str, rows: list[bytes]) -> None:
        """Rows to the sink, with what the settings change in them."""
        self.sink.rows(stream, self.hashes.rows(stream, self._main_ledger.rows(stream, rows)))

    def _feed(self, feed: Feed, entries: list[CatalogEntry]) -> None:
        names = ", ".join(e.tap_stream_id for e in entries)
        self.state.currently_syncing = entries[0].tap_stream_id
        try:
            for entry in entries:
                self.sink.open(entry, self.hashes.schema(entry.stream, selected_schema(entry)))
            programs = self.scope.programs(feed)
            done = [self._program(feed, entries, program, alone=len(programs) == 1) for program in programs]
            if all(done):
                self.state.currently_syncing = None
        except (AuthenticationError, RateLimitUrlError):
            raise
        except (TalonOneError, ConfigError, RowRefused) as error:
            self._failed(names, error)
        finally:
            self.sink.checkpoint(self.state.to_dict)

    def _program(self, feed: Feed, entries: list[CatalogEntry], program: int | None, *, alone: bool) -> bool:
        """Read one program; False if it failed, which does not keep the others from being read."""
        try:
            offered = offers(feed, self.scope.question(feed, program), self.settings, self.client)
            for offer in offered[:-1]:
                try:
                    FeedRun(self, offer.way, entries, program, alone=alone).run()
                except PermissionDeniedError as error:
                    log.warning("%s: %s is not permitted, trying another way: %s", feed.name, offer.way.name, error)
                    continue
                except IncompleteExport as error:
                    log.warning("%s: %s is incomplete, trying another way: %s", feed.name, offer.way.name, error)
                    continue
                return True
            FeedRun(self, offered[-1].way, entries, program, alone=alone).run()
        except (AuthenticationError, RateLimitUrlError):
            raise
        except (TalonOneError, ConfigError, RowRefused) as error:
            names = ", ".join(e.tap_stream_id for e in entries)
            self._failed(names if program is None else f"{names} of program {program}", error)
            return False
        return True

    def _failed(self, what: str, error: Exception) -> None:
        self._failures.append((what, error))
        log.error("%s: %s", what, error)


def _cause(error: Exception) -> Exception:
    cause = error.__cause__
    return cause if isinstance(error, RowRefused) and isinstance(cause, Exception) else error
