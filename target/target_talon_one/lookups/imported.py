"""Reads back what imports have written: loyalty cards, items of collections, and other rows by their keys."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client.http.csv_export import column_of
from talon_one_client.http.encoding import decode_json
from target_talon_one.lookups.exports import read_export
from target_talon_one.sinks.sink_type import Arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from target_talon_one.sinks.sink_type import Evidence, Listing, Lookup


_ITEMS_PER_PAGE = 10_000


class _Profile(msgspec.Struct, rename="camel"):
    integration_id: str


class _Card(msgspec.Struct):
    identifier: str
    status: str
    profiles: list[_Profile] | None = None


_decode_card = msgspec.json.Decoder(_Card).decode


def list_cards(
    client: TalonOneClient, target: Mapping[str, Any], check: Callable[[], None]
) -> Iterator[tuple[list[str], Sequence[Mapping[str, Any]]]]:
    """Yield identifiers and fields of all cards of the target's loyalty program; attributes are not listed."""
    check()
    path = {"loyaltyProgramId": target["loyalty_program_id"]}
    for page in client.paginate(ep.GET_LOYALTY_CARDS, path=path, decode=_decode_card):
        yield [card.identifier for card in page], [_card(card) for card in page]
        check()


def _card(card: _Card) -> dict[str, Any]:
    names = sorted(profile.integration_id for profile in card.profiles or ())
    return {"identifier": card.identifier, "status": card.status, "customerProfileIds": names}


def collection_listing(endpoint: Endpoint) -> Listing:
    """Return the listing of a collection from an export; an item is all that a row has."""

    def list_items(
        client: TalonOneClient, target: Mapping[str, Any], check: Callable[[], None]
    ) -> Iterator[tuple[list[str], None]]:
        check()
        names = {"collectionId": "collection_id", "applicationId": "application_id", "campaignId": "campaign_id"}
        path = {param.name: target[names[param.name]] for param in endpoint.path_params}
        items = read_export(client, endpoint, _items, path=path)
        while page := list(islice(items, _ITEMS_PER_PAGE)):
            yield page, None

    return list_items


def _items(lines: Iterator[list[str]]) -> Iterator[str]:
    column = column_of(next(lines), "item")
    return (line[column] for line in lines)


def by_key(listing: Listing) -> Lookup:
    """Return the lookup of a sink whose listing has the keys of its rows, each of which exists once at Talon.One.

    A row has arrived if Talon.One has its key with the same values, as far as these are listed.
    """

    def find(
        client: TalonOneClient,
        target: Mapping[str, Any],
        rows: Mapping[str, bytes],
        _: Evidence,
        check: Callable[[], None],
    ) -> Arrived:
        found: set[str] = set()
        for keys, fields in listing(client, target, check):
            there = zip(keys, fields or [{}] * len(keys), strict=True)
            found.update(key for key, one in there if key in rows and _is_row(decode_json(rows[key] or b"{}"), one))
        return Arrived(found)

    return find


def _is_row(expected: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    return all(there[name] == value for name, value in expected.items() if name in there)
