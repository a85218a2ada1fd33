"""Tables on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 240  # characters in a file or a pipe, where nothing is cut off for the want of room


def console() -> Console:
    """Standard output, as wide as the terminal, or wide enough for any table."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _WIDE)
