"""Uploaded files: the ids of their imports, and what has arrived of a file that Talon.One has refused.

Whether rows of a refused file were imported is not documented. Where they must not be sent twice, they are looked up
before the file is taken apart.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import UnexpectedResponseError
from talon_one_singer.reporting.amounts import counted
from target_talon_one.errors import LookupImpossibleError
from target_talon_one.sinks.sink_type import Evidence
from target_talon_one.store.sequence_ranges import ranges_of
from target_talon_one.sync.sending.outcomes import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.errors import RejectedError
    from target_talon_one.sinks.sink_type import Action, SinkType
    from target_talon_one.store.tables.changes import Change
    from target_talon_one.sync.sending.outcomes import Outcome

_MARGIN = timedelta(seconds=5)  # a Date header has whole seconds


class RefusedFiles:
    """Knows which imports are known, and looks up the rows of refused files. For one thread: files are sent in order.

    Args:
        client: reads Talon.One.
        sink: kind of the destination.
        target: which program or campaign.
        imports: ids of the imports whose rows were acknowledged.
        check: called before each request; raises to end the work.
    """

    def __init__(
        self,
        client: TalonOneClient,
        sink: SinkType,
        target: Mapping[str, Any],
        imports: Collection[int],
        check: Callable[[], None],
    ) -> None:
        self._client, self._sink, self._target, self._check = client, sink, target, check
        self._imports = set(imports)
        self._departure = datetime.now(UTC)

    def note_departure(self) -> None:
        """Note that a file is about to be sent."""
        self._departure = datetime.now(UTC)

    def imports_of(self, action: Action, size: int, answer: Any) -> list[int]:
        """Return the id of the import of a file of ``size`` rows, as a list; empty for a request that is no file.

        Raises:
            UnexpectedResponseError: the answer counts other rows than the file has, or names no import.
        """
        if action.heading is None:
            return []
        about = answer if isinstance(answer, dict) else {}
        amount, number = about.get("amount"), about.get("id")
        if amount != size or not isinstance(number, int):
            raise UnexpectedResponseError(
                f"the file had {counted(size, 'row')}, and the answer counts {amount} and names the import {number}; "
                "compare Talon.One with the source",
                operation=action.endpoint.name,
                status=200,
            )
        self._imports.add(number)
        return [number]

    def without_arrived(
        self, action: Action, batch: list[Change], error: RejectedError, outcome: Outcome
    ) -> list[Change]:
        """Return the rows of a refused file that are certainly not at Talon.One; those that are become acknowledged.

        If nobody can tell, all of them become unknown.
        """
        find = self._sink.lookup
        if find is None or action.heading is None or len(batch) == 1:
            return batch
        reading = self._client.read_server_clock()
        departure = self._departure if reading is None else reading.server_time(self._departure)
        rows = {change.key: change.fields for change in batch}
        try:
            found = find(self._client, self._target, rows, Evidence(self._imports, departure - _MARGIN), self._check)
        except LookupImpossibleError:
            outcome.refused += [Refusal(change, error, unknown=True) for change in batch]
            return []
        self._imports |= found.imports
        outcome.imports += found.imports
        outcome.acknowledged += ranges_of(change.sequence for change in batch if change.key in found.keys)
        return [change for change in batch if change.key not in found.keys]
