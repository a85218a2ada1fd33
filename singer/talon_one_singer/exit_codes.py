"""Exit codes of every program of the connector.

An expected error carries its code: ``SingerError.exit_code``, or ``PluginDefinition.expected_errors`` for errors of
other packages. A command that works as expected but finds differences returns the code of what it found.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """A code that a program ends with.

    Attributes:
        meaning: what it says to a scheduler, in half a sentence.
    """

    meaning: str

    def __new__(cls, code: int, meaning: str) -> ExitCode:
        """Make an int with a meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "done"
    FAILED = 1, "something failed or is still pending; the message on stderr says what"
    CONFIG = 2, "something must be corrected in the settings, the command line, a file or the source"
    GUARD = 3, "a guard stopped the run before its first call"
    DIFFERENT = 4, "the data differ: ledgers that disagree, or drift"
    UNKNOWN = 5, "unknown: no management key, a new store, or nothing that Talon.One has a list of to compare with"
    INTERRUPTED = 130, "stopped by SIGINT"
    CLOSED_PIPE = 141, "the program that reads the output has ended"
    TERMINATED = 143, "stopped by SIGTERM"


SIGNAL_BASE = 128
"""A program that a signal stops ends with this plus the signal's number, as a shell shows it."""
