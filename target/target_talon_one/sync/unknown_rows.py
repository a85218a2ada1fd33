"""Rows with an unknown result: their answer was lost, and the request must not be repeated.

They are looked up at Talon.One where its API allows that. Those that have arrived become acknowledged rows. The others
stay unknown: only ``talon-one retry`` sends them again, because a request that is still on its way would arrive later.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from talon_one_singer.reporting.amounts import counted
from target_talon_one.errors import IncompleteError, LookupImpossibleError
from target_talon_one.sinks.sink_type import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.client import TalonOneClient
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun

_MARGIN = timedelta(hours=1)  # between clocks that were set differently when the rows were sent

logger = logging.getLogger(__name__)


def look_up(
    destination: DestinationRun, store: Store, client: TalonOneClient, *, check: Callable[[], None], wait_s: int
) -> None:
    """Acknowledge the unknown rows of a destination that Talon.One has.

    Args:
        destination: whose rows are looked up, if its sink has a lookup.
        store: keeps the unknown rows.
        client: reads Talon.One.
        check: called before each request; raises to end the work.
        wait_s: see ``seconds_to_wait``; until then, nothing is looked up.

    Raises:
        TalonOneError: Talon.One cannot be read.
    """
    number, sink = destination.number, destination.config.sink
    find = sink.lookup
    if find is None or not store.rejects.any(number, "kind = 'unknown'"):
        return
    rows = store.rejects.unknown(number)
    destination.unknown_left, destination.settles_in_s = len(rows), wait_s
    if wait_s:
        logger.warning(
            "%s: the last request may still be processed by Talon.One; its rows are looked up by a run in %s seconds "
            "or later",
            destination.config.name,
            wait_s,
        )
        return
    since = datetime.fromisoformat(store.rejects.unknown_since(number)) - _MARGIN
    reading = client.read_server_clock()
    evidence = Evidence(store.acks.imports(number), reading.server_time(since) if reading else since)
    try:
        found = find(client, destination.target, rows, evidence, check)
    except LookupImpossibleError as error:
        logger.warning("%s: %s with an unknown result: %s", destination.config.name, counted(len(rows), "row"), error)
        return
    if found.keys:
        store.load_acknowledged(number)
        store.acks.confirm(number, sorted(found.keys), found.imports)
    destination.unknown_left -= len(found.keys)
    logger.info(
        "%s: of %s with an unknown result, Talon.One has %s",
        destination.config.name,
        counted(len(rows), "row"),
        f"{len(found.keys):,}",
    )


def seconds_to_wait(store: Store, destination: int, now: datetime, settled_after_s: int) -> int:
    """Return after how many seconds Talon.One has certainly ended the last request; 0: it has.

    Args:
        store: knows when it was sent.
        destination: number of the destination.
        now: the current time.
        settled_after_s: seconds after which Talon.One has ended any request.
    """
    sent = store.values.get(_sent(destination))
    left = 0.0 if sent is None else settled_after_s - (now - datetime.fromisoformat(sent)).total_seconds()
    return int(left) + 1 if 0 < left <= settled_after_s else 0


def note_sent(store: Store, destination: int) -> None:
    """Note that a request that must not be repeated is about to be sent."""
    store.values.set(_sent(destination), datetime.now(UTC).isoformat())


def raise_if_unsettled(destination: DestinationRun) -> None:
    """Raise if rows would be sent again whose request may still be processed.

    Raises:
        IncompleteError: with the seconds to wait.
    """
    if destination.unknown_left and destination.settles_in_s:
        raise IncompleteError(
            f"{destination.config.name}: Talon.One may still process the last request, so nothing was sent again; "
            f"retry in {destination.settles_in_s} seconds"
        )


def _sent(destination: int) -> str:
    return f"last request {destination}"
