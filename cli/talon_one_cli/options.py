"""How every subcommand reaches Talon.One: the options, and the settings behind them.

There is no option for a key, because every user of a machine can see the command lines on it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from talon_one_singer.reporting.logs import Redactor

PROGRAM = "talon-one"  # as Talon.One sees it
F = TypeVar("F", bound="Callable[..., Any]")


def connection_options(command: F) -> F:
    """Adds ``--config`` and ``--base-url``."""
    config = click.option(
        "--config",
        multiple=True,
        metavar="FILE",
        help="JSON file with base_url, api_key, management_key and other settings of the tap; again to add. The "
        "environment (TALON_ONE_API_KEY, TALON_ONE_MANAGEMENT_KEY, ...) is always read and wins.",
    )
    base_url = click.option("--base-url", metavar="URL", help="Your deployment; wins over TALON_ONE_BASE_URL.")
    return config(base_url(command))


def load_settings(
    config: Sequence[str],
    redact: Redactor,
    *,
    base_url: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """The tap's settings out of files, the environment and ``--base-url``, each winning over the one before.

    A variable may start with TALON_ONE_ or, as for the tap, with TAP_TALON_ONE_.

    Raises:
        ConfigError: every problem, one a line; no line holds a key.
    """
    from talon_one_singer import ConfigSource
    from tap_talon_one.settings import SETTINGS

    sources = [ConfigSource.from_file(path) for path in config if path != "ENV"]
    short = {f"TAP_{name}": text for name, text in environ.items() if name.startswith("TALON_ONE_")}
    given = {} if base_url is None else {f"{SETTINGS.prefix}_BASE_URL": base_url}
    redact.add_from([source.values for source in sources])  # before anything is said about them
    settings = SETTINGS.load(sources, {**short, **environ, **given})
    redact.add_from(settings)
    return settings


def instant_option(name: str, text: str) -> datetime:
    """The instant that an option gives.

    Raises:
        ConfigError: it is none; names the option.
    """
    from talon_one_singer import ConfigError
    from talon_one_singer.settings.instants import parse_date_time

    try:
        return parse_date_time(text)
    except ValueError as error:
        said = str(error)
        raise ConfigError(f"{name} {said}" if said.startswith("must") else f"{name} is no date: {said}") from None
