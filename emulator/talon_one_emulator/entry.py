"""The console script. It names the extra to install if an import fails."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from talon_one_emulator.__main__ import main as run
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        sys.exit(f"Error: {error.name} is not installed; run: pip install 'talon-one-connector[emulator]'")
    run()
