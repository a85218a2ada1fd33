"""Reads the rows of a destination through the Management API."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client.errors import BadRequestError, NotFoundError
from talon_one_client.http.csv_export import column_of
from target_talon_one.lookups.exports import read_export

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talon_one_client.client import TalonOneClient

_KEYS_PER_PAGE = 10_000


def member_count(client: TalonOneClient, audience: int) -> int | None:
    """Return how many members an audience has, or None if Talon.One does not say."""
    found: _Counts | None = client.call(
        ep.GET_AUDIENCES_ANALYTICS, query={"audienceIds": str(audience)}, decode=_decode_counts
    )
    rows = found.data or [] if found else []
    return next((row.members_count for row in rows if row.audience_id == audience), None)


def members(client: TalonOneClient, audience: int, check: Callable[[], None]) -> Iterator[list[str]]:
    """Yield the integration ids of all members, from the CSV export, or from the list if the export is refused.

    Args:
        client: makes the calls.
        audience: id of the audience.
        check: called before each request; raises to end the work.
    """
    try:
        names = read_export(client, ep.EXPORT_AUDIENCES_MEMBERSHIPS, _names, path={"audienceId": audience})
    except NotFoundError:
        raise
    except BadRequestError:
        yield from _listed_members(client, audience, check)
        return
    while keys := list(islice(names, _KEYS_PER_PAGE)):
        yield keys


def catalog_items(client: TalonOneClient, catalog: int, check: Callable[[], None]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield all items of a catalog as a sync writes them: sku, price, attributes as an object, product."""
    check()
    for page in client.paginate(ep.LIST_CATALOG_ITEMS, path={"catalogId": catalog}, decode=_decode_item):
        yield [_item(row) for row in page]
        check()


def list_members(
    client: TalonOneClient, target: Mapping[str, Any], check: Callable[[], None]
) -> Iterator[tuple[list[str], None]]:
    """Yield the integration ids of all members of the target's audience; a member has no other field."""
    for keys in members(client, target["audience_id"], check):
        yield keys, None


def list_items(
    client: TalonOneClient, target: Mapping[str, Any], check: Callable[[], None]
) -> Iterator[tuple[list[str], list[Mapping[str, Any]]]]:
    """Yield SKUs and fields of all items of the target's catalog."""
    for items in catalog_items(client, target["catalog_id"], check):
        yield [item["sku"] for item in items], items


def _listed_members(client: TalonOneClient, audience: int, check: Callable[[], None]) -> Iterator[list[str]]:
    check()
    for page in client.paginate(ep.GET_AUDIENCE_MEMBERSHIPS, path={"audienceId": audience}, decode=_decode_member):
        yield [row.integration_id for row in page]
        check()


def _names(lines: Iterator[list[str]]) -> Iterator[str]:
    column = column_of(next(lines), "profileintegrationid", "integrationid")
    return (line[column] for line in lines)


def _item(row: _Item) -> dict[str, Any]:
    return {
        "sku": row.sku,
        "price": row.price,
        "attributes": {one.name: one.value for one in row.attributes or ()},
        "product": row.product,
    }


class _Count(msgspec.Struct, rename="camel"):
    audience_id: int | None = None
    members_count: int | None = None


class _Counts(msgspec.Struct):
    data: list[_Count] | None = None


class _Member(msgspec.Struct, rename="camel"):
    integration_id: str


class _Attribute(msgspec.Struct):
    name: str
    value: Any


class _Item(msgspec.Struct):
    sku: str
    price: Any = None
    attributes: list[_Attribute] | None = None
    product: Any = None


_decode_counts = msgspec.json.Decoder(_Counts).decode
_decode_member = msgspec.json.Decoder(_Member).decode
_decode_item = msgspec.json.Decoder(_Item, float_hook=Decimal).decode
