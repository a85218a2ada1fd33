"""Request payloads of mapped rows: items of a batch as JSON bytes, bodies of single calls.

A mapped row is its key and ``fields``, the canonical JSON object of the sink's fields. Bodies of single calls are
made of the JSON of each field, which is not decoded.
https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from target_talon_one.sinks.row_keys import split_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Target = dict[str, Any]
Fields = dict[str, msgspec.Raw]

_text = msgspec.json.encode


def add_member(target: Target, key: str, _: bytes) -> bytes:
    """Return the item that adds a profile to the audience; Talon.One creates a missing profile."""
    return b'{"action":"add","profileIntegrationId":%b,"audienceId":%d}' % (_text(key), target["audience_id"])


def delete_member(target: Target, key: str, _: bytes) -> bytes:
    """Return the item that removes a profile; the action is "delete", although the vendor's text calls it otherwise."""
    return b'{"action":"delete","profileIntegrationId":%b,"audienceId":%d}' % (_text(key), target["audience_id"])


def as_is(_: Target, __: str, fields: bytes) -> bytes:
    """Return the mapped fields as the item."""
    return fields


def replace_item(_: Target, __: str, fields: bytes) -> bytes:
    """Return an ADD that replaces: the stored item becomes the row, but keeps its price if the row has none."""
    return b'{"type":"ADD","payload":{"replaceIfExists":true,%b}' % fields[1:]


def leaves_price(target: Target, fields: bytes) -> bool:
    """Return whether a replaced item would keep a price that its row does not have."""
    return target.get("missing_price") != "keep" and "price" not in _names(fields)


def leaves_nothing(_: Target, __: bytes) -> bool:
    """Return False: most operations leave no old value behind."""
    return False


def _names(fields: bytes) -> set[str]:
    return set(msgspec.json.decode(fields, type=dict[str, msgspec.Raw]))


def insert_item(_: Target, __: str, fields: bytes) -> bytes:
    """Return an ADD that is refused where the SKU exists."""
    return b'{"type":"ADD","payload":%b}' % fields


def patch_or_create_item(_: Target, __: str, fields: bytes) -> bytes:
    """Return a PATCH that creates a missing item; fields that the row does not have are kept."""
    return b'{"type":"PATCH","payload":{"createIfNotExists":true,%b}' % fields[1:]


def patch_item(_: Target, __: str, fields: bytes) -> bytes:
    """Return a PATCH that is refused where the SKU is missing."""
    return b'{"type":"PATCH","payload":%b}' % fields


def remove_item(_: Target, key: str, __: bytes) -> bytes:
    """Return the REMOVE of a SKU; a SKU that does not exist is not an error."""
    return b'{"type":"REMOVE","payload":{"sku":%b}}' % _text(key)


def patch_many(_: Target, __: str, fields: bytes) -> bytes:
    """Return a PATCH_MANY: price and attributes of all items that match the filters."""
    return b'{"type":"PATCH_MANY","payload":%b}' % _only(fields, "filters", "price", "attributes")


def remove_many(_: Target, __: str, fields: bytes) -> bytes:
    """Return a REMOVE_MANY: all items that match the filters."""
    return b'{"type":"REMOVE_MANY","payload":%b}' % _only(fields, "filters")


def _only(fields: bytes, *names: str) -> bytes:
    values: dict[str, msgspec.Raw] = msgspec.json.decode(fields, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: values[name] for name in names if name in values})


def last_part(_: Target, key: str, __: bytes) -> bytes:
    """Return the last field of a key of several fields, as a JSON string."""
    return _text(split_key(key, 2)[-1])


def key_itself(_: Target, key: str, __: bytes) -> bytes:
    """Return the key as a JSON string."""
    return _text(key)


def without(*names: str) -> Callable[[Target, Fields], Any]:
    """Return a function that makes a body of all fields but these."""
    return lambda _, fields: {name: value for name, value in fields.items() if name not in names}


def only(*names: str) -> Callable[[Target, Fields], Any]:
    """Return a function that makes a body of these fields, as far as the row has them."""
    return lambda _, fields: {name: fields[name] for name in names if name in fields}


def session_body(_: Target, fields: Fields) -> Any:
    """Return the body of a session update."""
    return {"customerSession": {name: value for name, value in fields.items() if name != "customerSessionId"}}


def return_body(_: Target, fields: Fields) -> Any:
    """Return the body of a return."""
    return {"return": {"returnedCartItems": fields["returnedCartItems"]}}


def attribute_map(_: Target, fields: Fields) -> Any:
    """Return the bare attribute map that an update of all members takes."""
    return fields["attributes"]


def referral_body(target: Target, fields: Fields) -> Any:
    """Return the body of one referral; the campaign comes from the settings of the destination."""
    return {"campaignId": target["campaign_id"], **fields}


def advocates_common(target: Target) -> Mapping[str, Any]:
    """Return what the codes of all advocates of a request share."""
    common = {"campaignId": target["campaign_id"], "usageLimit": target["usage_limit"]}
    extra = {"start_date": "startDate", "expiry_date": "expiryDate", "referral_pattern": "referralPattern"}
    return common | {spelled: target[name] for name, spelled in extra.items() if target.get(name) is not None}


def catalog_common(target: Target) -> Mapping[str, Any]:
    """Return the version that the catalog must have, if one is set."""
    return {} if target.get("version") is None else {"version": target["version"]}


def nothing_common(_: Target) -> Mapping[str, Any]:
    """Return nothing: most requests contain only their list of rows."""
    return {}
