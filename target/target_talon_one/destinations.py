"""What a destination is set to: one typed object for each stream, checked at the edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from talon_one_singer.files import json_type, nearest
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping import MappingOptions, NullPolicy
from target_talon_one.sinks import SINKS, Mode, SinkType

if TYPE_CHECKING:
    from collections.abc import Mapping

_AUDIENCE = ("id", "name", "integration", "integration_id", "description", "create")
_CLOSED_BY = ("auto", "activate_version", "end")
_CREATE_PROFILES = ("guard", "allow", "skip", "reject")
_ENVIRONMENTS = ("live", "sandbox")


@dataclass(frozen=True, slots=True)
class Guards:
    """When a run stops before its first call.

    Attributes:
        allow_empty: a mirror of a source without rows is meant.
        max_deletes: how many rows a run may remove.
        max_delete_share: which share of the known rows a run may remove.
        allow_destructive: the sink deletes what cannot be brought back, and that is meant.
        allow_whole_catalog: a catalog rule without filter is meant.
        expect_environment: the run stops in another one.
        create_profiles: profiles that an audience would create: guard stops, allow creates them, skip leaves them out,
            reject puts them into the rejects.
        max_rejects: more refused rows than this fail the run.
        max_reject_share: a larger share of refused rows than this fails the run.
    """

    allow_empty: bool = False
    max_deletes: int | None = None
    max_delete_share: float = 0.1
    allow_destructive: bool = False
    allow_whole_catalog: bool = False
    expect_environment: str | None = None
    create_profiles: str = "guard"
    max_rejects: int | None = None
    max_reject_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the rows of a stream go, and how.

    Attributes:
        name: of the stream.
        sink: its kind.
        mode: what becomes of the rows.
        target: which audience, catalog or program; names are those of the settings.
        mapping: from columns to fields.
        guards: when to stop.
        adopt: a mirror takes over the members that are there already.
        closed_by: what tells that the source was read to its end.
        retry_rejects: rows refused in earlier runs are tried again.
        given: as it was written.
    """

    name: str
    sink: SinkType
    mode: Mode
    target: Mapping[str, Any] = field(default_factory=dict)
    mapping: MappingOptions = field(default_factory=MappingOptions)
    guards: Guards = field(default_factory=Guards)
    adopt: bool = False
    closed_by: str = "auto"
    retry_rejects: bool = True
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mirror(self) -> bool:
        """True if rows that leave the source leave the destination."""
        return self.mode == "mirror"


def destination_from(name: str, given: Any, *, where: str = "streams") -> Destination:
    """The destination of a stream out of its settings.

    Raises:
        SyncConfigError: every problem, one a line, each with the name of the stream and of the setting.
    """
    return _Reader(f"{where}.{name}", name, given).read()


