"""``tap-talon-one`` and ``python -m tap_talon_one``."""

from __future__ import annotations

import atexit
import gc


def main() -> None:
    """Run the command line of the tap."""
    gc.disable()  # imports leave no garbage; ``run_process`` enables it again
    # The last search for garbage takes 30 ms, and all memory goes back to the system anyway. Programs that import
    # DuckDB cannot do without it: its binding would report every object that is left.
    atexit.register(gc.freeze)
    from talon_one_singer.cli.output import run_process
    from talon_one_singer.cli.process import share_memory_of_threads
    from talon_one_singer.cli.tap_cli import tap_command
    from tap_talon_one.tap import definition

    share_memory_of_threads()
    run_process(tap_command(definition()))


if __name__ == "__main__":
    main()
