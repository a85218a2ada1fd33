"""Takes apart batches that Talon.One has refused: finds the rows at fault, and the rows to send again.

The rows that the error's pointers name are refused and the others are sent again. Without pointers the batch is halved
until the bad rows stand alone. Whether a refused request was applied in part is not documented, so rows may arrive
twice; the operations that are used for batches allow that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talon_one_client.errors import BadRequestError, NotFoundError
from target_talon_one.errors import DestinationError, DestinationMissingError
from target_talon_one.sync.sending.outcomes import Refusal

if TYPE_CHECKING:
    from talon_one_client.errors import TalonOneError
    from target_talon_one.sinks.payloads import Target
    from target_talon_one.sinks.sink_type import Action, SinkType
    from target_talon_one.store.tables.changes import Change


@dataclass(slots=True)
class Rejection:
    """What a refused batch was taken apart into.

    Attributes:
        refused: rows at fault.
        send_again: batches of the other rows; the last one is sent first.
    """

    refused: list[Refusal] = field(default_factory=list)
    send_again: list[list[Change]] = field(default_factory=list)


def take_apart(sink: SinkType, action: Action, batch: list[Change], error: TalonOneError, target: Target) -> Rejection:
    """Return the rows of a refused batch that are at fault, and the batches to send again.

    Raises:
        DestinationError: the destination or the complete request is at fault, not a single row.
    """
    if isinstance(error, NotFoundError) and not sink.rows_may_be_missing:
        if sink.group is None:
            raise DestinationMissingError(
                f"the destination does not exist at Talon.One: {error}; check its id"
            ) from error
        return Rejection([Refusal(change, error) for change in batch])  # what their group names is missing
    bad, elsewhere = _pointed(error, action.endpoint.items or "", len(batch))
    if elsewhere or (target.get("version") is not None and "version" in str(error).lower()):
        raise DestinationError(f"Talon.One refuses the complete request: {error}") from error
    if bad:
        refused = [Refusal(batch[index], _error_of_row(error, index, action)) for index in sorted(bad)]
        others = [change for index, change in enumerate(batch) if index not in bad]
        return Rejection(refused, [others] if others else [])
    if len(batch) == 1:
        return Rejection([Refusal(batch[0], error)])
    middle = len(batch) // 2
    return Rejection(send_again=[batch[middle:], batch[:middle]])


def _pointed(error: TalonOneError, items: str, size: int) -> tuple[set[int], bool]:
    """Return the rows that the error's pointers name, and whether all pointers name something other than the rows."""
    bad: set[int] = set()
    elsewhere = False
    for pointer in error.pointers:
        found = re.match(rf"/?{re.escape(items)}/(\d+)(?:/|$)", pointer)
        if found and int(found[1]) < size:
            bad.add(int(found[1]))
        elif not pointer.strip("/").startswith(items):
            elsewhere = True
    return bad, elsewhere and not bad


def _error_of_row(error: TalonOneError, index: int, action: Action) -> TalonOneError:
    """Return the error with only what it says about one row."""
    prefix = f"/{action.endpoint.items}/{index}"
    about_row = tuple(one for one in error.errors if one.source == prefix or one.source.startswith(f"{prefix}/"))
    return BadRequestError(
        error.message,
        operation=error.operation,
        status=error.status,
        server_message=error.server_message,
        errors=about_row or error.errors,
        request_id=error.request_id,
        attempts=error.attempts,
    )
