"""The sinks of catalogs: items, and rules for all items that match filters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from target_talon_one.lookups import remote
from target_talon_one.sinks import payloads
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field

if TYPE_CHECKING:
    from collections.abc import Callable


def _sync(item: Callable[[payloads.Target, str, bytes], bytes]) -> Action:
    return Action(ep.SYNC_CATALOG, item, payloads.catalog_common, path=(("catalogId", "target.catalog_id"),))


_REPLACE = replace(_sync(payloads.replace_item), undone_by=payloads.remove_item, leaves=payloads.leaves_price)
_INSERT = _sync(payloads.insert_item)
_PATCH_OR_CREATE, _PATCH, _REMOVE = (
    _sync(payloads.patch_or_create_item),
    _sync(payloads.patch_item),
    _sync(payloads.remove_item),
)

CATALOG_ITEMS = SinkType(
    "catalog_items",
    "Items of a catalog.",
    (
        key_field("sku", max_length=None),
        Field("price", "number"),
        Field("attributes", "attributes"),
        Field("product", "product"),
    ),
    {
        "mirror": {"add": _REPLACE, "update": _REPLACE, "remove": _REMOVE},
        "upsert": {"add": _PATCH_OR_CREATE, "update": _PATCH_OR_CREATE},
        "insert_only": {"add": _INSERT},
        "update_only": {"add": _PATCH, "update": _PATCH},
        "remove": {"remove": _REMOVE},
    },
    target=("catalog_id", "version?", "missing_price?"),
    entity="CartItem",
    ordered=True,
    listing=remote.list_items,
    collects_attributes=True,
)

CATALOG_RULES = SinkType(
    "catalog_rules",
    "Price and attributes of all items that match filters, or the removal of these items.",
    (
        Field("rule", required=True, key=True),
        Field("filters", "array", required=True),
        Field("price", "number"),
        Field("attributes", "attributes"),
    ),
    {
        "upsert": {"add": _sync(payloads.patch_many), "update": _sync(payloads.patch_many)},
        "remove": {"remove": replace(_sync(payloads.remove_many), deletes=True)},
    },
    target=("catalog_id", "version?"),
    entity="CartItem",
    ordered=True,
    filter_field="filters",
)
