"""Everything this package raises, grouped by what the caller does next.

SyncError                 exit 1  an expected failure: one line without traceback
├── GuardError            exit 3  nothing was sent; check the figures, then change the data or the guard
├── PlanMovedError        exit 1  source or store changed since the plan was made; plan again
├── DestinationError      exit 1  the audience, catalog or version has changed; the message says what to do
│   └── DestinationMissingError exit 2  there is no such audience, catalog or program; correct its id
├── VerificationError     exit 1  some destinations could not be read; exit 2 if the settings of all are wrong
├── LookupImpossibleError exit 1  Talon.One does not tell whether rows have arrived; look there yourself
├── IncompleteError       exit 1  some rows remain to be sent, or too many were rejected; run again
│   └── TooManyRefusedError    exit 1  too many rows were refused, and would be again; correct the source
└── StoreError            exit 1  the store cannot be read or written
    ├── StoreLockedError       exit 1  another process has the store open; run again when it has ended
    └── StoreUnavailableError  exit 2  the store cannot be opened where the setting says; change the setting
SyncConfigError           exit 2  fix a setting of the sync, then run again

No error holds a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_singer import ConfigError, SingerError
from talon_one_singer.errors import lines_of
from talon_one_singer.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SyncError(SingerError):
    """Base of the expected failures of a sync."""


class SyncConfigError(ConfigError):
    """A setting of a destination cannot be used; the message names it and what it may be."""


class GuardError(SyncError):
    """A guard stopped the run before the first write.

    Attributes:
        guard: the setting that stopped the run.
        destination: name of the destination.
        reason: the message without the destination.
        figures: the numbers that the guard checked.
    """

    exit_code = ExitCode.GUARD

    def __init__(self, reason: str, *more: str, guard: str, destination: str, figures: Mapping[str, Any]) -> None:
        self.guard = guard
        self.destination = destination
        self.reason = reason
        self.figures = dict(figures)
        super().__init__(f"{destination}: {reason}", *more)

    @classmethod
    def of_all(cls, errors: Sequence[GuardError]) -> GuardError:
        """Return one error for several destinations: the first one, with a line for each of the others."""
        first, others = errors[0], errors[1:]
        lines = [str(one) for one in others]
        return cls(first.reason, *lines, guard=first.guard, destination=first.destination, figures=first.figures)


class PlanMovedError(SyncError):
    """The source, the store or the settings have changed since the plan was made."""


class DestinationError(SyncError):
    """The destination cannot take any row."""


class DestinationMissingError(DestinationError):
    """Talon.One has no audience, catalog or program with the id of the settings."""

    exit_code = ExitCode.CONFIG


class VerificationError(SyncError):
    """A verification could not read some destinations; the other ones have their findings.

    Attributes:
        causes: the errors, one for each destination.
        destinations: names of these destinations.
    """

    def __init__(self, errors: Mapping[str, Exception]) -> None:
        self.causes, self.destinations = tuple(errors.values()), tuple(errors)
        named = {
            name: [line if line.startswith(f"{name}: ") else f"{name}: {line}" for line in lines_of(error)]
            for name, error in errors.items()
        }
        super().__init__(*(line for lines in named.values() for line in lines))


class LookupImpossibleError(SyncError):
    """Talon.One does not tell whether rows whose answer was lost have arrived."""


class IncompleteError(SyncError):
    """The run ended with rows that remain to be sent, or with more rejects than allowed.

    Attributes:
        causes: the errors that left rows to be sent, one for each destination; empty if too many rows were rejected.
        destinations: names of the destinations that are incomplete, once ``SyncRun.finish`` has found them.
        brief: the lines without the reasons why rows were refused; empty if they have none.
    """

    def __init__(self, *lines: str, causes: Sequence[Exception] = (), brief: Sequence[str] = ()) -> None:
        self.causes = tuple(causes)
        self.destinations: tuple[str, ...] = ()
        super().__init__(*lines, brief=brief)

    def leave_out_reasons(self) -> None:
        """Leave out the reasons why rows were refused, because the caller has shown them.

        Errors that left rows to be sent are no such reasons, and stay.
        """
        if not self.causes:
            self.args = self.brief or self.args


class TooManyRefusedError(IncompleteError):
    """More rows were refused than is allowed. None of them may succeed with the next try, as it is."""


class StoreError(SyncError):
    """The store cannot be used."""


class StoreUnavailableError(StoreError):
    """The store cannot be opened at the location that the setting ``store`` names."""

    exit_code = ExitCode.CONFIG


class StoreLockedError(StoreError):
    """Another process has the store open."""
