"""The version of the distribution; ``setup.cfg`` reads it from here, so that ``--version`` need not search metadata."""

from __future__ import annotations

VERSION = "0.1.0"
