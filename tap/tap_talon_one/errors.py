"""Errors of the tap's own."""

from __future__ import annotations

from talon_one_client.errors import UnexpectedResponseError
from talon_one_singer import SingerError


class RowRefused(SingerError):
    """A sink cannot hold a row; its stream fails there, the other streams go on. The cause says more."""


class IncompleteExport(UnexpectedResponseError):
    """A CSV export lacks cards that the list of cards has; none of its rows was delivered."""
