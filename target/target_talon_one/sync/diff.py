"""The diff of a destination: what is to be added, updated and removed, compared with the acknowledged rows.

The comparison itself is set-based and runs in the store (``store.changes``); this module decides what is compared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_talon_one.sync.row_counts import Comparison

if TYPE_CHECKING:
    from target_talon_one.lookups.profiles import Profiles
    from target_talon_one.store.store import Store
    from target_talon_one.store.tables.changes import Difference
    from target_talon_one.sync.destination_run import DestinationRun


def compare(destination: DestinationRun, store: Store, profiles: Profiles) -> Comparison:
    """Turn staged rows into changes and return what is to be done; may be called again before anything is sent."""
    destination.close_staging()
    difference = _difference(destination, store)
    new_profiles: int | None = 0
    if destination.config.sink.creates_profiles and destination.config.mode != "remove":
        policy = destination.config.guards.create_profiles
        field = destination.config.sink.profile_field
        new_profiles = 0 if policy == "allow" else profiles.missing(destination.number, field)
        if new_profiles and policy in ("skip", "reject"):
            _leave_out_new_profiles(destination, store, policy)
            difference = _difference(destination, store)
    requests = _count_requests(destination, store) + destination.creates_audience
    generation = store.destinations.generation(destination.number)
    return Comparison(difference, requests, new_profiles, destination.creates_audience, generation)


def count_new_profiles(destination: DestinationRun, found: Comparison, profiles: Profiles) -> None:
    """Complete a comparison for a plan: count new profiles that no guard asks about, if that takes few requests."""
    config = destination.config
    unasked = config.sink.writes_profiles or (config.sink.creates_profiles and config.guards.create_profiles == "allow")
    if unasked and config.mode != "remove":
        found.new_profiles = profiles.missing_of_few(destination.number, config.sink.profile_field)


def _difference(destination: DestinationRun, store: Store) -> Difference:
    sink = destination.config.sink
    found = store.changes.compare(
        destination.number,
        destination.op_groups,
        diff=sink.compares(destination.config.mode),
        absent=destination.removes_absent,
        grouped=sink.group is not None,
        ordered=sink.ordered,
        replaces=sink.replaces,
    )
    return replace(found, same=found.same + destination.unchanged, known=found.known + destination.not_loaded)


def _count_requests(destination: DestinationRun, store: Store) -> int:
    if destination.config.sink.replaces:
        return 1
    size = destination.config.sink.rows_per_request(destination.config.mode)
    return store.changes.count_requests(destination.number, destination.op_groups, size)


def _leave_out_new_profiles(destination: DestinationRun, store: Store, policy: str) -> None:
    keys = store.profiles.keys_of_not_known(destination.number, destination.config.sink.profile_field)
    store.staging.leave_out(destination.number, keys)
    if policy == "skip":
        destination.counts.left_out += len(keys)
    else:
        destination.refuse_new_profiles(keys)
