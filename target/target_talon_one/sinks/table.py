"""The table of sinks: everything that the target can write to.

To add a sink is to add a ``SinkType`` to one of these modules and to this list; see CONTRIBUTING.md.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_talon_one.sinks import (
    audience_sinks,
    catalog_sinks,
    import_sinks,
    loyalty_sinks,
    profile_sinks,
    promotion_sinks,
    session_sinks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_talon_one.sinks.sink_type import SinkType

SINKS: Mapping[str, SinkType] = {
    sink.name: sink
    for sink in (
        audience_sinks.AUDIENCE_MEMBERS,
        audience_sinks.AUDIENCES,
        audience_sinks.AUDIENCE_ATTRIBUTES,
        profile_sinks.CUSTOMER_PROFILES,
        catalog_sinks.CATALOG_ITEMS,
        catalog_sinks.CATALOG_RULES,
        session_sinks.EVENTS,
        session_sinks.ADVANCED_EVENTS,
        session_sinks.CUSTOMER_SESSIONS,
        session_sinks.CART_ITEM_RETURNS,
        session_sinks.SESSION_REOPENS,
        promotion_sinks.COUPON_RESERVATIONS,
        promotion_sinks.REFERRALS,
        promotion_sinks.REFERRALS_MULTIPLE,
        loyalty_sinks.LOYALTY_CARDS,
        loyalty_sinks.LOYALTY_CARD_LINKS,
        loyalty_sinks.LOYALTY_PROGRAM_MEMBERS,
        loyalty_sinks.LOYALTY_POINT_ACTIVATIONS,
        loyalty_sinks.LOYALTY_TRANSACTION_DELETIONS,
        import_sinks.LOYALTY_POINTS_IMPORT,
        import_sinks.LOYALTY_CARDS_IMPORT,
        import_sinks.LOYALTY_TIERS_IMPORT,
        import_sinks.LOYALTY_JOIN_DATES_IMPORT,
        import_sinks.COUPONS_IMPORT,
        import_sinks.REFERRALS_IMPORT,
        import_sinks.COLLECTION_ITEMS,
        import_sinks.CAMPAIGN_COLLECTION_ITEMS,
        profile_sinks.CUSTOMER_DATA_DELETIONS,
        profile_sinks.CUSTOMER_PROFILE,
    )
}
