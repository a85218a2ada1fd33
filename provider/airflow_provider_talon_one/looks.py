"""What sensors wait for: reads, once each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient

_PAGE = 1000


def transactions_since(client: TalonOneClient, loyalty_program_id: int, since: str) -> dict[str, Any] | None:
    """Whether a program's ledger has rows that were created after an instant (management key)."""
    page = client.get_loyalty_program_transactions(loyalty_program_id, start_date=since, page_size=1)
    rows = [row for row in page["data"] if row["created"] > since]
    return {"loyalty_program_id": loyalty_program_id, "since": since} if rows else None


def audience_of_size(client: TalonOneClient, audience_id: int, at_least: int) -> dict[str, Any] | None:
    """Whether an audience has so many members (management key)."""
    found = client.get_audiences_analytics(audience_ids=str(audience_id)).get("data") or []
    count = next((row["membersCount"] for row in found if row.get("audienceId") == audience_id), 0)
    return {"audience_id": audience_id, "members": count} if count >= at_least else None


def catalog_of_version(client: TalonOneClient, catalog_id: int, at_least: int) -> dict[str, Any] | None:
    """Whether an item of a catalog has this version or a later one (management key)."""
    skip, size, version = 0, _PAGE, 0
    while size == _PAGE:
        rows = client.list_catalog_items(catalog_id, page_size=_PAGE, skip=skip)["data"]
        size = len(rows)
        skip += size
        version = max([version, *(row.get("version") or 0 for row in rows)])
        if version >= at_least:
            return {"catalog_id": catalog_id, "version": version}
    return None


LOOKS: Mapping[str, Callable[..., dict[str, Any] | None]] = {
    "transactions_since": transactions_since,
    "audience_of_size": audience_of_size,
    "catalog_of_version": catalog_of_version,
}
