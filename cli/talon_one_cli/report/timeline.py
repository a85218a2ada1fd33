"""How the counts of a run grew."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 240  # samples; then every other one is dropped


@dataclass(slots=True)
class Timeline:
    """Samples of counts, closer together in a short run than in a long one. Not thread-safe.

    Attributes:
        seconds: since the start, of each sample.
        counts: the counts of each sample.
    """

    clock: Callable[[], float] = time.monotonic
    seconds: list[float] = field(default_factory=list)
    counts: list[tuple[int, ...]] = field(default_factory=list)
    _started_s: float = 0.0
    _interval_s: float = 0.05

    def __post_init__(self) -> None:
        self._started_s = self.clock()

    def note(self, counts: Callable[[], tuple[int, ...]], *, last: bool = False) -> None:
        """Take a sample if it is time, or if it is the last one."""
        now_s = self.clock() - self._started_s
        if self.seconds and not last and now_s < self.seconds[-1] + self._interval_s:
            return
        self.seconds.append(now_s)
        self.counts.append(counts())
        if len(self.seconds) >= _MOST:
            self._interval_s *= 2
            del self.seconds[1::2], self.counts[1::2]
