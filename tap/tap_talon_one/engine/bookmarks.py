"""The bookmark of a stream group in the state; its size does not depend on the number of ids.

``{"programs": {"1": {"bookmark", "ids", "chain", "whole", "checked", "tried", "shard", "running": {...}}}}``:

- ``bookmark``: end of the last window that was read completely.
- ``ids``, ``chain``: number of ids of that run, and their digest. Ids appended since are then known to be new, and
  are read from the start.
- ``whole``: the ids were all ids of the program.
- ``checked``, ``tried``: end of the last ledger check that was complete, and of the last one; see ``ledger_checks``.
- ``shard``: the shard of the ids that was read.
- ``running``: the window that is not complete: its ``start`` and ``end``; ``done``, the number of ids at the start of
  the list that are done, and ``chain``, their digest; ``by``, the strategy, if it is not one call for each id;
  ``backfill``, if the window ends before the bookmark. If later ids were begun, ``ahead`` has their number ``ids``, the
  digest ``chain`` up to there, and ``open``, those that are not done: the place of an id, or a list of it and the
  windows that remain. Earlier versions had at most one such id: ``rest`` was what remained of its window, and ``hand``
  the digest up to and including it.

Some keys are older than the names in this code. They stay, so that the state of every earlier version can be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from talon_one_client.http.encoding import format_instant
from talon_one_client.paging.windows import MIN_US, from_us, to_us
from talon_one_singer import ConfigError
from tap_talon_one.engine.position import Position, count, digest_text
from tap_talon_one.strategies.read_strategies import PER_ENTITY

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_PROGRAM = "-"


@dataclass(slots=True)
class OpenWindow:
    """A window that is being read.

    Attributes:
        position: what was read of it; None: nothing.
        by: the strategy, see tap_talon_one.strategies.selection.
        keep: keep it in the state before its first id is done, because it is the next one of several.
        backfill: it ends before the bookmark, which therefore stays where it is.
    """

    start_us: int
    end_us: int
    position: Position | None = None
    by: str = PER_ENTITY
    keep: bool = False
    backfill: bool = False

    @property
    def begun(self) -> bool:
        """True if a later run has to resume it."""
        return self.keep or self.position is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the window as it is written to the state."""
        value: dict[str, Any] = {"end": _text(self.end_us), **(self.position or Position()).to_dict()}
        if self.start_us > MIN_US:
            value["start"] = _text(self.start_us)
        if self.by != PER_ENTITY:
            value["by"] = self.by
        if self.keep:
            value["keep"] = True
        if self.backfill:
            value["backfill"] = True
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> OpenWindow:
        """Read a window from the state. Raises KeyError, TypeError or ValueError if it is malformed."""
        position = Position.from_dict(value)
        return cls(
            start_us=_instant(value["start"]) if "start" in value else MIN_US,
            end_us=_instant(value["end"]),
            position=position if position.begun else None,
            by=str(value.get("by", PER_ENTITY)),
            keep=bool(value.get("keep", False)),
            backfill=bool(value.get("backfill", False)),
        )


@dataclass(slots=True)
class Bookmark:
    """The bookmark of one program.

    Attributes:
        bookmark_us: end of the last window that was read completely.
        ids: number of ids of that run.
        digest: digest of these ids.
        complete: True if they were all ids of the program.
        checked_us: end of the last ledger check after which rows were marked.
        tried_us: end of the last ledger check, complete or not.
        shard: the shard of the ids that was read; "": all ids.
        window: the window that is not complete.
    """

    bookmark_us: int | None = None
    ids: int = 0
    digest: str = ""
    complete: bool = False
    checked_us: int | None = None
    tried_us: int | None = None
    shard: str = ""
    window: OpenWindow | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the bookmark as it is written to the state."""
        value: dict[str, Any] = {}
        if self.bookmark_us is not None:
            value = {"bookmark": _text(self.bookmark_us), "ids": self.ids, "chain": self.digest}
            if self.complete:
                value["whole"] = True
            checks = {"checked": self.checked_us, "tried": self.tried_us}
            value |= {name: _text(at_us) for name, at_us in checks.items() if at_us is not None}
        if self.window is not None and self.window.begun:
            value["running"] = self.window.to_dict()
        if value and self.shard:
            value["shard"] = self.shard
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Bookmark:
        """Read a bookmark from the state. Raises KeyError, TypeError or ValueError if it is malformed."""
        window = value.get("running")
        return cls(
            bookmark_us=_instant_at(value, "bookmark"),
            ids=count(value.get("ids", 0)),
            digest=digest_text(value.get("chain", "")),
            complete=bool(value.get("whole", False)),
            checked_us=_instant_at(value, "checked"),
            tried_us=_instant_at(value, "tried"),
            shard=str(value.get("shard", "")),
            window=None if window is None else OpenWindow.from_dict(window),
        )


@dataclass
class GroupBookmarks:
    """The bookmarks of a stream group, by program."""

    programs: dict[str, Bookmark] = field(default_factory=dict)

    @classmethod
    def from_state(cls, group: str, value: Mapping[str, Any]) -> GroupBookmarks:
        """Read the bookmarks of a group from the state.

        Raises:
            ConfigError: the state is malformed; the message names the place.
        """
        found = cls()
        programs = value.get("programs", {})
        if not isinstance(programs, dict):
            raise _malformed(group, "programs", "it must be an object")
        for program, bookmark in programs.items():
            try:
                found.programs[program] = Bookmark.from_dict(bookmark)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise _malformed(group, f"programs.{program}", f"{type(error).__name__}: {error}") from error
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the bookmarks as they are written to the state; {} if there is nothing to keep."""
        programs = {key: bookmark.to_dict() for key, bookmark in self.programs.items()}
        return {"programs": programs} if any(programs.values()) else {}

    def of(self, program: int | None, shard: str = "") -> Bookmark:
        """Return the bookmark of a program; a new one if there is none, or if it is for another shard of the ids."""
        key = NO_PROGRAM if program is None else str(program)
        if key not in self.programs or self.programs[key].shard != shard:
            self.programs[key] = Bookmark(shard=shard)
        return self.programs[key]


def _malformed(group: str, key: str, reason: str) -> ConfigError:
    return ConfigError(
        f"the state is malformed at bookmarks.{group}.{key}: {reason}; "
        "use the last STATE of a run, or run without state to read everything again"
    )


def _text(instant_us: int) -> str:
    return format_instant(from_us(instant_us))


def _instant_at(value: Mapping[str, Any], key: str) -> int | None:
    return _instant(value[key]) if key in value else None


def _instant(text: Any) -> int:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is not a date and time")
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return to_us(instant)
