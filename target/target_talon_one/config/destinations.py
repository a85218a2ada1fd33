"""What a destination is set to: one typed object for each stream, checked at the edge."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from talon_one_singer import Setting
from talon_one_singer.settings.conversion import convert, is_absent
from talon_one_singer.settings.json_files import json_type, nearest
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.instants import instant
from target_talon_one.mapping.mapper import MappingOptions, NullPolicy
from target_talon_one.sinks.table import SINKS, Mode, SinkType

if TYPE_CHECKING:
    from collections.abc import Mapping


def _table(*settings: Setting) -> dict[str, Setting]:
    return {setting.name: setting for setting in settings}


KEY = Setting("key", "array", "Columns of the key.")
AUDIENCE: Mapping[str, Setting] = _table(
    Setting("id", "integer", "Id of the audience.", minimum=1, maximum=2**63 - 1),
    Setting("name", "string", "Name to find it by, and to create it with."),
    Setting("integration", "string", "System that it comes from."),
    Setting("integration_id", "string", "Its id in that system."),
    Setting("description", "string", "Description of a new one."),
    Setting("create", "boolean", "Whether it may be created."),
)
TARGETS: Mapping[str, Setting] = _table(
    Setting("catalog_id", "integer", "The catalog.", minimum=1, maximum=2**63 - 1),
    Setting("version", "integer", "Version that the catalog must have.", minimum=0, maximum=2**63 - 1),
    Setting(
        "missing_price",
        "string",
        "What a mirror does with the price of an item whose row has none any more.",
        default="remove",
        allowed=("remove", "keep"),
    ),
    Setting("campaign_id", "integer", "The campaign.", minimum=1, maximum=2**63 - 1),
    Setting("loyalty_program_id", "integer", "The loyalty program.", minimum=1, maximum=2**63 - 1),
    Setting("usage_limit", "integer", "How often a referral code can be used.", minimum=0, maximum=2**63 - 1),
    Setting("start_date", "date-time", "From when the codes hold."),
    Setting("expiry_date", "date-time", "Until when the codes hold."),
    Setting("referral_pattern", "string", "What the codes look like."),
)


def _share(name: str, description: str, *, default: float) -> Setting:
    """Return a setting between 0 and 1."""
    return Setting(name, "number", description, default=default, minimum=0, maximum=1)


OPTIONS: Mapping[str, Setting] = _table(
    Setting("nulls", "string", "What a null means.", default="skip", allowed=get_args(NullPolicy)),
    Setting("adopt", "boolean", "A mirror takes over the members that are there.", default=False),
    Setting(
        "closed_by",
        "string",
        "What shows that the source was read to its end.",
        default="auto",
        allowed=("auto", "activate_version", "end"),
    ),
    Setting("retry_rejects", "boolean", "Rows refused in earlier runs are tried again.", default=True),
    Setting("allow_empty", "boolean", "A mirror of a source without rows is meant.", default=False),
    Setting("max_deletes", "integer", "Rows that a run may remove.", minimum=0, maximum=2**63 - 1),
    _share("max_delete_share", "Share of the known rows that a run may remove.", default=0.1),
    Setting("allow_destructive", "boolean", "What the sink deletes for good is meant.", default=False),
    Setting("allow_whole_catalog", "boolean", "A catalog rule without filter is meant.", default=False),
    Setting("expect_environment", "string", "The run stops in another one.", allowed=("live", "sandbox")),
    Setting(
        "create_profiles",
        "string",
        "What happens to profiles that an audience would create.",
        default="guard",
        allowed=("guard", "allow", "skip", "reject"),
    ),
    Setting("max_rejects", "integer", "More refused rows than this fail the run.", minimum=0, maximum=2**63 - 1),
    _share("max_reject_share", "A larger share of refused rows fails the run.", default=0.1),
)


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


GUARDS = tuple(Guards.__slots__)


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
        target, mapping = self._target(sink), self._mapping()
        taken = {name: self._take(setting) for name, setting in OPTIONS.items() if name != "nulls"}
        guards = Guards(**{name: taken.pop(name) for name in GUARDS})
        for unknown in self._given:
            self._problem(unknown, f"is no setting of it{nearest(unknown, self._known(sink))}")
        if taken["adopt"] and mode != "mirror":
            self._problem("adopt", f"needs mode mirror, not {mode}")
        if "missing_price" in target and mode != "mirror":
            self._problem("missing_price", f"needs mode mirror; with mode {mode} a price left out stays")
        if self._problems:
            raise SyncConfigError(*self._problems)
        given = json.loads(json.dumps(self._all, default=str))
        return Destination(self._name, sink, mode, target, mapping, guards, given=given, **taken)

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
        if is_absent(given) and len(sink.modes) == 1:
            return next(iter(sink.modes))
        for mode in sink.modes:
            if mode == given:
                return mode
        modes = ", ".join(sink.modes)
        if is_absent(given):
            raise SyncConfigError(f"{self._place}: 'mode' is missing; the sink {sink.name} has {modes}")
        raise SyncConfigError(f"{self._place}: the sink {sink.name} has no mode {given!r}; it has {modes}")

    def _target(self, sink: SinkType) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in sink.target:
            plain = name.rstrip("?")
            given = self._given.pop(plain, None)
            value = self._audience(given) if plain == "audience" else self._converted(TARGETS[plain], given)
            if value is not None:
                found[plain] = instant(value) if isinstance(value, datetime) else value
            elif not name.endswith("?") and is_absent(given):
                self._problem(plain, f"is missing; the sink {sink.name} needs it")
        return found

    def _audience(self, value: Any) -> dict[str, Any] | None:
        if is_absent(value):
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return {"id": value}
        if isinstance(value, str) and value.strip().isdecimal():
            return {"id": int(value)}
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = self._converted(Setting("audience", "object", ""), value)
        if not isinstance(value, dict):
            self._problem("audience", "must be an id or an object with id, name, integration, integration_id")
            return {}
        for name in value:
            if name not in AUDIENCE:
                self._problem(f"audience.{name}", f"is no setting of it{nearest(name, AUDIENCE)}")
        known = (setting for name, setting in AUDIENCE.items() if name in value)
        found = {one.name: self._converted(one, value[one.name], f"audience.{one.name}") for one in known}
        found = {name: one for name, one in found.items() if one is not None}
        if "id" not in found and "name" not in found and not self._problems:
            self._problem("audience", "needs an id, or a name to find or create it by")
        return found

    def _mapping(self) -> MappingOptions:
        key = self._take(KEY)
        mapped = self._given.pop("map", None)
        if is_absent(mapped):
            mapped = None
        elif isinstance(mapped, str):
            mapped = self._converted(Setting("map", "object", ""), mapped)
        elif not isinstance(mapped, dict):
            self._problem("map", f"must be an object of field: column, not {json_type(mapped)}")
            mapped = None
        return MappingOptions(map=mapped, key=tuple(key) if key else None, nulls=self._take(OPTIONS["nulls"]))

    def _take(self, setting: Setting) -> Any:
        given = self._given.pop(setting.name, None)
        value = self._key(given) if setting is KEY else self._converted(setting, given)
        return setting.default if value is None else value

    def _key(self, given: Any) -> list[str] | None:
        """A column, or several as a list or as the text of one; a comma can be part of a column's name."""
        if is_absent(given):
            return None
        if isinstance(given, str) and not given.lstrip().startswith("["):
            return [given]
        value = self._converted(KEY, given, why="must be a column or a list of columns")
        if value == []:
            self._problem("key", "must be a column or a list of columns")
        return value or None

    def _converted(self, setting: Setting, given: Any, place: str = "", why: str = "") -> Any:
        """The value by the one conversion of all settings; None, and a problem, if it is none."""
        try:
            return convert(setting, given)
        except ValueError as error:
            self._problem(place or setting.name, why or str(error))
            return None

    def _known(self, sink: SinkType) -> list[str]:
        return [*(name.rstrip("?") for name in sink.target), "sink", "mode", "key", "map", *OPTIONS]
