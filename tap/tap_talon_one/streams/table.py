"""The list of all stream groups, in the order in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_talon_one.streams.account import ACCOUNT_GROUPS
from tap_talon_one.streams.customers import CUSTOMER_GROUPS
from tap_talon_one.streams.loyalty import LEDGER_GROUPS
from tap_talon_one.streams.programs import PROGRAM_GROUPS
from tap_talon_one.streams.promotions import PROMOTION_GROUPS

if TYPE_CHECKING:
    from tap_talon_one.streams.model import Stream, StreamGroup

STREAM_GROUPS: tuple[StreamGroup, ...] = (
    *LEDGER_GROUPS,
    *CUSTOMER_GROUPS,
    *PROGRAM_GROUPS,
    *ACCOUNT_GROUPS,
    *PROMOTION_GROUPS,
)

STREAMS: tuple[Stream, ...] = tuple(stream for group in STREAM_GROUPS for stream in group.streams)
READ_WHOLE = frozenset(stream.name for group in STREAM_GROUPS if group.read_whole for stream in group.streams)
LEDGERS = frozenset(stream.name for group in STREAM_GROUPS if group.is_ledger for stream in group.streams)
MARKED = READ_WHOLE | LEDGERS  # their rows can be marked as deleted
