"""Which calls destroy data; they need ``--yes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.endpoints import Endpoint

_DESTROYS = {
    "delete_audience_memberships_v2": "removes all members of audience {audienceId}",
    "delete_audience_v2": "deletes audience {audienceId} with its memberships",
    "delete_coupon_reservation": "removes reservations of coupon {couponValue}",
    "delete_customer_data": "deletes all data of customer {integrationId}, which cannot be undone",
    "delete_loyalty_transactions_from_ledgers": (
        "deletes transactions of customer {integrationId} in loyalty program {loyaltyProgramId}, which cannot be undone"
    ),
    "import_audiences_memberships": "replaces all members of audience {audienceId} with those of the file",
    "unlink_loyalty_card_from_profile": "unlinks card {loyaltyCardId} from a profile",
}
_EVERY_ITEM = {"REMOVE_MANY": "removes every item of catalog {}", "PATCH_MANY": "changes every item of catalog {}"}


def destroys(endpoint: Endpoint, path: Mapping[str, Any], body: Any) -> str | None:
    """Return what the call would destroy, like "deletes audience 7"; None if it needs no consent."""
    if endpoint.destructive:
        words = _DESTROYS.get(endpoint.name, f"is destructive: {endpoint.method} {endpoint.path}")
        return words.format_map(path)
    if endpoint.name == "sync_catalog":
        return _unfiltered(path["catalogId"], body["actions"])
    return None


def _unfiltered(catalog: int, actions: list[dict[str, Any]]) -> str | None:
    for action in actions:
        if action["type"] in _EVERY_ITEM and not action["payload"].get("filters"):
            return f"{_EVERY_ITEM[action['type']].format(catalog)}: a {action['type']} action has no filters"
    return None
