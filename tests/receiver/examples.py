"""A notification of every type, with the values that the vendor's document shows, and what becomes of it."""

from __future__ import annotations

POINTS = {
    "LoyaltyProgramID": 5,
    "SubledgerID": "sub-123",
    "TypeOfChange": "campaign_manager",
    "EmployeeName": "Franziska Schneider",
    "UserID": 25,
    "SessionIntegrationID": "cc53e4fa",
}
CHANGE = {
    "Amount": 10.99,
    "Reason": "Compensation",
    "Operation": "addition",
    "StartDate": "2023-01-24T14:15:22Z",
    "ExpiryDate": None,
    "TransactionUUID": "1a6a7599-2622-4489-9034-5a62da3944e0",
}
CARD = {"CardIdentifier": "123-456", "ProfileIntegrationIDs": ["a", "b"], "UsersPerCardLimit": 10}
TIER = {"CustomerProfileID": "ada", "LoyaltyProgramID": 5, "SubledgerID": "", "CurrentTier": "Silver"}
COUPON = {"id": 1, "created": "2023-01-31T15:19:25.18417+01:00", "campaignId": 7, "value": "73KXKKFP", "batchId": "b1"}
BATCH = {"TypeOfChange": "campaign_manager", "Operation": "x", "EmployeeName": "F", "BatchID": "b2", "CampaignID": 3}


def _many(kind, *items, data="Data", **more):
    return {"NotificationType": kind, "TotalResultSize": len(items), data: list(items), **more}


# By type: the table, the body, and some columns of its rows.
EXAMPLES = {
    "LoyaltyPointsAdded": (
        "notifications_points",
        {"ProfileIntegrationID": "ada", **POINTS, **CHANGE},
        ("profile_integration_id, amount, expiry_date", [("ada", "10.99", None)]),
    ),
    "LoyaltyPointsDeducted": (
        "notifications_points",
        {"ProfileIntegrationID": "ada", **POINTS, **CHANGE, "Operation": "subtraction"},
        ("operation, user_id", [("subtraction", "25")]),
    ),
    "LoyaltyAddedDeductedPointsBalances": (
        "notifications_points",
        {"ProfileIntegrationID": "ada", **POINTS, "CurrentPoints": 12.5, "Actions": [CHANGE, {**CHANGE, "Amount": 2}]},
        ("amount, current_points", [("10.99", "12.5"), ("2", "12.5")]),
    ),
    "LoyaltyCardPointsAdded": (
        "notifications_card_points",
        {**CARD, **POINTS, **CHANGE},
        ("card_identifier, profile_integration_ids", [("123-456", '["a","b"]')]),
    ),
    "LoyaltyCardPointsDeducted": (
        "notifications_card_points",
        {**CARD, **POINTS, **CHANGE},
        ("users_per_card_limit, amount", [("10", "10.99")]),
    ),
    "LoyaltyCardAddedDeductedPointsBalances": (
        "notifications_card_points",
        {**CARD, **POINTS, "CurrentPoints": 1, "Actions": [CHANGE]},
        ("amount, current_points", [("10.99", "1")]),
    ),
    "LoyaltyPointsPendingToActive": (
        "notifications_pending_points",
        _many("", {"LoyaltyProgramID": 5, "CustomerProfileID": "ada", "Points": 3, "ActiveOn": "2023-08-20T12:22:00Z"}),
        ("customer_profile_id, points, active_on", [("ada", "3", "2023-08-20 12:22:00+00:00")]),
    ),
    "LoyaltyPointsExpiring": (
        "notifications_expiring_points",
        _many("", {"LoyaltyProgramID": 5, "CustomerProfileID": "ada", "ExpiryDate": "2019-08-24"}),
        ("customer_profile_id, expiry_date", [("ada", "2019-08-24")]),
    ),
    "LoyaltyCardPointsExpiring": (
        "notifications_expiring_card_points",
        _many("", {"LoyaltyProgramID": 5, "CardIdentifier": "c-1", "Profiles": ["ada"], "AmountOfExpiringPoints": 4}),
        ("card_identifier, profiles, amount_of_expiring_points", [("c-1", '["ada"]', "4")]),
    ),
    "TierUpgrade": (
        "notifications_tiers",
        _many("", {**TIER, "NextTier": "Gold", "PointsRequiredToTheNextTier": 23.51}, {**TIER, "OldTier": None}),
        ("next_tier, points_required_to_the_next_tier", [("Gold", "23.51"), (None, None)]),
    ),
    "TierDowngrade": (
        "notifications_tiers",
        _many("", {**TIER, "OldTier": "Gold", "TimestampOfTierChange": "2023-10-26T12:23:00+02:00"}),
        ("old_tier, timestamp_of_tier_change", [("Gold", "2023-10-26 10:23:00+00:00")]),
    ),
    "TierWillDowngrade": (
        "notifications_tiers",
        _many("", {**TIER, "PointsRequiredToRemain": 23.51}),
        ("points_required_to_remain, old_tier", [("23.51", None)]),
    ),
    "CouponCreated": (
        "notifications_coupons",
        _many("", COUPON, {**COUPON, "id": 2}, data="data", **BATCH),
        ("id, value, batch_id, campaign_id", [("1", "73KXKKFP", "b1", "7"), ("2", "73KXKKFP", "b1", "7")]),
    ),
    "CouponUpdated": ("notifications_coupons", _many("", COUPON, data="data"), ("id, operation", [("1", None)])),
    "CouponDeleted": ("notifications_coupons", _many("", COUPON, data="data"), ("id, operation", [("1", None)])),
    "CouponsUpdated": ("notifications_coupons", BATCH, ("id, batch_id, campaign_id", [(None, "b2", "3")])),
    "CouponsDeleted": ("notifications_coupons", BATCH, ("id, batch_id", [(None, "b2")])),
    "AsyncCouponsCreated": ("notifications_coupons", {"BatchID": "b3"}, ("id, batch_id", [(None, "b3")])),
    "CouponCodeExpiring": (
        "notifications_expiring_coupons",
        _many("", {"CouponValue": "XMAS", "ValidUntil": "2024-12-24T14:15:22Z", "Attributes": {"a": 1}}),
        ("coupon_value, valid_until, attributes", [("XMAS", "2024-12-24 14:15:22+00:00", '{"a":1}')]),
    ),
    "CampaignNotification": (
        "notifications_campaigns",
        _many("", {"Event": "campaign_edited", "campaign": {"id": 4}, "oldCampaign": {"id": 4, "name": "é"}}),
        ("event, campaign, old_campaign", [("campaign_edited", '{"id":4}', '{"id":4,"name":"é"}')]),
    ),
    "CampaignEvaluationTreeChanged": (
        "notifications_campaigns",
        {"data": [{"event": "campaign_evaluation_tree_changed", "applicationId": 78, "evaluationTree": {"id": 6}}]},
        ("event, application_id, evaluation_tree", [("campaign_evaluation_tree_changed", "78", '{"id":6}')]),
    ),
    "StrikethroughPrice": (
        "notifications_strikethrough_prices",
        {"version": "v2", "applicationId": 1, "changedItems": [{"sku": "S", "version": 6, "price": 100, "x": [1]}]},
        (
            "sku, version, notification_version, price, additional_properties",
            [("S", "6", "v2", "100", '{"x":[1]}')],
        ),
    ),
}  # fmt: skip


def body_of(kind):
    """Return the body of the example of a type."""
    return {**EXAMPLES[kind][1], "NotificationType": kind}
