"""Settings of the commands that read from Talon.One."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from talon_one_cli.alerts.settings import ALERTS, hide_receivers
from talon_one_singer import ConfigError, ConfigSource
from talon_one_singer.settings.instants import parse_date_time
from talon_one_singer.settings.table import SettingsTable
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from talon_one_singer.reporting.logs import Redactor

PROGRAM = "talon-one"
"""Name of the program in the User-Agent header."""
LOAD_SETTINGS = SettingsTable("TALON_ONE", (*SETTINGS.settings, ALERTS))


def load_settings(
    config: Sequence[str],
    redact: Redactor,
    *,
    base_url: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Return the tap's settings from files, the environment and ``--base-url``; later ones override earlier ones.

    Environment variables may start with TALON_ONE_ or, as for the tap, with TAP_TALON_ONE_.

    Raises:
        ConfigError: has one line for each problem; no line holds a key.
    """
    sources = [ConfigSource.from_file(path) for path in config if path != "ENV"]
    long = {name.removeprefix("TAP_"): text for name, text in environ.items() if name.startswith(f"{SETTINGS.prefix}_")}
    given = {} if base_url is None else {f"{LOAD_SETTINGS.prefix}_BASE_URL": base_url}
    redact.add_from([source.values for source in sources])  # before any message about them is printed
    hide_receivers([source.values.get(ALERTS.name) for source in sources], redact)
    settings = LOAD_SETTINGS.load(sources, {**environ, **long, **given})
    redact.add_from(settings)
    return settings


def parse_instant(option: str, text: str) -> datetime:
    """Return the instant that an option gives.

    Raises:
        ConfigError: the text is not an instant; names the option.
    """
    try:
        return parse_date_time(text)
    except ValueError as error:
        reason = str(error) if str(error).startswith("must") else f"is not a date: {error}"
        raise ConfigError(f"{option} {reason}") from None
