"""``talon-one check``: which keys work, what they may read, how far the clocks are apart."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import PROGRAM, connection_options, load_settings
from talon_one_singer.cli.output import say, say_json

if TYPE_CHECKING:
    from talon_one_client.connection.check import CheckReport


@click.command()
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check(config: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Try the keys with reads that change nothing.

    Exit code 0 if every key that is set works, 1 if one does not or may read nothing.
    """
    from talon_one_cli.command import guarded_run

    failed: list[bool] = []

    def work(stop: Any, redact: Any) -> None:
        from talon_one_client.connection.check import check as check_keys
        from talon_one_client.connection.client_factory import client_from_settings

        settings = load_settings(config, redact, base_url=base_url)
        with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
            report = check_keys(client)
        if as_json:
            say_json(_as_dict(report), indent=2)
        else:
            for line in report.lines():
                say(line)
        failed.append(not report.usable)

    code = guarded_run("talon-one check", work)
    click.get_current_context().exit(code or int(any(failed)))


def _as_dict(report: CheckReport) -> dict[str, Any]:
    value = asdict(report)
    for key in ("integration", "management"):
        error = value[key].pop("error")
        value[key]["problem"] = None if error is None else str(error)
    return value
