"""The table of read strategies: the ways to read a stream group, each with an operation of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from tap_talon_one.streams import STREAM_GROUPS, StreamGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.streams import Entity, ReaderName

PER_ENTITY = "per_entity"  # the strategy of one call for each card or profile


@dataclass(frozen=True, slots=True)
class ReadStrategy:
    """One way to read the streams of a group.

    Attributes:
        name: value of the group's strategy setting.
        group: the group with the endpoint and reader of this strategy; it keeps the name of the original group.
        owner: whose rows are read: ``card`` or ``profile``.
    """

    name: str
    group: StreamGroup
    owner: Entity

    @property
    def reads_programs(self) -> bool:
        """True if no owner of a program is left out: the program has one list of transactions, or one of its cards."""
        return self.group.entity in ("program", "card")


def per_entity(group: StreamGroup) -> ReadStrategy:
    """Return the strategy that makes one call for each id."""
    return ReadStrategy(PER_ENTITY, group, group.entity)


def _bulk(group: StreamGroup, name: ReaderName, endpoint: Endpoint) -> ReadStrategy:
    return ReadStrategy(name, replace(group, endpoint=endpoint, entity="program", reader=name), group.entity)


_BY_NAME = {group.name: group for group in STREAM_GROUPS}
_CARD_LEDGERS, _CARD_POINTS = _BY_NAME["loyalty_card_transactions"], _BY_NAME["loyalty_card_balances"]
_PROFILE_LEDGERS, _PROFILE_POINTS = _BY_NAME["loyalty_profile_transactions"], _BY_NAME["loyalty_profile_balances"]

# Strategies that need the Management API and make fewer calls than one for each id, the cheapest last.
BULK_STRATEGIES: Mapping[str, tuple[ReadStrategy, ...]] = {
    _CARD_LEDGERS.name: (_bulk(_CARD_LEDGERS, "program_feed", ep.GET_LOYALTY_PROGRAM_TRANSACTIONS),),
    _CARD_POINTS.name: (
        _bulk(_CARD_POINTS, "card_list", ep.GET_LOYALTY_CARDS),
        _bulk(_CARD_POINTS, "csv_export", ep.EXPORT_LOYALTY_CARD_BALANCES),
    ),
    _PROFILE_LEDGERS.name: (_bulk(_PROFILE_LEDGERS, "program_feed", ep.GET_LOYALTY_PROGRAM_TRANSACTIONS),),
    _PROFILE_POINTS.name: (_bulk(_PROFILE_POINTS, "csv_export", ep.EXPORT_LOYALTY_BALANCES),),
}
