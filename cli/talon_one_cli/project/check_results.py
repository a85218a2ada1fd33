"""What doctor has found: one result for each thing that it looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found.

    Attributes:
        check: what was looked at: versions, settings, keys, clock, disk, locks or store.
        level: ok; warning: works, with a limitation; problem: commands will fail.
        message: what was found, without secrets.
        to_do: what to do about it; empty if it is ok.
    """

    check: str
    level: Level
    message: str
    to_do: str = ""

    @classmethod
    def of_error(cls, check: str, line: str, to_do: str) -> CheckResult:
        """Return a problem.

        Args:
            check: what was looked at.
            line: a line of an error: what happened, and often what to do about it after a semicolon.
            to_do: what to do if the line does not say it.
        """
        message, _, remedy = line.partition("; ")
        return cls(check, "problem", message, remedy or to_do)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON holds it."""
        return asdict(self)

    def line(self) -> str:
        """Return the result as a line."""
        return f"{self.level:<8} {self.check}: {self.message}{'; ' * bool(self.to_do)}{self.to_do}"
