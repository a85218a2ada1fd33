"""The environment variables that the commands read, and those that look like misspelled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX: Final = "TALON_ONE_"
_OF_OPTIONS: Final = ("TO", "LOGLEVEL", "LISTEN_TOKEN", "LISTEN_USER", "LISTEN_PASSWORD", "EMULATOR_CACHE")


def misspelled_variables(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that sets nothing and is near one that the commands read; never a value."""
    from talon_one_singer.settings.environment import misspelled, sentence

    given = {name: "" for name in environ if name.startswith((_PREFIX, f"TAP_{_PREFIX}"))}
    if not given:
        return []
    from talon_one_cli.connection_settings import LOAD_SETTINGS
    from tap_talon_one.settings import SETTINGS
    from target_talon_one.settings import SYNC_SETTINGS

    tables = (LOAD_SETTINGS, SYNC_SETTINGS, SETTINGS)
    known = [name for table in tables for setting in table for name in table.env_names(setting)]
    known += [f"{prefix}{name}" for prefix in (_PREFIX, f"TAP_{_PREFIX}") for name in _OF_OPTIONS]
    return [sentence(*pair) for prefix in (_PREFIX, f"TAP_{_PREFIX}") for pair in misspelled(given, prefix, known)]
