"""Types of the account's attributes, which need a management key."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client import errors as e

if TYPE_CHECKING:
    from talon_one_client.client import TalonOneClient
    from target_talon_one.sinks.sink_type import SinkType

logger = logging.getLogger(__name__)


class _Attribute(msgspec.Struct):
    name: str
    type: str
    entity: str | None = None


_decode = msgspec.json.Decoder(_Attribute).decode


def attribute_types(client: TalonOneClient, sink: SinkType) -> dict[str, str] | None:
    """Return the type of each attribute that the sink's rows may have, by name, or None if it cannot be found out.

    Attributes of events depend on the type of the event, so that only Talon.One checks them.
    """
    if sink.entity is None or sink.entity == "Event" or not client.config.management_key:
        return None
    found: dict[str, str] = {}
    try:
        for page in client.paginate(ep.GET_ATTRIBUTES, query={"entity": sink.entity}, decode=_decode):
            found |= {row.name: row.type for row in page if row.entity == sink.entity}
    except e.PermissionDeniedError as error:
        logger.warning(
            "the management key may not list attributes, so they are not checked before rows are sent: %s", error
        )
        return None
    return found
