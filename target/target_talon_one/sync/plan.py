"""Plans: what a run would do, as numbers that can be printed, kept, and compared with source and store later."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.redaction import redacted
from target_talon_one.config.identity import canonical_identity
from target_talon_one.errors import PlanMovedError, SyncConfigError
from target_talon_one.sinks.row_keys import key_fields
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.tables.personal_data import ERASED
from target_talon_one.sync import guards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.errors import GuardError
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.row_counts import Comparison

FORMAT = 2
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class PlannedDestination:
    """What a run would do at one destination.

    Attributes:
        name, sink, mode: as in the settings.
        identity: of the destination, see ``config.identity``.
        adds, updates, removes, same, duplicates, invalid, known: rows.
        new_profiles: profiles that would be created; None if their number is unknown.
        creates_audience: the audience would be created; None if it is unknown whether it exists.
        requests: number of requests if no row is refused.
        minutes: how long the requests take at the rate limit; None: no rate limit is set.
        samples: a few rows of each op.
        reasons: why rows are refused.
        stopped_by: the guard that would stop the run, or None.
        digest: SHA-256 of all changes, see ``Changes.digest``.
        generation: of the acknowledged rows.
        settings: SHA-256 of the settings of the destination.
    """

    name: str
    sink: str
    mode: str
    identity: str
    adds: int
    updates: int
    removes: int
    same: int
    duplicates: int
    invalid: int
    known: int
    new_profiles: int | None
    creates_audience: bool | None
    requests: int
    minutes: float | None
    stopped_by: GuardError | None
    digest: str
    generation: int
    settings: str
    samples: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    reasons: Sequence[str] = ()

    @property
    def guard(self) -> str | None:
        """Why a guard would stop the run, or None."""
        return None if self.stopped_by is None else str(self.stopped_by)

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as JSON holds it; the guard is its text."""
        plan = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "stopped_by"}
        return {**plan, "guard": self.guard}


def plan_destination(
    destination: DestinationRun, found: Comparison, store: Store, rate: float | None
) -> PlannedDestination:
    """Return the plan of a destination.

    Args:
        destination: whose rows were compared.
        found: what the comparison found.
        store: holds the changes.
        rate: the rate limit in requests per second; None: there is none.
    """
    difference, config = found.difference, destination.config
    return PlannedDestination(
        name=config.name,
        sink=config.sink.name,
        mode=config.mode,
        identity=destination.identity,
        adds=difference.adds,
        updates=difference.updates,
        removes=difference.removes,
        same=difference.same,
        duplicates=destination.duplicates,
        invalid=destination.counts.invalid + destination.counts.unreadable,
        known=difference.known,
        new_profiles=found.new_profiles,
        creates_audience=found.creates_audience,
        requests=found.requests if difference.changes else 0,
        minutes=round(found.requests / rate / 60, 2) if rate else None,
        stopped_by=next(guards.problems(destination, found), None),
        digest=store.changes.digest(destination.number),
        generation=found.generation,
        settings=_digest_of(config.given),
        samples=_samples(destination, store),
        reasons=destination.reasons.lines(),
    )


def _samples(destination: DestinationRun, store: Store) -> dict[str, list[Any]]:
    names = destination.config.sink.key_names
    found = store.changes.samples(destination.number, SAMPLES)
    return {
        op: [fields if fields is not None else key_fields(names, key) for key, fields in rows]
        for op, rows in found.items()
    }


def check_unmoved(then: Sequence[Mapping[str, Any]], now: Sequence[PlannedDestination]) -> None:
    """Check that source and store are what they were when the plan was made.

    Raises:
        PlanMovedError: something has changed; nothing was sent.
    """
    names, present = [one["name"] for one in then], [one.name for one in now]
    if names != present:
        planned, found = ", ".join(names), ", ".join(present)
        raise PlanMovedError(f"the plan has the syncs {planned}, but the file has {found}; plan again")
    for old, new in zip(then, now, strict=True):
        if (canonical_identity(old["identity"]), old["generation"]) != (new.identity, new.generation):
            raise PlanMovedError(f"{new.name}: something was sent there since the plan was made; plan again")
        if old["settings"] != new.settings:
            raise PlanMovedError(f"{new.name}: its settings have changed since the plan was made; plan again")
        moved = [name for name in _COMPARED if old[name] != getattr(new, name)]
        if moved:
            raise PlanMovedError(
                f"{new.name}: {moved[0]} is now {getattr(new, moved[0])}, but {old[moved[0]]} in the plan; plan again"
            )
        _check_new_profiles(old["new_profiles"], new)
        if old["digest"] != new.digest:
            raise PlanMovedError(f"{new.name}: the rows of the source have changed since the plan was made; plan again")
        _check_shown(old, new)


