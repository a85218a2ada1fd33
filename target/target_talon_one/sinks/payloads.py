"""How a mapped row looks on the wire: items of a batch as JSON bytes, bodies and paths of single calls.

A mapped row is its key and ``fields``, the canonical JSON object of what the sink's fields got.
https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Target = dict[str, Any]
Fields = dict[str, Any]
Item = "Callable[[Target, str, bytes], bytes]"

_text = msgspec.json.encode


def add_member(target: Target, key: str, _: bytes) -> bytes:
    """Item that puts a profile into the audience; Talon.One creates a missing profile."""
    return b'{"action":"add","profileIntegrationId":%b,"audienceId":%d}' % (_text(key), target["audience_id"])


def delete_member(target: Target, key: str, _: bytes) -> bytes:
    """Item that takes a profile out; the word is "delete", whatever the vendor's prose says."""
    return b'{"action":"delete","profileIntegrationId":%b,"audienceId":%d}' % (_text(key), target["audience_id"])


def as_is(_: Target, __: str, fields: bytes) -> bytes:
    """The mapped fields are the item."""
    return fields


def replace_item(_: Target, __: str, fields: bytes) -> bytes:
    """ADD that replaces: the stored item becomes the row, but keeps its price if the row has none."""
    return b'{"type":"ADD","payload":{"replaceIfExists":true,%b}' % fields[1:]


def leaves_price(target: Target, fields: bytes) -> bool:
    """Whether a replaced item would keep a price that its row does not have."""
    return target.get("missing_price") != "keep" and "price" not in _names(fields)


def leaves_nothing(_: Target, __: bytes) -> bool:
    """Most operations take away what a row does not hold."""
    return False


def _names(fields: bytes) -> set[str]:
    return set(msgspec.json.decode(fields, type=dict[str, msgspec.Raw]))


def insert_item(_: Target, __: str, fields: bytes) -> bytes:
    """ADD that is refused where the SKU exists."""
    return b'{"type":"ADD","payload":%b}' % fields


def patch_or_create_item(_: Target, __: str, fields: bytes) -> bytes:
    """PATCH that creates a missing item; what the row does not name stays."""
    return b'{"type":"PATCH","payload":{"createIfNotExists":true,%b}' % fields[1:]


def patch_item(_: Target, __: str, fields: bytes) -> bytes:
    """PATCH that is refused where the SKU is missing."""
    return b'{"type":"PATCH","payload":%b}' % fields


def remove_item(_: Target, key: str, __: bytes) -> bytes:
    """REMOVE of a SKU; one that is not there is no error."""
    return b'{"type":"REMOVE","payload":{"sku":%b}}' % _text(key)


def patch_many(_: Target, __: str, fields: bytes) -> bytes:
    """PATCH_MANY: price and attributes of all items that pass the filters."""
    return b'{"type":"PATCH_MANY","payload":%b}' % _part(fields, "filters", "price", "attributes")


def remove_many(_: Target, __: str, fields: bytes) -> bytes:
    """REMOVE_MANY: all items that pass the filters."""
    return b'{"type":"REMOVE_MANY","payload":%b}' % _part(fields, "filters")


def _part(fields: bytes, *names: str) -> bytes:
    values: dict[str, msgspec.Raw] = msgspec.json.decode(fields, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: values[name] for name in names if name in values})


def last_part(_: Target, key: str, __: bytes) -> bytes:
    """The last part of a key of several fields, as a JSON string."""
    return _text(parts_of(key, 2)[-1])


def key_itself(_: Target, key: str, __: bytes) -> bytes:
    """The key as a JSON string."""
    return _text(key)


def parts_of(key: str, count: int) -> list[str]:
    """The ``count`` fields of a key: the key itself, or those of the JSON list that a key of several fields is."""
    parts: list[str] = [key] if count == 1 else msgspec.json.decode(key)
    return parts


def joined(parts: list[str]) -> str:
    """The key of several fields: a JSON list of texts; that of one field: its text."""
    return parts[0] if len(parts) == 1 else _text(parts).decode()


def key_fields(names: Sequence[str], key: str) -> dict[str, str]:
    """The fields of a row of which only the key is known."""
    return dict(zip(names, parts_of(key, len(names)), strict=True))


def without(*names: str) -> Callable[[Target, Fields], Any]:
    """A body of all fields but these, which go elsewhere or nowhere."""
    return lambda _, fields: {name: value for name, value in fields.items() if name not in names}


def only(*names: str) -> Callable[[Target, Fields], Any]:
    """A body of these fields, as far as the row has them."""
    return lambda _, fields: {name: fields[name] for name in names if name in fields}


def session_body(_: Target, fields: Fields) -> Any:
    """The body of a session update."""
    return {"customerSession": {name: value for name, value in fields.items() if name != "customerSessionId"}}


def return_body(_: Target, fields: Fields) -> Any:
    """The body of a return."""
    return {"return": {"returnedCartItems": fields["returnedCartItems"]}}


def attribute_map(_: Target, fields: Fields) -> Any:
    """The bare attribute map that an update of all members wants."""
    return fields["attributes"]


def referral_body(target: Target, fields: Fields) -> Any:
    """The body of one referral: the campaign is the sync's."""
    return {"campaignId": target["campaign_id"], **fields}


def advocates_common(target: Target) -> Mapping[str, Any]:
    """What the codes of all advocates of a request share."""
    common = {"campaignId": target["campaign_id"], "usageLimit": target["usage_limit"]}
    extra = {"start_date": "startDate", "expiry_date": "expiryDate", "referral_pattern": "referralPattern"}
    return common | {wire: target[name] for name, wire in extra.items() if target.get(name) is not None}


def catalog_common(target: Target) -> Mapping[str, Any]:
    """The version that the catalog must have, if the sync keeps one."""
    return {} if target.get("version") is None else {"version": target["version"]}


def nothing_common(_: Target) -> Mapping[str, Any]:
    """Most bodies hold their list only."""
    return {}
