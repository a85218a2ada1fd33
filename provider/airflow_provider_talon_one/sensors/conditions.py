"""Conditions that sensors wait for; each check reads and never writes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_talon_one.parameters import converted
from talon_one_client import endpoints as ep
from talon_one_singer import Setting
from talon_one_singer.settings.instants import parse_date_time
from target_talon_one.lookups.remote import member_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient


class _Row(msgspec.Struct):
    created: str


class _Item(msgspec.Struct):
    version: int | None = None


_decode_row = msgspec.json.Decoder(_Row).decode
_decode_item = msgspec.json.Decoder(_Item).decode
_ROWS_PER_PAGE = 10  # the first row that matches ends the search


def transactions_since(
    client: TalonOneClient, loyalty_program_id: int, since: str | None = None
) -> dict[str, Any] | None:
    """Check whether a program has transactions created after an instant, or any transactions (management key)."""
    earliest = None if since is None else parse_date_time(since)
    pages = client.paginate(
        ep.GET_LOYALTY_PROGRAM_TRANSACTIONS,
        path={"loyaltyProgramId": loyalty_program_id},
        query={"startDate": since},
        page_size=_ROWS_PER_PAGE,
        decode=_decode_row,
    )
    if any(earliest is None or _is_later(row.created, earliest) for page in pages for row in page):
        return {"loyalty_program_id": loyalty_program_id, "since": since}
    return None


def audience_of_size(client: TalonOneClient, audience_id: int, at_least: int) -> dict[str, Any] | None:
    """Check whether an audience has at least this many members (management key)."""
    count = member_count(client, audience_id) or 0
    return {"audience_id": audience_id, "members": count} if count >= at_least else None


def catalog_of_version(client: TalonOneClient, catalog_id: int, at_least: int) -> dict[str, Any] | None:
    """Check whether a catalog has an item of this version or a later one (management key)."""
    for page in client.paginate(ep.LIST_CATALOG_ITEMS, path={"catalogId": catalog_id}, decode=_decode_item):
        version = max(item.version or 0 for item in page)
        if version >= at_least:
            return {"catalog_id": catalog_id, "version": version}
    return None


def _is_later(text: str, earliest: datetime) -> bool:
    """Return whether the text is a later instant; a text that is not an instant is not later."""
    try:
        return parse_date_time(text) > earliest
    except ValueError:
        return False


CONDITIONS: Mapping[str, Callable[..., dict[str, Any] | None]] = {
    "transactions_since": transactions_since,
    "audience_of_size": audience_of_size,
    "catalog_of_version": catalog_of_version,
}

ARGUMENTS: Mapping[str, tuple[Setting, ...]] = {
    "transactions_since": (
        Setting("loyalty_program_id", "integer", "Id of the loyalty program.", required=True),
        Setting("since", "date-time", "Instant; only later rows count."),
    ),
    "audience_of_size": (
        Setting("audience_id", "integer", "Id of the audience.", required=True),
        Setting("at_least", "integer", "Number of members.", required=True),
    ),
    "catalog_of_version": (
        Setting("catalog_id", "integer", "Id of the catalog.", required=True),
        Setting("at_least", "integer", "Version of the catalog.", required=True),
    ),
}


def converted_arguments(condition: str, given: Any) -> dict[str, Any]:
    """Return the arguments of a condition, converted to their types and to JSON, without those that are not given.

    Raises:
        ValueError: names the argument.
    """
    arguments = converted(Setting("arguments", "object", "Arguments of the condition."), given) or {}
    known = {one.name: one for one in ARGUMENTS[condition]}
    unknown = next((name for name in arguments if name not in known), None)
    if unknown is not None:
        raise ValueError(f"the condition {condition} has no argument {unknown!r}; known arguments: {', '.join(known)}")
    found = {name: converted(one, arguments.get(name)) for name, one in known.items()}
    missing = next((one.name for one in known.values() if one.required and found[one.name] is None), None)
    if missing is not None:
        raise ValueError(f"the parameter {missing!r} is missing")
    return {name: _plain(value) for name, value in found.items() if value is not None}


def _plain(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
