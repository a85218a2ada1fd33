"""The streams of notifications: which types of notifications each table holds, and its columns.

Source: https://docs.talon.one/outbound-notifications
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from talon_one_schemas import notification
from talon_one_singer.values.column_names import snake_case
from talon_one_warehouse import TableSpec, table_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = ("notification_id", "position")
# What the receiver knows of each row. `additional_properties` holds what has no column.
ADDED: Mapping[str, Any] = {
    "notification_id": {"type": "string"},
    "position": {"type": "integer"},
    "notification_type": {"type": "string"},
    "received_at": {"type": "string", "format": "date-time"},
}
ADDITIONAL = "additional_properties"
# Properties of a body that are no values of its rows: its type, which has a column, and the number of items.
NO_VALUES = frozenset({"NotificationType", "TotalResultSize", "totalResultSize"})


@dataclass(frozen=True)
class NotificationStream:
    """A table of notifications.

    Attributes:
        name: of the stream and its table.
        about: what one row is.
        types: the values of ``NotificationType``.
        schema: name of the JSON Schema of the body.
        items: names that the list of items may have in the body; each item becomes a row. A notification without
            items is one row.
        renamed: columns of properties of the body whose names an item has too.
    """

    name: str
    about: str
    types: tuple[str, ...]
    schema: str
    items: tuple[str, ...] = ("Data",)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON Schema of the body."""
        return notification(self.schema)

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns of the properties of a body and of its items."""
        return frozenset(self._properties)

    @cached_property
    def table(self) -> TableSpec:
        """The table."""
        schema = {**ADDED, **self._properties, ADDITIONAL: {"type": ["object", "null"]}}
        return table_spec(self.name, {"properties": schema}, KEY)

    @property
    def _properties(self) -> dict[str, Any]:
        """The JSON Schemas of the properties by column."""
        of_body = self.body["properties"]
        of_items = of_body[self.items[0]]["items"]["properties"]
        values = {one: schema for one, schema in of_body.items() if one not in NO_VALUES | set(self.items)}
        found = {self.renamed.get(one, snake_case(one)): schema for one, schema in values.items()}
        return found | {snake_case(one): schema for one, schema in of_items.items()}


STREAMS = (
    NotificationStream(
        "notifications_points",
        "points of a profile that were added or deducted",
        ("LoyaltyPointsAdded", "LoyaltyPointsDeducted", "LoyaltyAddedDeductedPointsBalances"),
        "PointsNotification",
        items=("Actions",),
    ),
    NotificationStream(
        "notifications_card_points",
        "points of a card that were added or deducted",
        ("LoyaltyCardPointsAdded", "LoyaltyCardPointsDeducted", "LoyaltyCardAddedDeductedPointsBalances"),
        "CardPointsNotification",
        items=("Actions",),
    ),
    NotificationStream(
        "notifications_pending_points",
        "pending points of a profile that become active soon",
        ("LoyaltyPointsPendingToActive",),
        "PendingPointsNotification",
    ),
    NotificationStream(
        "notifications_expiring_points",
        "points of a profile that expire soon",
        ("LoyaltyPointsExpiring",),
        "ExpiringPointsNotification",
    ),
    NotificationStream(
        "notifications_expiring_card_points",
        "points of a card that expire soon",
        ("LoyaltyCardPointsExpiring",),
        "ExpiringCardPointsNotification",
    ),
    NotificationStream(
        "notifications_tiers",
        "a profile whose tier has changed or will be lower soon",
        ("TierUpgrade", "TierDowngrade", "TierWillDowngrade"),
        "TierNotification",
    ),
    NotificationStream(
        "notifications_coupons",
        "a coupon, or a batch of coupons, that was created, updated or deleted",
        (
            "CouponCreated",
            "CouponUpdated",
            "CouponDeleted",
            "CouponsUpdated",
            "CouponsDeleted",
            "AsyncCouponsCreated",
        ),
        "CouponNotification",
        items=("data",),
    ),
    NotificationStream(
        "notifications_expiring_coupons",
        "a coupon that expires soon",
        ("CouponCodeExpiring",),
        "ExpiringCouponNotification",
    ),
    NotificationStream(
        "notifications_campaigns",
        "a campaign, or the evaluation tree of an Application, that has changed",
        ("CampaignNotification", "CampaignEvaluationTreeChanged"),
        "CampaignNotification",
        items=("Data", "data"),
    ),
    NotificationStream(
        "notifications_strikethrough_prices",
        "an item of a catalog whose price has changed",
        ("StrikethroughPrice",),
        "StrikethroughNotification",
        items=("changedItems",),
        renamed={"version": "notification_version"},
    ),
)
BY_TYPE: Mapping[str, NotificationStream] = {one: stream for stream in STREAMS for one in stream.types}
