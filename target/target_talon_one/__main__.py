"""``target-talon-one`` and ``python -m target_talon_one``."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line."""
    gc.disable()  # imports leave no garbage; ``run_process`` enables it again
    from talon_one_singer.cli.output import run_process
    from talon_one_singer.cli.target_cli import target_command
    from target_talon_one.target import definition

    run_process(target_command(definition()))


if __name__ == "__main__":
    main()
