"""A run of the sync engine: open destinations, add their rows, compare, check the guards, send.

with SyncRun(client, store, SyncOptions(), command="push") as run:
destination = run.open(config)
destination.add(rows, origins)
destination.close_source(complete=True)
run.finish()
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from talon_one_singer.errors import Stopped
from talon_one_singer.shards import WHOLE
from target_talon_one.errors import GuardError, IncompleteError
from target_talon_one.lookups.audiences import Audiences
from target_talon_one.lookups.existence import Existence
from target_talon_one.lookups.new_destinations import NewDestinations
from target_talon_one.lookups.profiles import Profiles
from target_talon_one.store.tables.rejects import too_large
from target_talon_one.store.tables.runs import new_run_id
from target_talon_one.sync import diff, guards
from target_talon_one.sync.destination_opener import DestinationOpener
from target_talon_one.sync.destination_run import SourceState
from target_talon_one.sync.plan import plan_destination
from target_talon_one.sync.reject_files import RunFiles
from target_talon_one.sync.sending.delivery import wait_for_one
from target_talon_one.sync.sending.flush import Flusher

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.shards import Shard
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.plan import PlannedDestination
    from target_talon_one.sync.row_counts import Comparison
    from target_talon_one.sync.sending.delivery import Waiting


class SyncRun:
    """One run. Not thread-safe.

    Args:
        client: makes the calls.
        store: what Talon.One has acknowledged.
        options: options of the run.
        command: name of the command, for the history.
        check: called before each request; raises to end the run after the requests in flight.
        now: returns the current time.

    Attributes:
        id: of the run.
        destinations: the open destinations, by the names of their streams.
        files: of rejects and results.
        lost: a refused row is neither in a rejects file nor in the store.
        compared: it is known what is to be done at each destination.
    """

    def __init__(
        self,
        client: TalonOneClient,
        store: Store,
        options: SyncOptions,
        *,
        command: str,
        check: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.id = new_run_id(now())
        self.destinations: dict[str, DestinationRun] = {}
        self.lost = self.compared = False
        self._client, self._store, self._options, self._check, self._now = client, store, options, check, now
        self._audiences = Audiences(client, store)
        self._profiles, self._existence = Profiles(client, store, check), Existence(client, self._audiences)
        self._new = NewDestinations(client, store, self._audiences)
        self._opener = DestinationOpener(client, store, options, audiences=self._audiences, check=check, now=now)
        self.files = RunFiles(options, self.id)
        self._flusher = Flusher(
            client, store, options, audiences=self._audiences, files=self.files, check=check, run=self.id
        )
        self._sending: Generator[Waiting] | None = None
        store.runs.start(self.id, command, self._time())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._sending is not None:
            self._sending.close()  # what is in flight is answered and recorded
        status = "done" if error is None else "stopped" if isinstance(error, GuardError | Stopped) else "failed"
        self._note_counts()
        self._store.runs.end(self.id, self._time(), status, None if error is None else str(error))
        self.files.close()

    def open(
        self,
        config: DestinationConfig,
        *,
        columns: Sequence[str] | None = None,
        key_properties: Sequence[str] = (),
        more_columns: bool = False,
        shard: Shard = WHOLE,
        source: str = "",
    ) -> DestinationRun:
        """Return a destination that is ready for rows.

        Args:
            config: where the rows go, and how.
            columns: of the source, if they are known; a file of JSON Lines without a row has none.
            key_properties: of the source, if it has some.
            more_columns: rows may have columns beside these, as a Singer schema allows.
            shard: the part of the rows that this run sends; the store must belong to that shard.
            source: name of the source for messages, without secrets.

        Raises:
            SyncConfigError: the destination cannot be written to with its settings.
            GuardError: a guard forbids it.
        """
        mapper = self._opener.mapper(config, columns or None, key_properties, more_columns=more_columns, source=source)
        destination = self._opener.open(config, mapper, shard, self.destinations.values())
        self._store.values.set(f"settings {destination.number}", json.dumps(dict(config.given), sort_keys=True))
        self.destinations[config.name] = destination
        return destination

    def change_columns(
        self, destination: DestinationRun, columns: Sequence[str], key_properties: Sequence[str], *, source: str = ""
    ) -> None:
        """Map the rows that follow with these columns, and possibly with further ones.

        Raises:
            SyncConfigError: the settings do not fit them.
        """
        mapper = self._opener.mapper(destination.config, columns, key_properties, more_columns=True, source=source)
        destination.use_mapper(mapper)

    def compare(self) -> dict[str, Comparison]:
        """Return what is to be done at each destination; nothing is written.

        Raises:
            GuardError: a guard stops the run.
        """
        found = {name: self._compare(one) for name, one in self.destinations.items()}
        for name, comparison in found.items():
            one = self.destinations[name]
            self._new.announce_other_writer(one, comparison.difference.removes)
            complete = one.source is not SourceState.INCOMPLETE
            one.counts.add(comparison.difference, duplicates=one.duplicates, complete=complete)
        self.compared = True
        guards.check((self.destinations[name], comparison) for name, comparison in found.items())
        return found

    def _compare(self, destination: DestinationRun) -> Comparison:
        self._new.announce(destination)
        return diff.compare(destination, self._store, self._profiles)

    def plan(self) -> list[PlannedDestination]:
        """Return what ``flush`` would do; nothing is written, and guards are part of the plan.

        Raises:
            DestinationError: a destination does not exist, as far as the management key may see.
        """
        self._existence.check_all(self.destinations.values())
        return [self._planned(one) for one in self.destinations.values()]

    def _planned(self, destination: DestinationRun) -> PlannedDestination:
        found = self._compare(destination)
        if not found.generation:
            self._existence.announce_unknown(destination)
        diff.count_new_profiles(destination, found, self._profiles)
        if destination.creates_audience and not self._audiences.are_listed:
            found.creates_audience = None
        return plan_destination(destination, found, self._store, self._client.config.requests_per_second)

    def start_flush(self) -> dict[str, Comparison]:
        """Compare the rows that were added so far and begin to send them; ``proceed`` and ``wait`` send the others.

        Rows may be added meanwhile.

        Raises:
            DestinationError, GuardError: see ``plan`` and ``compare``; nothing more was sent.
            IncompleteError: rows of an earlier flush are still to do.
        """
        self.wait()
        self._existence.check_all(self.destinations.values())
        found = self._found()
        self._start(found)
        return found

    def _found(self) -> dict[str, Comparison]:
        for one in self.destinations.values():
            one.settle()
        self._keep_invalid()
        found = self.compare()
        self._keep_invalid()  # the comparison may have refused rows whose profiles do not exist
        return found

    def _start(self, found: Mapping[str, Comparison]) -> None:
        opened = [self.destinations[name] for name in found]
        for one in opened:
            if not one.replayed:
                complete, mirror = one.source is SourceState.COMPLETE, one.config.mirror
                self._store.rejects.supersede_by_source(self.id, one.number, complete=complete, mirror=mirror)
        steps = [(one, comparison, one.op_groups) for one, comparison in zip(opened, found.values(), strict=True)]
        self._note_counts()  # so that the history has them if the process is killed
        self._sending = self._flusher.steps(steps)
        self.proceed()
        for one in opened:
            one.restart()

    @property
    def is_sending(self) -> bool:
        """True if changes of the last flush are still to be sent."""
        return self._sending is not None

    def proceed(self) -> Waiting | None:
        """Do what can be done without waiting for an answer, and return the requests in flight.

        Raises:
            IncompleteError, Stopped: see ``wait``.
        """
        if self._sending is None:
            return None
        try:
            waiting = next(self._sending, None)
        except BaseException:
            self._sending = None
            raise
        if waiting is None:
            self._sending = None
        return waiting

    def wait(self) -> None:
        """Wait until all changes of the last flush are sent.

        Raises:
            IncompleteError: rows are still to do; the message names their destinations and the causes.
            Stopped: the run was asked to end.
        """
        while (in_flight := self.proceed()) is not None:
            wait_for_one(in_flight)

    def flush(self) -> dict[str, Comparison]:
        """Compare and send the rows that were added so far."""
        found = self.start_flush()
        self.wait()
        return found

    def finish(self) -> dict[str, Comparison]:
        """Compare and send, then check how many rows were refused.

        Raises:
            DestinationError: see ``start_flush``.
            IncompleteError: rows are still to do, or more were refused than is allowed.
        """
        try:
            found = self.flush()
            self.raise_if_incomplete()
        except IncompleteError as error:
            error.destinations = guards.incomplete(self.destinations.values())
            raise
        return found

    def raise_if_incomplete(self) -> None:
        """Raise if more rows were refused than is allowed.

        Raises:
            TooManyRefusedError: too many rows were refused; they are kept in the rejects.
            IncompleteError: and Talon.One may have received some of them.
        """
        guards.check_refused(self.destinations.values(), f"{self._options.rejects_directory}/{self.id}")

    def raise_if_plan_incomplete(self) -> None:
        """Raise if a push would fail because of the rows that are refused before anything is sent.

        Raises:
            TooManyRefusedError: nothing was written, not even rejects.
        """
        guards.check_refused_before_sending(self.destinations.values())

    def _keep_invalid(self) -> None:
        for one in self.destinations.values():
            if one.invalid:
                self.files.write_rejects(one.config, one.invalid)
                self._store.rejects.add(self.id, one.number, one.invalid)
                self.lost = self.lost or (self._options.mask_rejects and any(map(too_large, one.invalid)))
                one.invalid = []

    def _note_counts(self) -> None:
        for one in self.destinations.values():
            self._store.runs.note_counts(self.id, one.number, one.config.name, one.counts.as_dict())

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
