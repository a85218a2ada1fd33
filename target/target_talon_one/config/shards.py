"""Shards: several tasks push one source, and each shard has its own store beside those of the other shards.

The number of shards belongs to the stores. With another number every shard would begin with an empty store, and no run
would remove the rows that only the old stores know; so a changed number is refused. In the names of
stores a shard is called a part, as in ``part-3-of-16``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from target_talon_one.errors import SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talon_one_singer.shards import Shard
    from target_talon_one.config.destination_config import DestinationConfig

_LABEL = re.compile(r"[-_]?part[-_]\d+[-_]of[-_](\d+)")


def label(shard: Shard) -> str:
    """Return the label of a shard in the name of its store, like ``part-3-of-16``; empty if there is only one."""
    return f"part-{shard.number}-of-{shard.count}" if shard.count > 1 else ""


def is_label(ending: str) -> bool:
    """Return whether the ending of a name is that of a shard."""
    return _LABEL.fullmatch(ending) is not None


def check_others(where: str, endings: Iterable[str], shard: Shard) -> None:
    """Check that the stores that exist have the same number of shards.

    Args:
        where: location of the stores, for the message.
        endings: endings of their names: "" is the store of a source without shards; any other ending than a label does
            not belong to a store.
        shard: the shard that is to be opened.

    Raises:
        SyncConfigError: the stores have another number of shards.
    """
    labels = {ending: _LABEL.fullmatch(ending) for ending in endings}
    there = {int(found[1]) if found else 1 for ending, found in labels.items() if found or not ending}
    other = next((count for count in sorted(there) if count != shard.count), None)
    if other is not None:
        shards = "one shard" if other == 1 else f"{other} shards"
        raise SyncConfigError(
            f"the store {where} has {shards}, and this push has {shard.count}; keep the number, or choose another "
            "store (with adopt, so that rows that already exist are taken over)"
        )


def check_shardable(config: DestinationConfig, shard: Shard, *, creates_audience: bool = False) -> None:
    """Check that a destination takes rows from several tasks at once.

    Raises:
        SyncConfigError: it does not; the message says why.
    """
    if shard.count == 1:
        return
    sink = config.sink
    if not sink.one_request_per_key:
        raise SyncConfigError(
            f"{config.name}: requests with the same {sink.ordering_key} must not be in flight at once, but shards "
            f"divide the rows by their key ({', '.join(sink.key_names)}); leave shard out"
        )
    if sink.ordered:
        raise SyncConfigError(f"{config.name}: Talon.One takes one request for {sink.name} at a time; leave shard out")
    if creates_audience:
        raise SyncConfigError(
            f"{config.name}: the audience does not exist, and each shard would create its own; create it first "
            "(CreateAudienceOperator) and give its id"
        )
