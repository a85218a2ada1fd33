"""``talon-one report``: a report of the loyalty programs in a warehouse, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from talon_one_cli.options import complete_files, schema_option
from talon_one_singer.cli.output import say


@click.command()
@click.option("--in", "url", required=True, metavar="URL", help="Warehouse with the views: a DuckDB or PostgreSQL.")
@schema_option
@click.option(
    "--out",
    default="loyalty-report.html",
    show_default=True,
    metavar="FILE",
    shell_complete=complete_files,
    help="The file to write.",
)
def report(url: str, schema: str, out: str) -> None:
    """Write a report of the loyalty programs: points issued, spent, expired and owed, cohorts and balances.

    The report is one HTML file that needs nothing else, also for mail and print. It reads the views of talon-one
    models, and is of the instant of these views.
    """
    from talon_one_cli.command import guarded_run

    def work(_stop: Any, _redact: Any) -> None:
        _report(url, schema, out)

    click.get_current_context().exit(guarded_run("talon-one report", work))


def _report(url: str, schema: str, out: str) -> None:
    from talon_one_cli.report.program_report import ProgramData, program_page
    from talon_one_cli.report.run_report import write_report
    from talon_one_singer import ConfigError
    from talon_one_singer.settings.local_paths import is_url, local_path
    from talon_one_warehouse import open_warehouse
    from talon_one_warehouse.models.views import check_models_url

    check_models_url(url)
    if is_url(local_path(out)):
        raise ConfigError("--out is a URL; give a file of this machine")
    with open_warehouse(url, schema=schema) as warehouse:
        text = program_page(ProgramData(warehouse, schema))
    file = Path(local_path(out))
    write_report(file, text)
    say(f"{file}")
