"""The state: where each stream continues on the next run."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import json_type, read_json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ADVICE = "; take the value of the last STATE line of a run, or leave --state out to start anew"


class State:
    """``{"bookmarks": {stream: {...}}, "currently_syncing": stream?}``; other keys are kept as they are.

    Threads may share one; what goes in and comes out is a copy.
    """

    def __init__(self, value: Mapping[str, Any] | None = None) -> None:
        self._value: dict[str, Any] = copy.deepcopy(dict(value or {}))
        self._value.setdefault("bookmarks", {})
        self._lock = threading.Lock()

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], source: str = "the state") -> State:
        """The state in ``value``, bare or wrapped as Meltano (``singer_state``) or a STATE message do.

        Raises:
            ConfigError: not the shape of a state; names ``source`` and the place.
        """
        inner, place = _unwrapped(value)
        _check_object(inner, place, source)
        bookmarks = inner.get("bookmarks")
        if bookmarks is None:
            inner = {k: v for k, v in inner.items() if k != "bookmarks"}
        else:
            _check_object(bookmarks, f"{place}.bookmarks", source)
            for stream, bookmark in bookmarks.items():
                _check_object(bookmark, f"{place}.bookmarks.{stream}", source)
        current = inner.get("currently_syncing")
        if current is not None and not isinstance(current, str):
            _fail(source, f"{place}.currently_syncing", "a stream's name or null", current)
        return cls(inner)

    @classmethod
    def from_file(cls, path: str) -> State:
        """The state in a file; an empty file is an empty state.

        Raises:
            ConfigError: not readable, not JSON, or not the shape of a state.
        """
        return cls.from_dict(read_json_object(path, "state", empty={}), source=f"the state file {path}")

    @property
    def currently_syncing(self) -> str | None:
        """The stream at which the last run ended early."""
        with self._lock:
            return self._value.get("currently_syncing")

    @currently_syncing.setter
    def currently_syncing(self, stream: str | None) -> None:
        with self._lock:
            if stream is None:
                self._value.pop("currently_syncing", None)
            else:
                self._value["currently_syncing"] = stream

    def bookmark(self, stream: str) -> dict[str, Any]:
        """The stream's bookmark, {} if it has none."""
        with self._lock:
            return copy.deepcopy(self._value["bookmarks"].get(stream, {}))

    def set_bookmark(self, stream: str, value: Mapping[str, Any]) -> None:
        """Replaces the stream's bookmark; an empty one removes it."""
        with self._lock:
            if value:
                self._value["bookmarks"][stream] = copy.deepcopy(dict(value))
            else:
                self._value["bookmarks"].pop(stream, None)

    def to_dict(self) -> dict[str, Any]:
        """The whole state, as a STATE message's value."""
        with self._lock:
            return copy.deepcopy(self._value)


def _unwrapped(value: Mapping[str, Any]) -> tuple[Any, str]:
    if "bookmarks" not in value:
        if "singer_state" in value:
            return value["singer_state"], "$.singer_state"
        if value.get("type") == "STATE" and "value" in value:
            return value["value"], "$.value"
    return value, "$"


def _check_object(value: Any, place: str, source: str) -> None:
    if not isinstance(value, dict):
        _fail(source, place, "an object", value)


def _fail(source: str, place: str, wanted: str, value: Any) -> None:
    raise ConfigError(f"{source} is malformed: {place} must be {wanted}, not {json_type(value)}{_ADVICE}")


class StateTicker:
    """Says when a STATE is due by time: the first one ``interval_s`` after the start.

    Args:
        interval_s: seconds from one STATE to the next.
        clock: monotonic seconds, ``time.monotonic``.
    """

    def __init__(self, interval_s: float, clock: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._last_s = clock()
        self._lock = threading.Lock()

    def due(self) -> bool:
        """True once for each interval that has passed; of several threads, one is told."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._last_s < self._interval_s:
                return False
            self._last_s = now_s
            return True

    def reset(self) -> None:
        """A STATE was written for another reason: count from now."""
        with self._lock:
            self._last_s = self._clock()
