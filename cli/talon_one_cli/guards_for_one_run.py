"""Guards that the command line sets for one run: ``--guard NAME=VALUE`` and ``--guard SYNC.NAME=VALUE``."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_singer import ConfigError
from talon_one_singer.settings.conversion import convert
from talon_one_singer.settings.json_files import nearest
from target_talon_one.config.destination_reader import GUARDS
from target_talon_one.config.destination_settings import OPTIONS
from target_talon_one.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from target_talon_one.config.destination_config import DestinationConfig

_FOR_ONE_RUN = "for this run"  # how messages end that propose to raise a guard
_VALUES = {"boolean": "true", "integer": "NUMBER", "number": "SHARE"}  # by the type of the guard


class GuardForOneRun(NamedTuple):
    """The value of a guard; ``sync`` is the name of a sync, or "" for all of them."""

    sync: str
    name: str
    value: Any


def guards_for_one_run(given: Iterable[str], syncs: Collection[str]) -> list[GuardForOneRun]:
    """Return the guards that the options give.

    Args:
        given: ``NAME=VALUE`` or ``SYNC.NAME=VALUE``.
        syncs: names of the syncs of the run.

    Raises:
        ConfigError: an option names no guard or no sync, or its value cannot be used.
    """
    return [_guard(text, syncs) for text in given]


def with_guards(destination: DestinationConfig, guards: Sequence[GuardForOneRun]) -> DestinationConfig:
    """Return a destination with these guards. Its settings as written stay as they are: the next run has its own."""
    mine = {one.name: one.value for one in guards if one.sync in ("", destination.name)}
    return replace(destination, guards=replace(destination.guards, **mine)) if mine else destination


@contextmanager
def options_named() -> Iterator[None]:
    """Raise the GuardError of the block with the option that sets the guard for one run."""
    try:
        yield
    except GuardError as error:
        raise with_option(error) from None


def with_option(error: GuardError) -> GuardError:
    """Return the error with the option that sets the guard for one run."""
    if error.guard == "expect_environment":  # the setting says what the keys belong to, in every run
        return error
    setting = OPTIONS[error.guard]
    value = "allow" if error.guard == "create_profiles" else _VALUES[setting.type]
    option = f"--guard {error.destination}.{error.guard}={value}"
    if option in error.reason:
        return error
    reason = (
        f"{error.reason} with {option}" if _FOR_ONE_RUN in error.reason else f"{error.reason} (for one run: {option})"
    )
    more = error.lines[1:]
    return GuardError(reason, *more, guard=error.guard, destination=error.destination, figures=error.figures)


def _guard(text: str, syncs: Collection[str]) -> GuardForOneRun:
    place, equals, value = text.rpartition("=")
    sync, _, name = place.rpartition(".")
    if not equals or name not in GUARDS:
        hint = nearest(name or text, GUARDS)
        raise ConfigError(
            f"--guard {text!r} must be NAME=VALUE or SYNC.NAME=VALUE with one of the guards {', '.join(GUARDS)}{hint}"
        )
    if sync and sync not in syncs:
        raise ConfigError(f"--guard {text!r}: there is no sync {sync!r} in this run{nearest(sync, syncs)}")
    setting = OPTIONS[name]
    try:
        converted = convert(setting, value)
    except ValueError as error:
        raise ConfigError(f"--guard: {place} {error}") from None
    return GuardForOneRun(sync, name, setting.default if converted is None else converted)