def _check_new_profiles(then: int | None, new: PlannedDestination) -> None:
    """Check the number of new profiles; where it is no guard's, others may create some of them meanwhile."""
    now = new.new_profiles
    fewer = SINKS[new.sink].writes_profiles and (then is None or (now is not None and now < then))
    if now != then and not fewer:
        found = "unknown" if now is None else now
        raise PlanMovedError(f"{new.name}: new_profiles is now {found}, but {then} in the plan; plan again")


def _check_shown(old: Mapping[str, Any], new: PlannedDestination) -> None:
    """Check that the values that a plan shows to its reader still hold, except those that ``erase`` has removed."""
    present = json.loads(json.dumps(redacted(new.as_dict()), default=str))
    changed = [name for name in _SHOWN if name in old and not _holds(old[name], present[name])]
    if changed:
        raise PlanMovedError(f"{new.name}: {changed[0]} in the plan differs from what would be done now; plan again")


def _holds(then: Any, now: Any) -> bool:
    if isinstance(then, dict) and isinstance(now, dict):
        return all(op in now and _holds(rows, now[op]) for op, rows in then.items())
    if isinstance(then, list) and isinstance(now, list):
        return all(_is_erased(one) or any(_same(one, other) for other in now) for one in then)
    return _is_erased(then) or _same(then, now)


def _is_erased(text: Any) -> bool:
    return isinstance(text, str) and ERASED in text


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def check_format(plan: Mapping[str, Any], path: str) -> None:
    """Check that a file is a plan of this version, with everything that ``check_unmoved`` compares.

    Raises:
        SyncConfigError: it is not such a plan.
    """
    found = plan.get("destinations")
    if plan.get("format") != FORMAT or type(plan["format"]) is not int or not isinstance(found, list):
        raise SyncConfigError(
            f"{path} is not a plan of this version; plan again with: talon-one plan SYNC.yml -o {path}"
        )
    broken = not isinstance(plan.get("sync_file"), str) or not all(isinstance(one, dict) for one in found)
    if broken or not all(type(one.get(name, _MISSING)) in kinds for one in found for name, kinds in _TYPES.items()):
        raise SyncConfigError(f"{path} is not a complete plan; plan again with: talon-one plan SYNC.yml -o {path}")


def _digest_of(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(settings), sort_keys=True, default=str).encode()).hexdigest()


_COMPARED = ("sink", "mode", "adds", "updates", "removes", "requests", "creates_audience")
_SHOWN = ("same", "duplicates", "invalid", "known", "guard", "reasons", "samples")
_MISSING = object()
_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "sink", "mode", "identity", "digest", "settings"), (str,)),
    **dict.fromkeys(("adds", "updates", "removes", "requests", "generation"), (int,)),
    "new_profiles": (int, type(None)),
    "creates_audience": (bool, type(None)),
}


def plan_lines(plans: Sequence[PlannedDestination]) -> list[str]:
    """Return a line for each destination."""
    return [_line(one) for one in plans]


def _line(one: PlannedDestination) -> str:
    counts = [
        f"{one.adds:,} to add",
        f"{one.updates:,} to change",
        f"{one.removes:,} to remove",
        f"{one.same:,} unchanged",
    ]
    if one.duplicates:
        counts.append(f"{one.duplicates:,} replaced by a later row with the same key")
    if one.invalid:
        counts.append(f"{one.invalid:,} refused ({'; '.join(one.reasons)})")
    if one.new_profiles:
        counts.append(f"{counted(one.new_profiles, 'profile')} would be created")
    elif one.new_profiles is None:
        counts.append("an unknown number of profiles would be created")
    counts.append(counted(one.requests, "request"))
    if one.minutes is not None:
        counts.append(f"{one.minutes:g} minutes at the rate limit")
    return f"plan: {one.name} ({one.sink}, {one.mode}): {', '.join(counts)}"
