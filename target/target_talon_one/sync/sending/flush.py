"""Sends what a comparison has found, destination by destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client.errors import TalonOneError
from talon_one_singer.errors import lines_of
from target_talon_one.errors import IncompleteError, SyncError
from target_talon_one.lookups.audience_rows import AudienceRows
from target_talon_one.sync.sending.batch_sender import BatchSender
from target_talon_one.sync.sending.delivery import DeliveryLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from talon_one_client.client import TalonOneClient
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.sinks.sink_type import Op
    from target_talon_one.store.store import Store
    from target_talon_one.store.tables.changes import Change
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.reject_files import RunFiles
    from target_talon_one.sync.row_counts import Comparison
    from target_talon_one.sync.sending.delivery import Waiting


class Flusher:
    """Sends the changes of a run.

    Args:
        client: makes the calls.
        store: holds the changes.
        options: of the run.
        audiences: finds and creates audiences.
        files: of rejects and results.
        check: called before each request; raises to end the run after the requests in flight.
        run: id of the run.
    """

    def __init__(
        self,
        client: TalonOneClient,
        store: Store,
        options: SyncOptions,
        *,
        audiences: Audiences,
        files: RunFiles,
        check: Callable[[], None],
        run: str,
    ) -> None:
        self._client, self._store, self._options, self._check, self._run = client, store, options, check, run
        self._audiences, self._files = audiences, files

    def steps(self, found: Sequence[tuple[DestinationRun, Comparison, list[list[Op]]]]) -> Generator[Waiting]:
        """Send the changes of destinations one after the other; yield while requests are in flight.

        Args:
            found: destinations with what is to be done, and the ops in the order they are sent.

        Raises:
            IncompleteError: rows are still to do; the message names their destinations and the causes.
            Stopped: the run was asked to end.
        """
        problems: dict[str, TalonOneError | SyncError] = {}
        for one, comparison, groups in found:
            try:
                yield from self._send(one, comparison, groups)
            except (TalonOneError, SyncError) as error:
                problems[one.config.name] = error  # the other destinations are sent nevertheless
            finally:
                self._store.acks.commit_acknowledged(one.number)
                self._store.changes.pending.drop_sent(one.number)
                one.counts.note_to_do()
        if problems:
            lines = [f"{name}: {error}" for name, error in problems.items()]
            brief = [f"{name}: {line}" for name, error in problems.items() for line in lines_of(error, values=False)]
            raise IncompleteError(*lines, causes=tuple(problems.values()), brief=brief)

    def _send(self, destination: DestinationRun, comparison: Comparison, groups: list[list[Op]]) -> Iterator[Waiting]:
        if destination.creates_audience and comparison.difference.changes:
            self._check()
            audience = self._audiences.create(destination.config.target["audience"])
            destination.audience_created(audience, self._client.config.base_url)
            destination.counts.requests += 1
        config = destination.config
        if comparison.difference.changes:
            self._store.writers.note(destination.number, config.name)
        sender = BatchSender(
            self._client,
            config.sink,
            actions=config.sink.actions(config.mode),
            target=destination.target,
            identity=destination.identity,
            check=self._check,
            imports=self._store.acks.imports(destination.number) if config.sink.lookup else (),
        )
        rows = self._audience_rows(config)

        def keep_answers(answers: Sequence[tuple[Change | None, Any]]) -> None:
            self._files.write_answers(config, answers)
            if rows:
                rows.note(answers)

        loop = DeliveryLoop(
            destination,
            self._store,
            sender,
            concurrency=self._options.concurrency,
            keep_rejects=lambda rejects: self._files.write_rejects(config, rejects),
            keep_answers=keep_answers,
            prepare=rows.prepared if rows else None,
            run=self._run,
        )
        difference = comparison.difference
        yield from loop.steps(difference.changes, groups, kept=difference.kept)

    def _audience_rows(self, config: DestinationConfig) -> AudienceRows | None:
        id_field = config.sink.audience_id_field
        return AudienceRows(self._audiences, id_field, config.sink.modes[config.mode]) if id_field else None
