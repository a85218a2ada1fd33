"""Names of stores when several tasks push parts of one source: each part has a store of its own beside the others.

The number of parts belongs to the stores. With another number every part would begin with an empty store, and nobody
would remove what only the old ones know of; so that is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from target_talon_one.errors import SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talon_one_singer.shards import Shard
    from target_talon_one.config.destinations import Destination

_LABEL = re.compile(r"[-_]?part[-_]\d+[-_]of[-_](\d+)")


def label(shard: Shard) -> str:
    """``part-3-of-16``; nothing for the whole."""
    return f"part-{shard.number}-of-{shard.count}" if shard.count > 1 else ""


def check_others(where: str, endings: Iterable[str], shard: Shard) -> None:
    """Compare with the stores that are there.

    Args:
        where: the place, for the message.
        endings: what distinguishes names there: "" is the store of the whole, and what is no label is no store.
        shard: the part that is to be opened.

    Raises:
        SyncConfigError: they are of another number of parts.
    """
    labels = {ending: _LABEL.fullmatch(ending) for ending in endings}
    there = {int(found[1]) if found else 1 for ending, found in labels.items() if found or not ending}
    other = next((count for count in sorted(there) if count != shard.count), None)
    if other is not None:
        is_in = "in one part" if other == 1 else f"in {other} parts"
        raise SyncConfigError(
            f"the store {where} is {is_in}, and this push has {shard.count}; keep the number, or choose another store "
            "(with adopt, so that rows which are there already are taken over)"
        )


def check_parts(destination: Destination, shard: Shard, *, creates_audience: bool = False) -> None:
    """Whether a destination takes rows from several tasks at once.

    Raises:
        SyncConfigError: it does not.
    """
    if shard.count == 1:
        return
    sink = destination.sink
    if sink.lane is not None and [sink.lane] != [field.name for field in sink.key]:
        raise SyncConfigError(
            f"{destination.name}: no two requests for one {sink.lane} may be in flight, and parts are made of the key "
            f"({', '.join(field.name for field in sink.key)}); leave shard out"
        )
    if sink.ordered:
        raise SyncConfigError(
            f"{destination.name}: Talon.One takes one request for {sink.name} at a time; leave shard out"
        )
    if creates_audience:
        raise SyncConfigError(
            f"{destination.name}: the audience is not there, and each part would make one of its own; make it first "
            "(CreateAudienceOperator) and give its id"
        )
