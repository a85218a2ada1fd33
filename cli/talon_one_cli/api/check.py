"""``talon-one check``: test the keys and the connection."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import connection_options, json_option
from talon_one_singer.cli.output import say, say_json
from talon_one_singer.exit_codes import ExitCode

if TYPE_CHECKING:
    from talon_one_client.connection.check import CheckReport


@click.command()
@connection_options
@json_option("Print the report as JSON.")
def check(config: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Check the keys, what they may read, and the clocks.

    Sends only requests that read.

    Exit codes: 0 every configured key works; 1 a key does not work, or may not read anything.
    """
    from talon_one_cli.command import guarded_run

    failed: list[bool] = []

    def work(stop: Any, redact: Any) -> None:
        from talon_one_cli.connection_settings import PROGRAM, load_settings
        from talon_one_client.connection.check import check as check_keys
        from talon_one_client.connection.client_factory import client_from_settings
        from tap_talon_one.tap import left_out_by_default, left_out_text

        settings = load_settings(config, redact, base_url=base_url)
        with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
            report = check_keys(client)
        left_out = left_out_by_default(settings)
        if as_json:
            say_json({**_as_dict(report), "left_out": left_out[1] if left_out else []}, indent=2)
        else:
            for line in (*report.lines(), *([left_out_text(*left_out)] if left_out else [])):
                say(line)
        failed.append(not report.usable)

    code = guarded_run("talon-one check", work)
    click.get_current_context().exit(code or (ExitCode.FAILED if any(failed) else ExitCode.OK))


def _as_dict(report: CheckReport) -> dict[str, Any]:
    value = asdict(report)
    for key in ("integration", "management"):
        error = value[key].pop("error")
        value[key]["problem"] = None if error is None else str(error)
    return value
