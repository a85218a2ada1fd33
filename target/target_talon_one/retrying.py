"""Refused rows of a run, sent once more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from talon_one_client.wire import decode_json
from talon_one_singer.refused import restored
from target_talon_one.destinations import destination_from
from target_talon_one.errors import SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_talon_one.destinations import Destination
    from target_talon_one.run import SyncRun
    from target_talon_one.store import Store


def retry(run: SyncRun, store: Store, of_run: str, known: Mapping[str, Destination]) -> int:
    """Stage the rows that a run left refused; how many. ``run.finish()`` then sends them.

    Rows that Talon.One refused are sent as they are; rows that could not be mapped are mapped again, by the settings in
    ``known`` where it has the stream, else by those of that run.

    Raises:
        SyncConfigError: there is no such run, or it left nothing.
    """
    if not store.runs(of_run):
        raise SyncConfigError(f"there is no run {of_run} in the store {store.path}; talon-one runs lists them")
    rejects = [one for one in store.rejects(of_run) if one["op"] != "remove" or one["fields"]]
    if not rejects:
        raise SyncConfigError(f"run {of_run} has no refused rows left; they went through, or were sent by a later run")
    for number in dict.fromkeys(one["destination"] for one in rejects):
        mine = [one for one in rejects if one["destination"] == number]
        _stage(run, store, mine, _destination(store, number, mine[0]["stream"], known))
        store.clear_unknown(of_run, number)
    return len(rejects)


def forget_retried(run: SyncRun, store: Store, of_run: str) -> None:
    """The rows that could not be mapped in that run are sent now, or refused anew under the present run."""
    for feed in run.feeds.values():
        store.drop_invalid(of_run, feed.number)


def _stage(run: SyncRun, store: Store, rejects: list[dict[str, Any]], destination: Destination) -> None:
    feed = run.open(replace(destination, adopt=False, retry_rejects=False))
    feed.complete = False
    mapped = [one for one in rejects if one["fields"] is not None]
    feed.add_mapped(
        [one["key"] for one in mapped], [one["fields"].encode() for one in mapped], [one["place"] for one in mapped]
    )
    for one in rejects:
        if one["fields"] is None and one["source"] is not None:
            row = _row(one["source"])
            if row is None:
                feed.add_unreadable(one["source"], one["place"], one["reason"])
            else:
                feed.add([row], [one["place"]])


def _row(text: str) -> dict[str, Any] | None:
    try:
        row = decode_json(text.encode())
    except ValueError:
        return None
    return restored(row) if isinstance(row, dict) else None


def _destination(store: Store, number: int, name: str, known: Mapping[str, Destination]) -> Destination:
    if name in known:
        return known[name]
    given = store.remembered(f"settings {number}")
    if given is None:
        raise SyncConfigError(f"the store does not know how {name} was set; give its SYNC.yml with --sync")
    return destination_from(name, json.loads(given))
