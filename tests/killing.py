"""Random moments at which tests kill commands that would end by themselves."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random


class Moments:
    """Draws moments within the time that a command takes.

    A machine that is busy at first and idle later would make every command end before its moment. So a command that
    ended by itself shows how long one takes now, and the next moments come sooner.
    """

    def __init__(self, chance: random.Random, whole_s: float) -> None:
        """Draw by ``chance``, at first within ``whole_s`` seconds."""
        self.chance, self.whole_s = chance, whole_s
        self.killed = 0

    def draw(self) -> float:
        """Return the seconds until the next moment."""
        return self.chance.uniform(0.05, 0.95) * self.whole_s

    def saw(self, *, killed: bool, seconds: float) -> None:
        """Note whether a command was killed, and how long it ran."""
        if killed:
            self.killed += 1
        else:
            self.whole_s = min(self.whole_s, seconds)

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Wait for a random moment, and kill the process if it still runs."""
        began, killed = time.monotonic(), False
        try:
            process.communicate(timeout=self.draw())
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            killed = True
        self.saw(killed=killed, seconds=time.monotonic() - began)
