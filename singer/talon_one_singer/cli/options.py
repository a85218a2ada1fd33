"""The command-line options that taps and targets share, and the parsed options of a tap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from talon_one_singer.cli.about import AboutFormat


@dataclass(frozen=True, slots=True)
class Options:
    """The parsed command line of a tap."""

    config: tuple[str, ...] = ()
    catalog: str | None = None
    properties: str | None = None
    state: str | None = None
    discover: bool = False
    test: bool = False
    about: bool = False
    format: AboutFormat = "text"
    version: bool = False


CONFIG_OPTION = click.Option(
    ["--config"],
    multiple=True,
    metavar="FILE|ENV",
    help="Config file; repeat it to add files. ENV reads the environment.",
)
ABOUT_OPTIONS = (
    click.Option(["--about"], is_flag=True, help="Print the description and the settings."),
    click.Option(
        ["--format"],
        type=click.Choice(["text", "json", "markdown"]),
        default="text",
        help="Format of --about.",
        show_default=True,
    ),
    click.Option(["--version"], is_flag=True, help="Print the name and the version."),
)
