"""The position in a list of ids that are read in any order; its size depends on how many are read at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_client.paging.windows import Window

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Position:
    """What was read of the ids of a window.

    Attributes:
        done: number of ids at the start of the list that are all done.
        digest: digest of these ids.
        begun: number of ids at the start of the list whose reading has begun; all but the open ones are done.
        begun_digest: digest of these ids.
        open: what remains of the other ids up to there, by their place in the list (the first has 1): the windows that
            remain, () for everything.
    """

    done: int = 0
    digest: str = ""
    begun: int = 0
    begun_digest: str = ""
    open: Mapping[int, tuple[Window, ...]] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Number of ids that are done."""
        return self.begun - len(self.open)

    def up_to_done(self) -> Position:
        """Return the position after the ids at the start of the list that are all done."""
        return Position(self.done, self.digest, self.done, self.digest)

    def to_dict(self) -> dict[str, Any]:
        """Return the position as it is written to the state."""
        value: dict[str, Any] = {"done": self.done, "chain": self.digest}
        if self.begun > self.done:
            open_ids = [
                [number, *([w.start_us, w.end_us] for w in windows)] if windows else number
                for number, windows in self.open.items()
            ]
            value["ahead"] = {"ids": self.begun, "chain": self.begun_digest, "open": open_ids}
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Position:
        """Read a position from the state. Raises KeyError, TypeError or ValueError if it is malformed."""
        done, digest = count(value["done"]), digest_text(value["chain"])
        if "ahead" in value:
            ahead = value["ahead"]
            found = cls(done, digest, count(ahead["ids"]), digest_text(ahead["chain"]), dict(map(_open, ahead["open"])))
            if not all(done < number <= found.begun for number in found.open) or len(found.open) != len(ahead["open"]):
                raise ValueError("an open id is not one of those that were begun")
            return found
        if value.get("rest") is None:
            return cls(done, digest, done, digest)
        # Earlier versions read the ids in their order, so that only one of them could be open. They wrote it as open
        # with an empty window if they were stopped right after its last rows.
        hand = digest_text(value.get("hand", ""))
        start_us, end_us = map(integer, value["rest"])
        rest = {} if start_us == end_us else {done + 1: (_window((start_us, end_us)),)}
        return cls(done, digest, done + 1, hand, rest)


def _open(value: Any) -> tuple[int, tuple[Window, ...]]:
    if not isinstance(value, list):
        return count(value), ()
    number, *windows = value
    return count(number), tuple(_window(each) for each in windows)


def _window(value: Any) -> Window:
    start_us, end_us = (integer(each) for each in value)
    if start_us >= end_us:
        raise ValueError(f"the window {value} is empty")
    return Window(start_us, end_us)


def digest_text(text: Any) -> str:
    """Return the digest of a list of ids. Raises TypeError or ValueError if it is none."""
    if not isinstance(text, str) or len(bytes.fromhex(text)) not in (0, 8):
        raise ValueError(f"{text!r} is not a digest of 16 hex digits")
    return text


def integer(value: Any) -> int:
    """Return an integer. Raises TypeError if it is none."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value


def count(value: Any) -> int:
    """Return a number of ids. Raises TypeError or ValueError if it is none."""
    if integer(value) < 0:
        raise ValueError(f"{value} is less than 0")
    return integer(value)
