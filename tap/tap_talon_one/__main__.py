"""``tap-talon-one`` and ``python -m tap_talon_one``."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line of the tap."""
    gc.disable()  # imports leave no garbage; ``run_process`` enables it again
    from talon_one_singer.cli.output import run_process
    from talon_one_singer.cli.tap_cli import tap_command
    from tap_talon_one.tap import definition

    run_process(tap_command(definition()))


if __name__ == "__main__":
    main()
