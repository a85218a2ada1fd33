"""A run of the sync engine: open destinations, give them rows, compare, guard, send.

with SyncRun(client, store, SyncOptions(), command="push") as run:
    feed = run.open(destination)
    feed.add(rows, places)
    run.finish()
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from talon_one_client.errors import TalonOneError
from talon_one_singer.shards import WHOLE
from target_talon_one.config.shards import check_parts
from target_talon_one.errors import GuardError, IncompleteError, SyncConfigError, SyncError
from target_talon_one.lookups import remote
from target_talon_one.lookups.attribute_types import attribute_types
from target_talon_one.lookups.audience_rows import AudienceRows
from target_talon_one.lookups.audiences import Audiences
from target_talon_one.lookups.profiles import Profiles
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.sinks.payloads import key_fields
from target_talon_one.store.tables.rejects import too_large
from target_talon_one.sync import guards
from target_talon_one.sync.batch_sender import Sender
from target_talon_one.sync.delivery import Delivering
from target_talon_one.sync.destination_run import Feed
from target_talon_one.sync.plan import SAMPLES, planned
from target_talon_one.sync.reject_files import LineFiles, reject_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.shards import Shard
    from target_talon_one.config.destinations import Destination
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.store.store import Store
    from target_talon_one.store.tables.changes import Change
    from target_talon_one.store.tables.rejects import Reject
    from target_talon_one.sync.plan import PlannedDestination
    from target_talon_one.sync.row_counts import Comparison

logger = logging.getLogger(__name__)


def _nothing() -> None:
    """The default ``check``."""


def new_run_id(now: datetime) -> str:
    """An id that sorts by time."""
    return f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


class SyncRun:
    """One run. Not thread-safe.

    Args:
        client: makes the calls.
        store: what Talon.One has acknowledged.
        options: how the run goes.
        command: for the history.
        check: called before each request; raises to end the run after the requests in flight.
        now: the time.
    """

    def __init__(
        self,
        client: TalonOneClient,
        store: Store,
        options: SyncOptions,
        *,
        command: str,
        check: Callable[[], None] = _nothing,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.id = new_run_id(now())
        self.feeds: dict[str, Feed] = {}
        self._attribute_types: dict[str, tuple[Mapping[str, str] | None]] = {}  # by sink
        self.lost = False  # a refused row is neither in a rejects file nor in the store
        self._client, self._store, self._options, self._check, self._now = client, store, options, check, now
        self._audiences = Audiences(client, store)
        self._profiles = Profiles(client, store, check)
        self.rejects = LineFiles(options.rejects_directory, self.id, "rejects_directory")
        self.results = LineFiles(options.results_directory, self.id, "results_directory")
        store.runs.start(self.id, command, self._time())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        status = "done" if error is None else "stopped" if isinstance(error, GuardError) else "failed"
        words = None if error is None else str(error)
        for feed in self.feeds.values():
            self._store.runs.note_counts(self.id, feed.number, feed.destination.name, feed.figures.as_dict())
        self._store.runs.end(self.id, self._time(), status, words)
        self.rejects.close()
        self.results.close()

    def open(
        self,
        destination: Destination,
        *,
        columns: Sequence[str] | None = None,
        key_properties: Sequence[str] = (),
        more_columns: bool = False,
        shard: Shard = WHOLE,
        source: str = "",
    ) -> Feed:
        """Make a destination ready for rows.

        Args:
            destination: where they go.
            columns: of the source, if they are known.
            key_properties: of the source, if it has some.
            more_columns: rows may have columns beside these, as a Singer schema allows.
            shard: the part of the rows that this run pushes; the store must be that part's.
            source: its name for messages, without secrets.

        Raises:
            SyncConfigError: it cannot be as it is set.
            GuardError: it must not be.
        """
        mapper = self._mapper(destination, columns, key_properties, source, more_columns=more_columns)
        base_url = self._client.config.base_url
        feed = Feed(
            destination,
            self._store,
            audiences=self._audiences,
            profiles=self._profiles,
            base_url=base_url,
            mapper=mapper,
            shard=shard,
        )
        feed.masked = self._options.mask_rejects
        check_parts(destination, shard, creates_audience=feed.creates_audience)
        twin = next((one for one in self.feeds.values() if one.number == feed.number), None)
        if twin:
            raise SyncConfigError(
                f"{destination.name} and {twin.destination.name} write to the same {destination.sink.name}; let one "
                "stream do it"
            )
        guards.check_before_reading(feed, self._options.environment)
        self._store.values.set(f"settings {feed.number}", json.dumps(dict(destination.given), sort_keys=True))
        if destination.adopt and not feed.creates_audience:
            self._adopt(feed)
        self.feeds[destination.name] = feed
        return feed

    def change_columns(
        self, feed: Feed, columns: Sequence[str], key_properties: Sequence[str], *, source: str = ""
    ) -> None:
        """From the next row on a feed has these columns, and perhaps more.

        Raises:
            SyncConfigError: the settings do not fit them.
        """
        feed.map_by(self._mapper(feed.destination, columns, key_properties, source, more_columns=True))

    def _mapper(
        self,
        destination: Destination,
        columns: Sequence[str] | None,
        key_properties: Sequence[str],
        source: str,
        *,
        more_columns: bool,
    ) -> Mapper:
        types = self._attribute_types.get(destination.sink.name)
        if types is None:
            types = (attribute_types(self._client, destination.sink),)
            self._attribute_types[destination.sink.name] = types
        try:
            return Mapper(
                destination.sink,
                destination.mapping,
                columns=columns,
                key_properties=key_properties,
                more_columns=more_columns,
                attribute_types=types[0],
                source=source,
            )
        except SyncConfigError as error:
            raise SyncConfigError(*(f"{destination.name}: {line}" for line in error.lines)) from None

    def compare(self) -> dict[str, Comparison]:
        """What is to be done for each destination; nothing is written.

        Raises:
            GuardError: a guard stops the run.
        """
        found = {name: feed.compare() for name, feed in self.feeds.items()}
        for name, comparison in found.items():
            guards.check(self.feeds[name], comparison)
        for name, comparison in found.items():
            self.feeds[name].count(comparison.difference)
        return found

    def plan(self) -> list[PlannedDestination]:
        """What ``flush`` would do; nothing is written, and guards do not stop it but are told."""
        plans = []
        for feed in self.feeds.values():
            found = feed.compare()
            plans.append(
                planned(
                    feed,
                    found,
                    cheapest=self._cheapest(feed, found),
                    guard=next((str(problem) for problem in guards.problems(feed, found)), None),
                    rate=self._client.config.requests_per_second,
                    samples=self._samples(feed),
                )
            )
        return plans

    def _cheapest(self, feed: Feed, found: Comparison) -> str:
        destination = feed.destination
        of_members = destination.sink.name == "audience_members" and destination.mirror and feed.complete is not False
        if not of_members or found.requests < 2 or not self._client.config.management_key:
            return "deltas"
        ours = feed.creates_audience or (
            remote.member_count(self._client, feed.target["audience_id"]) == found.difference.known
        )
        return "import" if ours else "deltas"

    def _samples(self, feed: Feed) -> dict[str, list[Any]]:
        names = [field.name for field in feed.destination.sink.key]
        found = self._store.changes.samples(feed.number, SAMPLES)
        return {
            op: [fields if fields is not None else key_fields(names, key) for key, fields in rows]
            for op, rows in found.items()
        }

    def send(self, found: Mapping[str, Comparison]) -> None:
        """Do what was found out.

        Raises:
            IncompleteError: rows are still to do; the message says of which destinations and why.
            Stopped: the run was asked to end.
        """
        problems: dict[str, TalonOneError | SyncError] = {}
        for name, comparison in found.items():
            feed = self.feeds[name]
            if not feed.replayed:
                complete, mirror = feed.complete is True, feed.destination.mirror
                self._store.rejects.supersede_by_source(self.id, feed.number, complete=complete, mirror=mirror)
            try:
                self._send(feed, comparison)
            except (TalonOneError, SyncError) as error:
                problems[name] = error
            finally:
                self._store.acks.commit_acknowledged(feed.number)
                done = feed.figures.sent + feed.figures.rejected + feed.figures.unknown
                feed.figures.to_do = feed.figures.adds + feed.figures.updates + feed.figures.removes - done
            feed.restart()
        if problems:
            told = [f"{name}: {error}" for name, error in problems.items()]
            raise IncompleteError(*told, causes=tuple(problems.values()))

    def flush(self) -> dict[str, Comparison]:
        """Compare and send what has come so far."""
        self._keep_invalid()
        found = self.compare()
        self._keep_invalid()
        self.send(found)
        return found

    def finish(self) -> dict[str, Comparison]:
        """Compare and send, then judge the rejects.

        Raises:
            IncompleteError: rows are still to do, or more were refused than is allowed.
        """
        found = self.flush()
        self.judge()
        return found

    def judge(self) -> None:
        """Whether too many rows were refused.

        Raises:
            IncompleteError: they were; nothing is lost, they are in the rejects.
        """
        problems = [text for feed in self.feeds.values() if (text := guards.too_many_refused(feed))]
        if problems:
            where = f"{self._options.rejects_directory}/{self.id}"
            raise IncompleteError(*(f"{text}; see {where}" for text in problems))

    def judge_plan(self) -> None:
        """Whether a push would fail because of the rows that are refused before anything is sent.

        Raises:
            IncompleteError: it would; nothing was written, not even rejects.
        """
        problems = [text for feed in self.feeds.values() if (text := guards.too_many_refused(feed, planned=True))]
        if problems:
            raise IncompleteError(*problems)

    def _adopt(self, feed: Feed) -> None:
        destination = feed.destination
        if destination.sink.name not in remote.LISTED:
            raise SyncConfigError(f"{destination.name}: adopt works with {' and '.join(remote.LISTED)} only")
        if not self._client.config.management_key:
            raise SyncConfigError(f"{destination.name}: adopt needs management_key: it reads who is there")
        for keys in remote.keys_of(self._client, destination.sink.name, feed.target, self._check):
            self._store.acks.adopt(feed.number, list(filter(feed.shard.takes, keys)))

    def _send(self, feed: Feed, comparison: Comparison) -> None:
        if feed.creates_audience and comparison.difference.changes:
            self._check()
            feed.made(self._audiences.create(feed.destination.target["audience"]), self._client.config.base_url)
            feed.figures.requests += 1
        sink, mode = feed.destination.sink, feed.destination.mode
        sender = Sender(
            self._client,
            sink,
            actions=sink.actions(mode),
            target=feed.target,
            identity=feed.identity,
            check=self._check,
        )
        rows = AudienceRows(self._audiences, sink.modes[mode]) if sink.name == "audiences" else None

        def keep_answers(answers: Sequence[tuple[Change | None, Any]]) -> None:
            self._write_answers(feed, answers)
            if rows:
                rows.note(answers)

        Delivering(
            feed,
            self._store,
            sender,
            concurrency=self._options.concurrency,
            keep_rejects=lambda rejects: self._write_rejects(feed, rejects),
            keep_answers=keep_answers,
            prepared=rows.prepared if rows else None,
            run=self.id,
        ).run(comparison.difference.changes)

    def _keep_invalid(self) -> None:
        for feed in self.feeds.values():
            if feed.invalid:
                self._write_rejects(feed, feed.invalid)
                self._store.rejects.add(self.id, feed.number, feed.invalid)
                self.lost = self.lost or (self._options.mask_rejects and any(map(too_large, feed.invalid)))
                feed.invalid = []

    def _write_rejects(self, feed: Feed, rejects: Sequence[Reject]) -> None:
        masked, names = self._options.mask_rejects, [field.name for field in feed.destination.sink.key]
        self.rejects.write(feed.destination.name, [reject_line(one, self.id, names, masked=masked) for one in rejects])

    def _write_answers(self, feed: Feed, answers: Sequence[tuple[Change | None, Any]]) -> None:
        lines = [{"key": change.key if change else None, "answer": answer} for change, answer in answers]
        self.results.write(feed.destination.name, lines)

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
