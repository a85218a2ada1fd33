"""The outcomes of the rows that were sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import TransientError
from target_talon_one.store.sequence_ranges import count_of

if TYPE_CHECKING:
    from talon_one_client.errors import TalonOneError
    from target_talon_one.sinks.sink_type import Action
    from target_talon_one.store.tables.changes import Change


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that Talon.One did not acknowledge.

    Attributes:
        change: the row.
        error: why.
        unknown: Talon.One may have received the row nevertheless, and it must not be sent twice.
    """

    change: Change
    error: TalonOneError
    unknown: bool = False


@dataclass(slots=True)
class Outcome:
    """The outcome of the changes that one worker has sent.

    Attributes:
        acknowledged: ranges of sequence numbers of the rows that Talon.One answered with success.
        refused: rows that it refused.
        answers: answers worth keeping, each with its row; None: it is the answer to a whole batch.
        imports: ids of the imports of acknowledged rows.
        requests: requests that were answered, failed ones included.
        untouched: ranges of rows for which no request began.
        error: why the remaining rows were not sent.
    """

    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    answers: list[tuple[Change | None, Any]] = field(default_factory=list)
    imports: list[int] = field(default_factory=list)
    requests: int = 0
    untouched: list[tuple[int, int]] = field(default_factory=list)
    error: Exception | None = None

    @property
    def sent(self) -> int:
        """The number of acknowledged rows."""
        return count_of(self.acknowledged)


def may_have_been_applied(action: Action, error: TalonOneError) -> bool:
    """Return whether a failed request may have been applied and must not be repeated.

    Only operations that are neither repeatable nor have an Idempotency-Key are of that kind. The request may have been
    applied if no answer came, or if the answer was a success that could not be read.
    """
    if action.endpoint.repeatable or action.endpoint.idempotency_key:
        return False
    return isinstance(error, TransientError) or error.status is None or 200 <= error.status < 300
