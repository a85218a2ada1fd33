"""Entry point of ``talon-one`` and ``python -m talon_one_cli``."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line."""
    gc.disable()  # imports leave no garbage; ``run_process`` enables it again
    from talon_one_cli.main import cli
    from talon_one_singer.cli.output import run_process

    run_process(cli, "talon-one")


if __name__ == "__main__":
    main()