class _Reader:
    """Reads one destination and collects what is wrong with it."""

    def __init__(self, place: str, name: str, given: Any) -> None:
        if not isinstance(given, dict):
            raise SyncConfigError(f"{place} must be an object with sink and mode, not {json_type(given)}")
        self._place, self._name, self._given, self._all = place, name, dict(given), given
        self._problems: list[str] = []

    def read(self) -> Destination:
        sink = self._sink()
        mode = self._mode(sink)
        values = {
            "target": self._target(sink),
            "mapping": self._mapping(),
            "guards": self._guards(),
            "adopt": self._take("adopt", "boolean", default=False),
            "closed_by": self._choice("closed_by", _CLOSED_BY, "auto"),
            "retry_rejects": self._take("retry_rejects", "boolean", default=True),
        }
        for unknown in self._given:
            self._problem(unknown, f"is no setting of it{nearest(unknown, self._known(sink))}")
        if values["adopt"] and mode != "mirror":
            self._problem("adopt", f"needs mode mirror, not {mode}")
        if self._problems:
            raise SyncConfigError("\n".join(self._problems))
        return Destination(self._name, sink, mode, given=self._all, **values)

    def _problem(self, setting: str, what: str) -> None:
        self._problems.append(f"{self._place}: {setting!r} {what}")

    def _sink(self) -> SinkType:
        name = self._given.pop("sink", None)
        if not isinstance(name, str) or name not in SINKS:
            hint = nearest(name, SINKS) if isinstance(name, str) else ""
            raise SyncConfigError(f"{self._place}: 'sink' must be one of {', '.join(SINKS)}, not {name!r}{hint}")
        return SINKS[name]

    def _mode(self, sink: SinkType) -> Mode:
        given = self._given.pop("mode", None)
        if given is None and len(sink.modes) == 1:
            return next(iter(sink.modes))
        for mode in sink.modes:
            if mode == given:
                return mode
        modes = ", ".join(sink.modes)
        if given is None:
            raise SyncConfigError(f"{self._place}: 'mode' is missing; the sink {sink.name} has {modes}")
        raise SyncConfigError(f"{self._place}: the sink {sink.name} has no mode {given!r}; it has {modes}")

    def _target(self, sink: SinkType) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in sink.target:
            plain = name.rstrip("?")
            value = self._given.pop(plain, None)
            if value is None:
                if not name.endswith("?"):
                    self._problem(plain, f"is missing; the sink {sink.name} needs it")
            elif plain == "audience":
                found[plain] = self._audience(value)
            elif _TARGET_TYPES.get(plain, int) is int and (isinstance(value, bool) or not isinstance(value, int)):
                self._problem(plain, f"must be an integer, not {value!r}")
            else:
                found[plain] = value
        return found

    def _audience(self, value: Any) -> dict[str, Any]:
        if isinstance(value, int) and not isinstance(value, bool):
            return {"id": value}
        if not isinstance(value, dict):
            self._problem("audience", "must be an id or an object with id, name, integration, integration_id")
            return {}
        for name in value:
            if name not in _AUDIENCE:
                self._problem(f"audience.{name}", f"is no setting of it{nearest(name, _AUDIENCE)}")
        if "id" not in value and "name" not in value:
            self._problem("audience", "needs an id, or a name to find or create it by")
        return dict(value)

    def _mapping(self) -> MappingOptions:
        key = self._given.pop("key", None)
        if isinstance(key, str):
            key = [key]
        if key is not None and not (isinstance(key, list) and key and all(isinstance(part, str) for part in key)):
            self._problem("key", "must be a column or a list of columns")
            key = None
        mapped = self._given.pop("map", None)
        if mapped is not None and not isinstance(mapped, dict):
            self._problem("map", f"must be an object of field: column, not {json_type(mapped)}")
            mapped = None
        nulls = self._choice("nulls", get_args(NullPolicy), "skip")
        return MappingOptions(map=mapped, key=tuple(key) if key else None, nulls=nulls)

    def _guards(self) -> Guards:
        defaults = Guards()
        return Guards(
            allow_empty=self._take("allow_empty", "boolean", default=False),
            max_deletes=self._take("max_deletes", "integer"),
            max_delete_share=self._take("max_delete_share", "number", default=defaults.max_delete_share),
            allow_destructive=self._take("allow_destructive", "boolean", default=False),
            allow_whole_catalog=self._take("allow_whole_catalog", "boolean", default=False),
            expect_environment=self._choice("expect_environment", _ENVIRONMENTS, None),
            create_profiles=self._choice("create_profiles", _CREATE_PROFILES, defaults.create_profiles),
            max_rejects=self._take("max_rejects", "integer"),
            max_reject_share=self._take("max_reject_share", "number", default=defaults.max_reject_share),
        )

    def _choice(self, name: str, allowed: tuple[str, ...], default: Any) -> Any:
        value = self._given.pop(name, None)
        if value is not None and value not in allowed:
            self._problem(name, f"must be one of {', '.join(allowed)}, not {value!r}")
            return default
        return default if value is None else value

    def _take(self, name: str, kind: str, default: Any = None) -> Any:
        value = self._given.pop(name, None)
        if value is None:
            return default
        boolean, number = isinstance(value, bool), isinstance(value, int | float) and not isinstance(value, bool)
        fits = boolean if kind == "boolean" else number and (kind == "number" or isinstance(value, int)) and value >= 0
        if not fits:
            self._problem(name, f"must be a {kind}{'' if kind == 'boolean' else ' of at least 0'}, not {value!r}")
            return default
        return value

    def _known(self, sink: SinkType) -> list[str]:
        guards = list(Guards.__slots__)
        return [
            *(name.rstrip("?") for name in sink.target),
            *("sink", "mode", "key", "map", "nulls", "adopt", "closed_by", "retry_rejects"),
            *guards,
        ]


_TARGET_TYPES = {"start_date": str, "expiry_date": str, "referral_pattern": str}
