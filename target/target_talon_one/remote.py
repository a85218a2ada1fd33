"""What is at the destination, through the Management API."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints as ep
from talon_one_client.csv_text import column_of, read_csv
from talon_one_client.errors import BadRequestError, NotFoundError, UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talon_one_client.client import TalonOneClient

KEYS_A_PART = 10_000
LISTED = ("audience_members", "catalog_items")


def member_count(client: TalonOneClient, audience: int) -> int | None:
    """How many members an audience has; None if Talon.One does not say."""
    found = client.get_audiences_analytics(audience_ids=str(audience)).get("data") or []
    counts = [row.get("membersCount") for row in found if row.get("audienceId") == audience]
    return int(counts[0]) if counts and counts[0] is not None else None


def members(client: TalonOneClient, audience: int, check: Callable[[], None]) -> Iterator[list[str]]:
    """Integration ids of all members: one call for the CSV export, or the list where that is refused."""
    try:
        column, lines = _exported(client, audience)
    except NotFoundError:
        raise
    except BadRequestError:
        yield from _listed_members(client, audience, check)
        return
    while part := [line[column] for line in islice(lines, KEYS_A_PART)]:
        yield part


def catalog_items(client: TalonOneClient, catalog: int, check: Callable[[], None]) -> Iterator[list[Mapping[str, Any]]]:
    """All items of a catalog as the sync writes them: sku, price, attributes as an object, product."""
    check()
    for page in client.paginate(ep.LIST_CATALOG_ITEMS, path={"catalogId": catalog}):
        yield [_item(row) for row in page]
        check()


def keys_of(
    client: TalonOneClient, sink: str, target: Mapping[str, Any], check: Callable[[], None]
) -> Iterator[list[str]]:
    """Keys of everything at the destination."""
    if sink == "audience_members":
        yield from members(client, target["audience_id"], check)
    else:
        for items in catalog_items(client, target["catalog_id"], check):
            yield [item["sku"] for item in items]


def _listed_members(client: TalonOneClient, audience: int, check: Callable[[], None]) -> Iterator[list[str]]:
    check()
    for page in client.paginate(ep.GET_AUDIENCE_MEMBERSHIPS, path={"audienceId": audience}):
        yield [row["integrationId"] for row in page]
        check()


def _exported(client: TalonOneClient, audience: int) -> tuple[int, Iterator[list[str]]]:
    """The column of the ids in the CSV export, and its lines."""

    def decode(body: bytes) -> tuple[int, Iterator[list[str]]]:
        lines = read_csv(body)
        return column_of(next(lines), "profileintegrationid", "integrationid"), lines

    found: tuple[int, Iterator[list[str]]] | None = client.call(
        ep.EXPORT_AUDIENCES_MEMBERSHIPS, path={"audienceId": audience}, decode=decode
    )
    if found is None:
        raise UnexpectedResponseError("the export is empty", operation=ep.EXPORT_AUDIENCES_MEMBERSHIPS.name)
    return found


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    attributes = row.get("attributes") or []
    return {
        "sku": row["sku"],
        "price": row.get("price"),
        "attributes": {one["name"]: one["value"] for one in attributes},
        "product": row.get("product"),
    }
