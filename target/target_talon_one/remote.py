"""What is at the destination, through the Management API."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import BadRequestError, NotFoundError, UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talon_one_client.client import TalonOneClient

PAGE = 1000
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
        text = client.export_audiences_memberships(audience).decode("utf-8-sig")
    except NotFoundError:
        raise
    except BadRequestError:
        yield from _listed_members(client, audience, check)
        return
    rows = csv.reader(io.StringIO(text))
    column = _column(next(rows, []))
    part: list[str] = []
    for row in rows:
        part.append(row[column])
        if len(part) == KEYS_A_PART:
            yield part
            part = []
    if part:
        yield part


def catalog_items(client: TalonOneClient, catalog: int, check: Callable[[], None]) -> Iterator[list[Mapping[str, Any]]]:
    """All items of a catalog as the sync writes them: sku, price, attributes as an object, product."""
    skip, size = 0, PAGE
    while size == PAGE:
        check()
        page = client.list_catalog_items(catalog, page_size=PAGE, skip=skip)["data"]
        size = len(page)
        skip += size
        if page:
            yield [_item(row) for row in page]


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
    skip, size = 0, PAGE
    while size == PAGE:
        check()
        page = client.get_audience_memberships(audience, page_size=PAGE, skip=skip)["data"]
        size = len(page)
        skip += size
        if page:
            yield [row["integrationId"] for row in page]


def _column(header: list[str]) -> int:
    names = [name.strip().lower() for name in header]
    for name in ("profileintegrationid", "integrationid"):
        if name in names:
            return names.index(name)
    raise UnexpectedResponseError(
        f"the export of an audience has no column profileintegrationid; it has {', '.join(header)}",
        operation="export_audiences_memberships",
    )


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    attributes = row.get("attributes") or []
    return {
        "sku": row["sku"],
        "price": row.get("price"),
        "attributes": {one["name"]: one["value"] for one in attributes},
        "product": row.get("product"),
    }
