"""What a run would do, as numbers that can be printed, kept and held against the source and the store later."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import redacted
from target_talon_one.config.identity import one_spelling
from target_talon_one.errors import PlanMovedError, SyncConfigError
from target_talon_one.sync.personal_data import ERASED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.sync.destination_run import Feed
    from target_talon_one.sync.row_counts import Comparison

FORMAT = 2
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class PlannedDestination:
    """What would be done for one destination.

    Attributes:
        name, sink, mode: as set.
        identity: of the destination object, with Talon.One's address.
        adds, updates, removes, same, duplicates, invalid, known: rows.
        new_profiles: profiles that would be created; None: it cannot be known.
        creates_audience: the audience would be made.
        requests: calls, if no row is refused.
        minutes: they take at the present budget; None: no budget is set.
        samples: a few rows of each kind.
        cheapest: ``deltas``, or ``import`` where one upload of the whole list through the Management API would do: it
            replaces the members, and all of them are ours.
        guard: why it would stop, or None.
        digest: SHA-256 of all changes, see ``Changes.digest``.
        generation: of what is known.
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
    creates_audience: bool
    requests: int
    minutes: float | None
    cheapest: str
    guard: str | None
    digest: str
    generation: int
    settings: str
    samples: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    reasons: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def planned(
    feed: Feed,
    found: Comparison,
    *,
    cheapest: str,
    guard: str | None,
    rate: float | None,
    samples: Mapping[str, Sequence[Any]],
) -> PlannedDestination:
    """The plan of one destination; ``rate`` is the budget in requests a second."""
    difference = found.difference
    return PlannedDestination(
        name=feed.destination.name,
        sink=feed.destination.sink.name,
        mode=feed.destination.mode,
        identity=feed.identity,
        adds=difference.adds,
        updates=difference.updates,
        removes=difference.removes,
        same=difference.same,
        duplicates=feed.duplicates,
        invalid=feed.figures.invalid + feed.figures.unreadable,
        known=difference.known,
        new_profiles=found.new_profiles,
        creates_audience=found.creates_audience,
        requests=found.requests if difference.changes else 0,
        minutes=round(found.requests / rate / 60, 2) if rate else None,
        cheapest=cheapest,
        guard=guard,
        digest=feed.digest(),
        generation=found.generation,
        settings=_digest_of(feed.destination.given),
        samples=samples,
        reasons=feed.reasons.lines(),
    )


def check_unmoved(then: Sequence[Mapping[str, Any]], now: Sequence[PlannedDestination]) -> None:
    """Source and store are what they were when the plan was made.

    Raises:
        PlanMovedError: they are not; nothing was sent.
    """
    names, present = [one["name"] for one in then], [one.name for one in now]
    if names != present:
        raise PlanMovedError(f"the plan is of {', '.join(names)}, the file has {', '.join(present)}; plan again")
    for old, new in zip(then, now, strict=True):
        if (one_spelling(old["identity"]), old["generation"]) != (new.identity, new.generation):
            raise PlanMovedError(f"{new.name}: something was sent there since the plan was made; plan again")
        if old["settings"] != new.settings:
            raise PlanMovedError(f"{new.name}: it has other settings than when the plan was made; plan again")
        moved = [name for name in _COMPARED if old[name] != getattr(new, name)]
        if moved:
            raise PlanMovedError(
                f"{new.name}: {moved[0]} is now {getattr(new, moved[0])}, in the plan {old[moved[0]]}; plan again"
            )
        if old["digest"] != new.digest:
            raise PlanMovedError(f"{new.name}: the source has other rows than when the plan was made; plan again")
        _check_shown(old, new)


def _check_shown(old: Mapping[str, Any], new: PlannedDestination) -> None:
    """What people read in the plan holds; what ``erase`` has left out of it is missing."""
    present = json.loads(json.dumps(redacted(new.as_dict()), default=str))
    changed = [name for name in _SHOWN if name in old and not _holds(old[name], present[name])]
    if changed:
        raise PlanMovedError(f"{new.name}: {changed[0]} in the plan is not what would be done; plan again")


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
    """The file is a plan of this version, with everything that ``check_unmoved`` compares.

    Raises:
        SyncConfigError: it is not.
    """
    found = plan.get("destinations")
    if plan.get("format") != FORMAT or type(plan["format"]) is not int or not isinstance(found, list):
        raise SyncConfigError(f"{path} is no plan of this version; plan again with: talon-one plan SYNC.yml -o {path}")
    broken = not isinstance(plan.get("sync_file"), str) or not all(isinstance(one, dict) for one in found)
    if broken or not all(type(one.get(name, _MISSING)) in kinds for one in found for name, kinds in _TYPES.items()):
        raise SyncConfigError(f"{path} is no complete plan; plan again with: talon-one plan SYNC.yml -o {path}")


def _digest_of(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(settings), sort_keys=True, default=str).encode()).hexdigest()


_COMPARED = ("sink", "mode", "adds", "updates", "removes", "requests", "new_profiles", "creates_audience")
_SHOWN = ("same", "duplicates", "invalid", "known", "cheapest", "guard", "reasons", "samples")
_MISSING = object()
_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "sink", "mode", "identity", "digest", "settings"), (str,)),
    **dict.fromkeys(("adds", "updates", "removes", "requests", "generation"), (int,)),
    "new_profiles": (int, type(None)),
    "creates_audience": (bool,),
}


def plan_lines(plans: Sequence[PlannedDestination]) -> list[str]:
    """A line for each destination."""
    return [_line(one) for one in plans]


def _line(one: PlannedDestination) -> str:
    parts = [f"{one.adds:,} to add", f"{one.updates:,} to change", f"{one.removes:,} to remove", f"{one.same:,} as is"]
    if one.invalid:
        parts.append(f"{one.invalid:,} refused ({'; '.join(one.reasons)})")
    if one.new_profiles:
        parts.append(f"{one.new_profiles:,} profiles would be created")
    elif one.new_profiles is None:
        parts.append("nobody knows how many profiles would be created")
    parts.append(f"{one.requests:,} requests")
    if one.minutes is not None:
        parts.append(f"{one.minutes:g} minutes at the budget")
    if one.cheapest == "import":
        parts.append("one CSV import would do too")
    return f"plan: {one.name} ({one.sink}, {one.mode}): {', '.join(parts)}"
