"""``talon-one migrate-lake``: make Delta tables of a lake that has a manifest."""

from __future__ import annotations

from typing import Any

import click

from talon_one_singer.cli.output import say


@click.command("migrate-lake")
@click.option(
    "--to",
    "url",
    required=True,
    envvar="TALON_ONE_TO",
    show_envvar=True,
    metavar="URL",
    help="Folder or URL of the lake.",
)
@click.option("--schema", default="talon_one", show_default=True, help="Schema of the tables.")
def migrate_lake(url: str, schema: str) -> None:
    """Make Delta tables of a lake from before the connector wrote Delta tables.

    Such a lake has a file _talon_one/manifest.json in the folder of its schema (talon_one), and its tables have no
    folder _delta_log.

    Data files are not copied: the new tables list them. Stop all loads into the lake before. If the command is
    interrupted, run it again.
    """
    from talon_one_cli.command import guarded_run

    def work(_stop: Any, _redact: Any) -> None:
        from talon_one_warehouse.lake.urls import migrate_lake as migrate

        for table, rows in migrate(url, schema).items():
            say(f"{schema}.{table:<40} {rows:>12,}")

    click.get_current_context().exit(guarded_run("talon-one migrate-lake", work))
