"""``talon-one models``: create reporting views beside the tables of a load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from talon_one_singer.cli.output import say

if TYPE_CHECKING:
    from datetime import datetime


@click.command()
@click.option(
    "--to",
    "url",
    required=True,
    envvar="TALON_ONE_TO",
    show_envvar=True,
    metavar="URL",
    help="URL of a DuckDB or PostgreSQL.",
)
@click.option("--schema", default="talon_one", show_default=True, help="Schema of the tables and of the views.")
@click.option(
    "--as-of", metavar="INSTANT", help="Compute the points for this instant, like 2024-01-31T00:00:00Z. Default: now."
)
def models(url: str, schema: str, as_of: str | None) -> None:
    """Create reporting views in a warehouse.

    The views show current balances, balances over time, points by month, liability, active members, breakage, expiring
    points, tiers, coupons and the profiles of cards. They are the models of the dbt package. Run the command again at
    any time to replace them.
    """
    from talon_one_cli.command import guarded_run

    def work(_stop: Any, _redact: Any) -> None:
        _models(url, schema, as_of)

    click.get_current_context().exit(guarded_run("talon-one models", work))


def _models(url: str, schema: str, as_of: str | None) -> None:
    from talon_one_singer import ConfigError
    from talon_one_warehouse import open_warehouse
    from talon_one_warehouse.models.views import check_models_url, create_models

    check_models_url(url)
    instant = None if as_of is None else _instant(as_of)
    with open_warehouse(url, schema=schema) as warehouse:
        done = create_models(warehouse, schema=schema, as_of=instant)
    if all(model.skipped for model in done):
        raise ConfigError(f"no view can be created in schema {schema}: {done[0].skipped}; run talon-one load first")
    for model in done:
        say(f"{schema}.{model.name}" + (f"  skipped: {model.skipped}" if model.skipped else ""))


def _instant(text: str) -> datetime:
    from datetime import datetime

    from talon_one_singer import ConfigError

    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ConfigError(f"--as-of: {text!r} is not an instant with a time zone, like 2024-01-31T00:00:00Z")
    return instant
