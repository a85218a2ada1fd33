"""The errors of the tap."""

from __future__ import annotations

from talon_one_client.errors import UnexpectedResponseError
from talon_one_singer import SingerError


class RowRefused(SingerError):
    """A sink cannot hold a row. Its stream ends before this row, other streams continue; see the cause."""


class IdListChanged(UnexpectedResponseError):
    """The list of ids has changed between two reads of one run; run again."""


class IncompleteExport(UnexpectedResponseError):
    """A CSV export lacks rows that were found in another way; none of its rows was written."""
