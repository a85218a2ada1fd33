"""What a sink says of a row that it cannot hold."""

from __future__ import annotations

from talon_one_singer import SingerError


class RowRefused(SingerError):
    """A sink cannot hold a row; its stream fails there, the other streams go on. The cause says more."""
