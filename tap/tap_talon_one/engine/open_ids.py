"""The ids that are being read at the same time, with what remains of each: from them follows the position."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talon_one_client.paging.windows import Window
from tap_talon_one.engine.position import Position
from tap_talon_one.rows.reading import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from talon_one_client.errors import TalonOneError
    from tap_talon_one.engine.id_list import ListedId
    from tap_talon_one.rows.reading import Reading


@dataclass(slots=True)
class OpenId:
    """An id that is being read.

    Attributes:
        listed: None if an earlier run has begun it and the list has not come to it yet.
        windows: what remained of it after an earlier run; (): everything.
        readings: readings of its windows, until they are done.
        refused: Talon.One does not know it, or refuses it.
    """

    listed: ListedId | None = None
    windows: tuple[Window, ...] = ()
    readings: list[Reading] = field(default_factory=list)
    refused: bool = False

    @property
    def text(self) -> str:
        """The id; "" if the list has not come to it yet."""
        return "" if self.listed is None else self.listed.text

    @property
    def remaining(self) -> tuple[Window, ...]:
        """The windows that remain; () for everything."""
        if self.listed is None:
            return self.windows
        parts = [each.remaining for each in self.readings]
        found: list[Window] = []
        for part in sorted((part for part in parts if part is not None), key=lambda each: each.start_us):
            if found and found[-1].end_us == part.start_us:
                found[-1] = Window(found[-1].start_us, part.end_us)
            elif part.width_us > 0:
                found.append(part)
        return () if found == [self.listed.window] else tuple(found)

    def add_to(self, error: TalonOneError) -> None:
        """Put the id into the error's message."""
        if self.text and repr(self.text) not in error.message:
            error.message = f"{self.text!r}: {error.message}"


class OpenIds:
    """Hands out the ids of a list and parts of their windows, and knows the position.

    Args:
        listed: the ids of the list in their order, without those that are done.
        position: the position from which the list is resumed.
        open_reading: opens the reading of an id.
        program: the loyalty program.
        lock: held while rows are written and the position moves; every method but ``take`` is called with it.

    Attributes:
        known: Talon.One has answered for an id; until then there is no position, as all ids may be wrong.
        done: number of ids at the start of the list that are all done.
    """

    def __init__(
        self,
        listed: Generator[ListedId],
        position: Position,
        open_reading: Callable[[Job], Reading],
        program: int | None,
        lock: threading.Lock,
    ) -> None:
        self._lock, self._source = lock, threading.Lock()
        self._listed, self._open_reading, self._program = listed, open_reading, program
        self._begun, self._begun_digest = position.begun, position.begun_digest
        self.done, self._digest = position.done, position.digest
        self.known = position.begun > 0
        self._open = {number: OpenId(windows=position.open[number]) for number in sorted(position.open)}
        self._waiting: deque[tuple[OpenId, Reading]] = deque()
        self._listed_all = self._broken = False

    def take(self) -> tuple[OpenId, Reading] | None:
        """Return the next id to read, or a part of one that is being read; None if there is nothing now."""
        with self._source:
            if self._waiting:
                return self._waiting.popleft()
            taken = self._next()
        if taken is not None:
            return taken
        with self._lock:
            return self._part()

    @property
    def finished(self) -> bool:
        """True if all ids of the list are done."""
        with self._lock:
            return self._listed_all and not self._open

    def position(self) -> Position | None:
        """Return the position; None if no id is known."""
        if not self.known:
            return None
        remaining = {number: each.remaining for number, each in self._open.items()}
        return Position(self.done, self._digest, self._begun, self._begun_digest, remaining)

    def end(self, open_id: OpenId, reading: Reading) -> bool:
        """Note that a reading is at its end; return True if its id is done with it."""
        open_id.readings.remove(reading)
        if open_id.readings:
            return False
        assert open_id.listed is not None
        del self._open[open_id.listed.number]
        first = next(iter(self._open.values()), None)
        if first is None:
            self.done, self._digest = self._begun, self._begun_digest
        elif first.listed is not None:
            self.done, self._digest = first.listed.number - 1, first.listed.before
        return True

    def _next(self) -> tuple[OpenId, Reading] | None:
        try:
            listed = next(self._listed, None)
        except BaseException:
            self._broken = True  # a generator that has raised an error looks as if it were at its end
            raise
        if listed is not None:
            return self._begin(listed)
        self._listed_all = not self._broken
        return None

    def _begin(self, listed: ListedId) -> tuple[OpenId, Reading]:
        with self._lock:
            open_id = self._open.get(listed.number)
            if open_id is None:
                open_id = self._open[listed.number] = OpenId()
                self._begun, self._begun_digest = listed.number, listed.digest
            windows = open_id.windows or (listed.window,)
            jobs = (Job(listed.text, self._program, window) for window in windows)
            open_id.readings = [self._open_reading(job) for job in jobs]
            open_id.listed = listed
        first, *others = open_id.readings
        self._waiting.extend((open_id, reading) for reading in others)
        return open_id, first

    def _part(self) -> tuple[OpenId, Reading] | None:
        """Split the reading with the most pages left."""
        candidates = ((open_id, reading) for open_id in self._open.values() for reading in open_id.readings)
        best = max(candidates, key=lambda each: each[1].pages_left(), default=None)
        if best is None:
            return None
        open_id, reading = best
        part = reading.split()
        if part is None:
            return None
        open_id.readings.append(part)
        return open_id, part
