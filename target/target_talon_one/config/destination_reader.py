"""Read the settings of a destination into a typed object, and collect everything that is wrong with them."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from talon_one_singer import Setting
from talon_one_singer.settings.conversion import convert, is_absent
from talon_one_singer.settings.json_files import json_type, nearest
from target_talon_one.config.destination_config import DestinationConfig, Guards
from target_talon_one.config.destination_settings import AUDIENCE, KEY, OPTIONS, TARGETS
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.instants import instant
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.settings import SYNC_SETTINGS
from target_talon_one.sinks.table import SINKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.sinks.sink_type import Mode, SinkType

_OF_THE_FILE = frozenset(setting.name for setting in SYNC_SETTINGS)
_HOLDERS = ("syncs", "streams")
GUARDS = tuple(one.name for one in fields(Guards))


def destination_from(name: str, given: Any, *, where: str = "streams", others: Sequence[str] = ()) -> DestinationConfig:
    """Return the destination of a stream from its settings.

    Args:
        name: of the stream.
        given: its settings.
        where: what holds the streams, for messages.
        others: settings of a stream that the caller reads.

    Raises:
        SyncConfigError: every problem, one a line, each with the name of the stream and of the setting.
    """
    return _Reader(f"{where}.{name}", name, given, [where.rpartition(" ")[2], *others]).read()


class _Reader:
    """Reads one destination and collects the problems of its settings."""

    def __init__(self, place: str, name: str, given: Any, around: Sequence[str]) -> None:
        if not isinstance(given, dict):
            raise SyncConfigError(f"{place} must be an object with sink and mode, not {json_type(given)}")
        self._place, self._name, self._given, self._all = place, name, dict(given), given
        self._holder, *self._others = around
        self._problems: list[str] = []

    def read(self) -> DestinationConfig:
        sink = self._sink()
        mode = self._mode(sink)
        target, mapping = self._target(sink), self._mapping()
        taken = {name: self._take(setting) for name, setting in OPTIONS.items() if name != "nulls"}
        guards = Guards(**{name: taken.pop(name) for name in GUARDS})
        for unknown in self._given:
            self._problem(unknown, self._not_known(unknown, sink))
        if taken["adopt"] and mode != "mirror":
            self._problem("adopt", f"needs mode mirror, not {mode}")
        if "missing_price" in target and mode != "mirror":
            self._problem("missing_price", f"needs mode mirror; with mode {mode}, a missing price is kept")
        if self._problems:
            raise SyncConfigError(*self._problems)
        given = json.loads(json.dumps(self._all, default=str))
        return DestinationConfig(self._name, sink, mode, target, mapping, guards, given=given, **taken)

    def _problem(self, setting: str, what: str) -> None:
        self._problems.append(f"{self._place}: {setting!r} {what}")

    def _not_known(self, unknown: Any, sink: SinkType) -> str:
        if unknown in _OF_THE_FILE and self._holder in _HOLDERS:
            return f"is a setting of the whole file; write it at the top, beside {self._holder}"
        return f"is not a known setting{nearest(str(unknown), self._known(sink))}"

    def _check_spelling(self, wanted: str, known: Sequence[str]) -> None:
        """Raise an error that names the misspelled setting in place of one that is missing."""
        names = (str(one) for one in self._given if one not in known)
        if typo := next((name for name in names if nearest(name, [wanted])), None):
            raise SyncConfigError(f"{self._place}: {typo!r} is not a known setting; did you mean {wanted!r}?")

    def _sink(self) -> SinkType:
        if is_absent(self._given.get("sink")):
            self._check_spelling("sink", ["mode", "key", "map", *TARGETS, *OPTIONS, *self._others])
        name = self._given.pop("sink", None)
        if not isinstance(name, str) or name not in SINKS:
            hint = nearest(name, SINKS) if isinstance(name, str) else ""
            if hint:
                raise SyncConfigError(f"{self._place}: there is no sink {name!r}{hint}")
            raise SyncConfigError(f"{self._place}: 'sink' must be one of {', '.join(SINKS)}, not {name!r}")
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
            self._check_spelling("mode", self._known(sink))
            raise SyncConfigError(f"{self._place}: 'mode' is missing; the sink {sink.name} has {modes}")
        hint = nearest(given, sink.modes) if isinstance(given, str) else ""
        raise SyncConfigError(f"{self._place}: the sink {sink.name} has no mode {given!r}{hint or f'; it has {modes}'}")

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
        if (isinstance(value, int | float) and not isinstance(value, bool)) or _is_number(value):
            return {"id": self._converted(AUDIENCE["id"], value, "audience")}
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = self._converted(Setting("audience", "object", ""), value)
        if not isinstance(value, dict):
            self._problem("audience", "must be an id or an object with id, name, integration, integration_id")
            return {}
        for name in value:
            if name not in AUDIENCE:
                self._problem(f"audience.{name}", f"is not a known setting{nearest(name, AUDIENCE)}")
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
        """Return the columns of the key: one name, a list, or JSON text of a list; a comma can be part of a name."""
        if is_absent(given):
            return None
        if isinstance(given, str) and not given.lstrip().startswith("["):
            return [given]
        value = self._converted(KEY, given, why="must be a column or a list of columns")
        if value == []:
            self._problem("key", "must be a column or a list of columns")
        return value or None

    def _converted(self, setting: Setting, given: Any, place: str = "", why: str = "") -> Any:
        """Return the converted value; if it cannot be converted, note a problem and return None."""
        try:
            return convert(setting, given)
        except ValueError as error:
            self._problem(place or setting.name, why or str(error))
            return None

    def _known(self, sink: SinkType) -> list[str]:
        return [*(name.rstrip("?") for name in sink.target), "sink", "mode", "key", "map", *OPTIONS, *self._others]


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lstrip("+-").isdecimal()
