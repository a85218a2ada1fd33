"""What a feed remembers of a program: constant in size, whatever the number of ids.

``{"programs": {"1": {"bookmark", "ids", "chain", "running": {...}}}}``. ``bookmark`` is the end of the last
window that was read completely; ``ids`` and ``chain`` say how many ids that run had and which (a fingerprint),
so that ids appended since are known to be new and get their whole history; ``whole`` says that they were all of
the program, ``shard`` which part of them. ``running`` is there while a window is not complete: its ``start`` and
``end``, how many ids are ``done`` with their fingerprint, and the ``rest`` of the window of the id in ``hand`` (the
fingerprint up to and with it); ``by`` is the strategy if it is not one call for each id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from talon_one_client.http.encoding import format_instant
from talon_one_client.paging.windows import MIN_US, Window, from_us, to_us
from talon_one_singer import ConfigError
from tap_talon_one.streams import ONE_BY_ONE

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_PROGRAM = "-"


@dataclass(slots=True)
class Running:
    """A window on its way: read for ``done`` ids, and down to ``rest`` for the next one.

    Attributes:
        by: the strategy, see tap_talon_one.strategies.selection.
        keep: remember it though nothing of it is done: it is the next of several.
    """

    start_us: int
    end_us: int
    done: int = 0
    chain: str = ""
    rest: Window | None = None
    hand: str = ""
    by: str = ONE_BY_ONE
    keep: bool = False

    @property
    def begun(self) -> bool:
        """True if a later run shall go on with it."""
        return self.keep or bool(self.done) or self.rest is not None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the state."""
        value: dict[str, Any] = {"end": _text(self.end_us), "done": self.done, "chain": self.chain}
        if self.start_us > MIN_US:
            value["start"] = _text(self.start_us)
        if self.rest is not None:
            value |= {"rest": [self.rest.start_us, self.rest.end_us], "hand": self.hand}
        if self.by != ONE_BY_ONE:
            value["by"] = self.by
        if self.keep:
            value["keep"] = True
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Running:
        """Out of the state. Raises KeyError, TypeError or ValueError if it is malformed."""
        rest = value.get("rest")
        return cls(
            start_us=_instant(value["start"]) if "start" in value else MIN_US,
            end_us=_instant(value["end"]),
            done=_count(value["done"]),
            chain=_chain(value["chain"]),
            rest=None if rest is None else Window(_whole(rest[0]), _whole(rest[1])),
            hand=str(value.get("hand", "")),
            by=str(value.get("by", ONE_BY_ONE)),
            keep=bool(value.get("keep", False)),
        )


@dataclass(slots=True)
class Bookmark:
    """One program of one feed."""

    bookmark_us: int | None = None
    ids: int = 0
    chain: str = ""
    whole: bool = False
    shard: str = ""
    running: Running | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the state."""
        value: dict[str, Any] = {}
        if self.bookmark_us is not None:
            value = {"bookmark": _text(self.bookmark_us), "ids": self.ids, "chain": self.chain}
            if self.whole:
                value["whole"] = True
        if self.running is not None and self.running.begun:
            value["running"] = self.running.to_dict()
        if value and self.shard:
            value["shard"] = self.shard
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Bookmark:
        """Out of the state. Raises KeyError, TypeError or ValueError if it is malformed."""
        running = value.get("running")
        return cls(
            bookmark_us=_instant(value["bookmark"]) if "bookmark" in value else None,
            ids=_count(value.get("ids", 0)),
            chain=_chain(value.get("chain", "")),
            whole=bool(value.get("whole", False)),
            shard=str(value.get("shard", "")),
            running=None if running is None else Running.from_dict(running),
        )


@dataclass
class FeedBookmarks:
    """All programs of a feed."""

    programs: dict[str, Bookmark] = field(default_factory=dict)

    @classmethod
    def from_state(cls, feed: str, value: Mapping[str, Any]) -> FeedBookmarks:
        """Out of the feed's bookmark in the state.

        Raises:
            ConfigError: it is malformed; names the place.
        """
        found = cls()
        programs = value.get("programs", {})
        if not isinstance(programs, dict):
            raise _malformed(feed, "programs", "it must be an object")
        for program, bookmark in programs.items():
            try:
                found.programs[program] = Bookmark.from_dict(bookmark)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise _malformed(feed, f"programs.{program}", f"{type(error).__name__}: {error}") from error
        return found

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the state; {} if there is nothing to remember."""
        programs = {key: mark.to_dict() for key, mark in self.programs.items()}
        return {"programs": programs} if any(programs.values()) else {}

    def of(self, program: int | None, shard: str = "") -> Bookmark:
        """The bookmark of a program; a new one if there is none, or if it is about another part of the ids."""
        key = NO_PROGRAM if program is None else str(program)
        if key not in self.programs or self.programs[key].shard != shard:
            self.programs[key] = Bookmark(shard=shard)
        return self.programs[key]


def _malformed(feed: str, place: str, why: str) -> ConfigError:
    return ConfigError(
        f"the state is malformed at bookmarks.{feed}.{place}: {why}; "
        "use the last STATE of a run, or leave the state out to read everything anew"
    )


def _text(instant_us: int) -> str:
    return format_instant(from_us(instant_us))


def _chain(text: Any) -> str:
    if not isinstance(text, str) or len(bytes.fromhex(text)) not in (0, 8):
        raise ValueError(f"{text!r} is not a fingerprint of 16 hex digits")
    return text


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value


def _count(value: Any) -> int:
    if _whole(value) < 0:
        raise ValueError(f"{value} is less than 0")
    return _whole(value)


def _instant(text: Any) -> int:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is not an instant")
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return to_us(instant)
