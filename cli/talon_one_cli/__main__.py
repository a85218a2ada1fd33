"""Entry point of ``talon-one`` and ``python -m talon_one_cli``."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from talon_one_cli.main import cli
    from talon_one_singer.cli.output import run_process

    run_process(cli, "talon-one")


if __name__ == "__main__":
    main()
