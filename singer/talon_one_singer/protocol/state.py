"""The state: where each stream resumes in the next run."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import json_type, read_json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ADVICE = "; take the value of the last STATE line of a run, or leave --state out to read everything from the start"


class State:
    """``{"bookmarks": {stream: {...}}, "currently_syncing": stream?}``; other keys are kept unchanged.

    Thread-safe; arguments and results are copied.

    Attributes:
        source: what the state is or where it is, for messages.
    """

    def __init__(self, value: Mapping[str, Any] | None = None, source: str = "the state") -> None:
        self.source = source
        self._value: dict[str, Any] = copy.deepcopy(dict(value or {}))
        self._value.setdefault("bookmarks", {})
        self._lock = threading.Lock()

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], source: str = "the state") -> State:
        """Return the state in an object, which may be wrapped like Meltano's (``singer_state``) or a STATE message.

        Raises:
            ConfigError: the object is not a state; the message names ``source`` and the position in it.
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
        return cls(inner, source)

    @classmethod
    def from_file(cls, path: str) -> State:
        """Read a state file; an empty file is an empty state.

        Raises:
            ConfigError: the file cannot be read, is not JSON, or is not a state.
        """
        return cls.from_dict(read_json_object(path, "state", empty={}), source=f"the state file {path}")

    @property
    def currently_syncing(self) -> str | None:
        """The stream that was being read when the last run ended early."""
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
        """Return the bookmark of a stream; {} if there is none."""
        with self._lock:
            return copy.deepcopy(self._value["bookmarks"].get(stream, {}))

    def set_bookmark(self, stream: str, value: Mapping[str, Any]) -> None:
        """Replace the bookmark of a stream; an empty one removes it."""
        with self._lock:
            if value:
                self._value["bookmarks"][stream] = copy.deepcopy(dict(value))
            else:
                self._value["bookmarks"].pop(stream, None)

    def note(self, name: str) -> Any:
        """Return what the state holds beside the bookmarks under a name, or None."""
        with self._lock:
            return copy.deepcopy(self._value.get(name))

    def set_note(self, name: str, value: str) -> None:
        """Keep a text in the state, beside the bookmarks."""
        with self._lock:
            self._value[name] = value

    def to_dict(self) -> dict[str, Any]:
        """Return the complete state, the value of a STATE message."""
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
    """Decides when a STATE is due: the first one ``interval_s`` seconds after the start.

    Args:
        interval_s: seconds between two STATE messages.
        clock: returns monotonic seconds, like ``time.monotonic``.
    """

    def __init__(self, interval_s: float, clock: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._last_s = clock()
        self._lock = threading.Lock()

    def due(self) -> bool:
        """Return True once for each interval that has passed, to one thread only."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._last_s < self._interval_s:
                return False
            self._last_s = now_s
            return True

    def reset(self) -> None:
        """Restart the interval, because a STATE was written for another reason."""
        with self._lock:
            self._last_s = self._clock()
