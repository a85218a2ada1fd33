"""Divides changes into requests: batches within Talon.One's limits, and rows whose order must be kept."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from target_talon_one.sinks.row_keys import fields_of
from target_talon_one.sinks.sink_type import OPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.sinks.sink_type import Action, Op, SinkType
    from target_talon_one.store.tables.changes import Change, ChangeRows

ROWS_PER_REQUEST = 1000
ROWS_PER_SLICE = 10 * ROWS_PER_REQUEST  # read from the store at once


def op_groups(config: DestinationConfig, *, complete: bool, deleted: bool = False) -> list[list[Op]]:
    """Return the ops of a destination in the order they are sent; those of one list may share requests.

    Rows are removed by mode ``remove``, by a mirror whose source is complete, and where rows are marked as deleted.

    Args:
        config: of the destination.
        complete: the source was read to its end.
        deleted: rows are marked as deleted.
    """
    actions = config.sink.actions(config.mode)
    removes = config.mode not in ("mirror", "upsert") or (config.mirror and complete) or deleted
    groups: list[list[Op]] = []
    for op in OPS:
        if op not in actions or (op == "remove" and not removes):
            continue
        if groups and _share_requests(actions[groups[-1][-1]], actions[op], ordered=config.sink.ordered):
            groups[-1].append(op)
        else:
            groups.append([op])
    return groups


def _share_requests(one: Action, other: Action, *, ordered: bool) -> bool:
    if one is other:
        return True
    return other.item is not None and one.endpoint is other.endpoint and not ordered


def batches(
    read: Callable[[int, int], ChangeRows], total: int, groups: Sequence[Sequence[Op]], size: int
) -> Iterator[list[ChangeRows]]:
    """Yield lists of batches: at most ``size`` rows, one value of the sink's group field, ops of one group.

    Args:
        read: returns changes by the sequence number of the first one and their number.
        total: number of all changes.
        groups: see ``op_groups``.
        size: rows that a request may hold, at most ``ROWS_PER_REQUEST``.
    """
    first = 0
    while first < total:
        found = list(_divided(read(first, ROWS_PER_SLICE), groups, size))
        if found[-1].end < total and len(found[-1]) < size:
            found.pop()  # further rows may join it
        yield found
        first = found[-1].end


def _divided(rows: ChangeRows, groups: Sequence[Sequence[Op]], size: int) -> Iterator[ChangeRows]:
    group_of: Mapping[str, int] = {op: index for index, ops in enumerate(groups) for op in ops}
    start = 0
    for _, length in rows.runs(group_of):
        end = start + length
        yield from (rows.part(at, min(size, end - at)) for at in range(start, end, size))
        start = end


def by_ordering_key(changes: Sequence[Change], sink: SinkType) -> Iterator[list[Change]]:
    """Yield the changes of each ordering key, in the order of the source.

    Each list is sent by one worker, one request after the other, so that no two requests with one ordering key are in
    flight at once. Where the first field of the key is the ordering key, every row forms a list of its own.
    """
    field = sink.ordering_key
    if field is None or field in sink.key_names[:1]:
        yield from ([change] for change in changes)
        return

    def ordering_key(change: Change) -> str:
        found = fields_of(sink.key_names, change.key, change.fields).get(field)
        return change.key if found is None else str(msgspec.json.decode(found))

    for _, same_key in groupby(sorted(changes, key=lambda one: (ordering_key(one), one.sequence)), key=ordering_key):
        yield list(same_key)
