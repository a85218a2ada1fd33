"""Table of the commands. The module of a command is imported when the command is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "apply": "talon_one_cli.sync.push:apply",
    "call": "talon_one_cli.api.call:call",
    "check": "talon_one_cli.api.check:check",
    "demo": "talon_one_cli.demo.demo:demo",
    "doctor": "talon_one_cli.project.doctor:doctor",
    "erase": "talon_one_cli.sync.erase:erase",
    "estimate": "talon_one_cli.loading.estimate:estimate",
    "expiring": "talon_one_cli.loading.expiring:expiring",
    "init": "talon_one_cli.project.init:init",
    "listen": "talon_one_cli.loading.listen:listen",
    "load": "talon_one_cli.loading.load:load",
    "migrate-lake": "talon_one_cli.loading.migrate_lake:migrate_lake",
    "models": "talon_one_cli.loading.models:models",
    "plan": "talon_one_cli.sync.push:plan",
    "push": "talon_one_cli.sync.push:push",
    "reconcile": "talon_one_cli.loading.reconcile:reconcile",
    "report": "talon_one_cli.report.report:report",
    "retry": "talon_one_cli.sync.retry:retry",
    "runs": "talon_one_cli.sync.runs:runs",
    "verify": "talon_one_cli.sync.verify:verify",
}
"""Name of a command to ``module:attribute``."""


class LazyGroup(click.Group):
    """A group that imports the module of a command when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names for ``--help``."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; an unknown one is an error with the nearest name."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from talon_one_singer.settings.json_files import nearest

            ctx.fail(f"No such command {args[0]!r}{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from talon_one_singer.version import VERSION

        click.echo(f"talon-one v{VERSION}")
        ctx.exit()


cli = LazyGroup(
    "talon-one",
    params=[
        click.Option(
            ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
            help="Print the name and the version.",
        ),
    ],
    help="Load data from Talon.One into a warehouse, and sync segments and catalogs to Talon.One.\n\n"
    "Settings come from --config files and from environment variables such as TALON_ONE_BASE_URL, TALON_ONE_API_KEY "
    "and TALON_ONE_MANAGEMENT_KEY.",
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
