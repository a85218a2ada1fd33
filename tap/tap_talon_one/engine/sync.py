"""The sync of the selected streams into a sink; it can be resumed from any point.

The sink writes Singer messages or loads a warehouse; this code is the same for both.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import (
    AuthenticationError,
    PermissionDeniedError,
    RateLimitUrlError,
    TalonOneError,
)
from talon_one_client.paging.windows import Window
from talon_one_client.paging.workers import Workers
from talon_one_singer import ConfigError, SingerError
from talon_one_singer.errors import lines_of
from tap_talon_one.engine.bookmarks import GroupBookmarks
from tap_talon_one.engine.run_services import RunServices
from tap_talon_one.engine.scope import Scope
from tap_talon_one.engine.sinks import RowOutput
from tap_talon_one.engine.stream_group_sync import StreamGroupSync
from tap_talon_one.errors import IncompleteExport, RowRefused
from tap_talon_one.rows.hashing import FieldHashes
from tap_talon_one.rows.main_ledger import MainLedgerName
from tap_talon_one.strategies.selection import candidates
from tap_talon_one.streams import STREAM_GROUPS, StreamGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.paging.work import Work
    from talon_one_singer import CatalogEntry
    from talon_one_singer.protocol.state import State
    from talon_one_singer.reporting.metrics import Metrics
    from talon_one_singer.reporting.progress import Progress
    from tap_talon_one.engine.sinks import Sink
    from tap_talon_one.strategies.read_strategies import ReadStrategy

log = logging.getLogger("tap_talon_one")


class SomeStreamsFailed(SingerError):
    """Streams that could not be read, while the others were.

    Attributes:
        causes: the error of each of these streams.
    """

    def __init__(self, *lines: str, causes: Sequence[Exception] = (), brief: Sequence[str] = ()) -> None:
        self.causes = tuple(causes)
        super().__init__(*lines, brief=brief)


@dataclass
class Engine:
    """One run over the selected streams.

    Stream groups are read one after the other. The next one begins early when all that is left of a group are requests
    that wait for their retries; no more than two are read at once.

    Attributes:
        settings: the tap's settings.
        entries: selected catalog entries.
        stop: called often; raises to end the run.
        now: the clock of this machine.
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
    _scope: Scope = field(init=False)
    _output: RowOutput = field(init=False)
    _failures: list[tuple[str, Exception]] = field(default_factory=list)
    _syncing: list[str] = field(default_factory=list)
    _ending: tuple[Generator[Work], Work] | None = None  # the group that only waits for its retries

    def __post_init__(self) -> None:
        self._scope = Scope(self.settings, self.client, self.state, self.now)
        main_ledger = MainLedgerName(self.settings["main_subledger"])
        self._output = RowOutput(self.sink, self.metrics, FieldHashes.of(self.settings), main_ledger)
        workers = Workers(self.settings["concurrency"])
        self._services = RunServices(self._scope, self._output, self.progress, self.stop, self._poll, workers)

    def run(self) -> None:
        """Read all selected streams; a stream that fails does not keep the others from being read.

        Raises:
            SomeStreamsFailed: names each failed stream and its error; streams with the same error are in one line.
            ConfigError, AuthenticationError, RateLimitUrlError: nothing can be read with these settings.
        """
        try:
            for group in STREAM_GROUPS:
                entries = [e for e in self.entries if e.tap_stream_id in {s.name for s in group.streams}]
                if entries:
                    current = self._sync_group(group, entries)
                    work = next(current, None)
                    self._end_group()
                    self._ending = None if work is None else (current, work)
            self._end_group()
        finally:
            if self._ending is not None:
                self._ending[0].close()
            self._services.workers.close()
            self._checkpoint(final=True)
        if self._failures:
            lines, brief = self._failure_lines(values=True), self._failure_lines(values=False)
            raise SomeStreamsFailed(*lines, causes=[_cause(error) for _, error in self._failures], brief=brief)

    def _end_group(self) -> None:
        """Read the group that only waits for its retries to its end."""
        while self._ending is not None:
            self._resume(self._ending[0])

    def _resume(self, group: Generator[Work]) -> None:
        self._ending = None  # while it runs, it is not resumed again
        work = next(group, None)
        self._ending = None if work is None else (group, work)

    def _poll(self) -> None:
        self.stop()
        if self._ending is not None and self._ending[1].closed:
            self._resume(self._ending[0])

    def _checkpoint(self, *, final: bool = False) -> None:
        with self._services.lock:
            self._services.checkpoint(final=final)

    def _failure_lines(self, *, values: bool) -> list[str]:
        """Return a line for each error, with the streams that have it."""
        by_error: dict[str, list[str]] = {}
        for what, error in self._failures:
            by_error.setdefault("\n".join(lines_of(error, values=values)), []).append(what)
        return [f"{', '.join(names)}: {error}" for error, names in by_error.items()]

    def _sync_group(self, group: StreamGroup, entries: list[CatalogEntry]) -> Generator[Work]:
        self.state.currently_syncing = name = entries[0].tap_stream_id
        self._syncing.append(name)
        try:
            whole, checks = self._scope.reads_whole(group), self._scope.checks.possible(group)
            with self._services.lock:
                for entry in entries:
                    self._output.open(entry, whole=whole or checks)
            programs, syncs = self._scope.programs(group), list[StreamGroupSync | None]()
            for program in programs:
                syncs.append((yield from self._sync_program(group, entries, program, alone=len(programs) == 1)))
            if None not in syncs and self.state.currently_syncing == name:
                self.state.currently_syncing = next((other for other in self._syncing if other != name), None)
            if whole:
                self._end_whole(group, entries, complete=all(sync is not None and sync.complete for sync in syncs))
            if checks and None not in syncs:
                self._end_checks(group, entries, dict(zip(programs, syncs, strict=True)))
        except (AuthenticationError, RateLimitUrlError):
            raise
        except (TalonOneError, ConfigError, RowRefused) as error:
            self._add_failure(_names(entries), error)
        finally:
            self._syncing.remove(name)
            self._checkpoint()

    def _sync_program(
        self, group: StreamGroup, entries: list[CatalogEntry], program: int | None, *, alone: bool
    ) -> Generator[Work, None, StreamGroupSync | None]:
        """Read one program; return its sync, or None if it failed and the others are still read."""
        try:
            request = self._scope.read_request(group, program, frozenset(entry.stream for entry in entries))
            *first, last = (each.strategy for each in candidates(group, request, self.settings, self.client))
            for strategy in first:
                sync = StreamGroupSync(self._services, strategy, entries, program, alone=alone)
                if (yield from self._try(sync, strategy)):
                    return sync
            sync = StreamGroupSync(self._services, last, entries, program, alone=alone)
            yield from sync.run()
        except (AuthenticationError, RateLimitUrlError):
            raise
        except (TalonOneError, ConfigError, RowRefused) as error:
            names = _names(entries)
            self._add_failure(names if program is None else f"{names} of {group.parent} {program}", error)
            return None
        return sync

    def _end_whole(self, group: StreamGroup, entries: list[CatalogEntry], *, complete: bool) -> None:
        if not complete:
            log.warning("%s: the read was not complete, so no row is taken for deleted", _names(entries))
            return
        self._scope.note_deployment()
        with self._services.lock:
            for entry in entries:
                self.sink.read_whole(entry.stream, self._scope.within(group))

    def _end_checks(
        self, group: StreamGroup, entries: list[CatalogEntry], syncs: Mapping[int | None, StreamGroupSync | None]
    ) -> None:
        """Let rows of the programs that were checked be marked, and note in the state that they were checked."""
        ends = {program: sync.checked_us for program, sync in syncs.items() if sync is not None and program is not None}
        checked = {program: end_us for program, end_us in ends.items() if end_us is not None}
        if not checked:
            return
        span = Window(self._scope.earliest_us, min(checked.values()))
        with self._services.lock:
            for entry in entries:
                self.sink.read_whole(entry.stream, {"programId": list(checked), "created": span})
            # The state that says so is stored after the marks: a process killed in between checks the ledgers again.
            self._services.checkpoint()
        bookmarks = GroupBookmarks.from_state(group.name, self.state.bookmark(group.name))
        for program, end_us in checked.items():
            bookmarks.of(program).checked_us = end_us
        self.state.set_bookmark(group.name, bookmarks.to_dict())

    def _try(self, sync: StreamGroupSync, strategy: ReadStrategy) -> Generator[Work, None, bool]:
        """Read with one strategy; return False if another strategy has to be used."""
        try:
            yield from sync.run()
        except (PermissionDeniedError, IncompleteExport) as error:
            problem = "is incomplete" if isinstance(error, IncompleteExport) else "is not permitted"
            log.warning("%s: %s %s, trying another strategy: %s", strategy.group.name, strategy.name, problem, error)
            return False
        return True

    def _add_failure(self, what: str, error: Exception) -> None:
        self._failures.append((what, error))
        log.warning("%s: failed (%s); the error follows when everything else is read", what, type(error).__name__)


def _names(entries: Sequence[CatalogEntry]) -> str:
    return ", ".join(entry.tap_stream_id for entry in entries)


def _cause(error: Exception) -> Exception:
    cause = error.__cause__
    return cause if isinstance(error, RowRefused) and isinstance(cause, Exception) else error
