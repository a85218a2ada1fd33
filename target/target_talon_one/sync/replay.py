"""Replays: rows that a run left refused are sent again, unless a later run has superseded them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from talon_one_client.http.encoding import decode_json
from talon_one_singer.values.refused_value import restored
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import SyncConfigError
from target_talon_one.sync.unknown_rows import raise_if_unsettled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.store.store import Store
    from target_talon_one.store.tables.rejects import Reason
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.run import SyncRun

REASONS: Mapping[Reason, str] = {
    "sent": "a later run has sent the row",
    "found": "Talon.One has the row: its answer was lost",
    "removed": "a later run has removed the row, or its source has marked it as deleted",
    "refused": "a later run has refused the row again; retry that run",
    "in_source": "a later run has read the row from its source; talon-one push sends what remains",
    "absent": "a later run has read the whole source without the row",
    "unreadable": "the line is not a row; correct it in the source and push the source again",
}


@dataclass(slots=True)
class Replay:
    """What is sent again, and what is not.

    Attributes:
        staged: number of rows to send.
        skipped: number of rows that are left out, by reason.
        tried: numbers of the destinations whose rows are sent.
    """

    staged: int = 0
    skipped: Counter[Reason] = field(default_factory=Counter)
    tried: list[int] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return a line for each reason."""
        return [
            f"skipped {self.skipped[reason]:,}: {words}" for reason, words in REASONS.items() if self.skipped[reason]
        ]


def retry(
    run: SyncRun, store: Store, of_run: str, known: Mapping[str, DestinationConfig], *, include_absent: bool = False
) -> Replay:
    """Stage the rows that a run left refused and that no later run has superseded; ``run.flush()`` sends them.

    Rows that Talon.One refused are sent as they are; rows that could not be mapped are mapped again, by the settings in
    ``known`` where it has the stream, else by those of that run.

    Args:
        run: the present run.
        store: of both runs.
        of_run: id of the run that left the rows.
        known: destinations by the names of their streams.
        include_absent: also send rows that a later run did not find in its source, except for mirrors.

    Raises:
        SyncConfigError: there is no such run, or it left no row refused.
        IncompleteError: Talon.One may still process the rows.
    """
    if not store.runs.find(of_run):
        raise SyncConfigError(f"there is no run {of_run} in the store {store.location}; talon-one runs lists the runs")
    replay = Replay(skipped=Counter(store.rejects.superseded(of_run)))
    rejects = store.rejects.find(of_run)
    if not rejects and not replay.skipped:
        raise SyncConfigError(f"run {of_run} has no refused rows left, because they were sent since then")
    for number, stream in {one["destination"]: one["stream"] for one in rejects}.items():
        config = _config_of(store, number, stream, known)
        destination = run.open(replace(config, adopt=False, retry_rejects=False))
        # Rows whose answer was lost are looked up when the destination is opened.
        of_destination = [one for one in store.rejects.find(of_run) if one["destination"] == number]
        raise_if_unsettled(destination)
        store.load_acknowledged(destination.number)
        destination.close_source(complete=False)
        destination.replayed = True
        absent = store.runs.source_was_read_after(of_run, number) and not (include_absent and not config.mirror)
        _Staging(destination, store, of_run, replay, absent=absent).add(of_destination)
        replay.tried += [] if absent else [number]
        store.rejects.release_unknown(of_run, number)
    if found := store.rejects.superseded(of_run).get("found"):
        replay.skipped["found"] = found
    return replay


def forget_retried(store: Store, of_run: str, replay: Replay) -> None:
    """Drop the rejects of rows that could not be mapped: they are sent now, or refused anew by the present run."""
    for number in replay.tried:
        store.rejects.drop_invalid(of_run, number)


class _Staging:
    """Stages the refused rows of one destination that no later run has superseded.

    Args:
        destination: takes the rows.
        store: knows what came later.
        of_run: the run that left the rows.
        replay: counts the rows.
        absent: a later run has read the whole source, and rows that are still refused were not in it.
    """

    def __init__(self, destination: DestinationRun, store: Store, of_run: str, replay: Replay, *, absent: bool) -> None:
        self._destination, self._store, self._replay, self._absent = destination, store, replay, absent
        self._refused_again = store.rejects.keys_refused_after(of_run, destination.number)

    def add(self, rejects: Iterable[Mapping[str, Any]]) -> None:
        """Stage or skip rows."""
        mapped: list[Mapping[str, Any]] = []
        rows: list[Mapping[str, Any]] = []
        origins: list[str] = []
        for one in rejects:
            row = _row(one["source"]) if one["fields"] is None else None
            reason = self._why_not(one, row)
            if reason is not None:
                self._replay.skipped[reason] += 1
            elif row is None:
                mapped.append(one)
            else:
                rows.append(row)
                origins.append(one["place"])
        self._replay.staged += len(mapped) + len(rows)
        fields = [one["fields"].encode() for one in mapped]
        self._destination.add_mapped([one["key"] for one in mapped], fields, [one["place"] for one in mapped])
        self._destination.add(rows, origins)

    def _why_not(self, one: Mapping[str, Any], row: Mapping[str, Any] | None) -> Reason | None:
        if one["kind"] == "unreadable" or (one["fields"] is None and row is None):
            return "unreadable"
        if one["op"] == "remove" and self._destination.config.mode != "remove":
            return "in_source"  # removals follow from the source and the store
        if self._absent and one["kind"] != "unknown":
            return "absent"
        if one["key"] is not None:
            return "refused" if one["key"] in self._refused_again else None
        key = self._destination.mapper.key_of(row) if row is not None else None
        return "sent" if key is not None and self._store.acks.has(self._destination.number, key) else None


def _row(text: str | None) -> dict[str, Any] | None:
    try:
        row = decode_json((text or "").encode())
    except ValueError:
        return None
    return restored(row) if isinstance(row, dict) else None


def _config_of(store: Store, number: int, name: str, known: Mapping[str, DestinationConfig]) -> DestinationConfig:
    if name in known:
        return known[name]
    given = store.values.get(f"settings {number}")
    if given is None:
        raise SyncConfigError(f"the store has no settings of {name}; name its SYNC.yml with --sync")
    return destination_from(name, json.loads(given))
