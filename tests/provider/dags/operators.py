"""DAGs that the tests run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, chain

from airflow_provider_talon_one.operators import (
    audiences,
    catalogs,
    coupons,
    customers,
    events,
    loyalty,
    loyalty_points,
    referrals,
    sessions,
)

ARGUMENTS = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}
CART = [{"name": "Milk", "sku": "m", "quantity": 2, "price": 1.5}]
SESSION = {"customerSession": {"profileId": "p1", "state": "closed", "cartItems": CART}}


def all_operators():
    """Run one task of each operator, in an order in which they succeed."""
    audience = "{{ ti.xcom_pull('create_audience')['id'] }}"
    tasks = [
        customers.UpdateCustomerProfilesOperator(
            task_id="profiles",
            customer_profiles=[{"integrationId": f"p{n}", "attributes": {"tier": "gold"}} for n in range(3)],
        ),
        customers.UpdateCustomerProfileOperator(
            task_id="profile", integration_id="p1", body={"attributes": {"tier": "silver"}}, run_rule_engine=True
        ),
        customers.GetCustomerInventoryOperator(task_id="inventory", integration_id="p1", profile=True),
        audiences.CreateAudienceOperator(task_id="create_audience", name="VIP", integration="x", integration_id="vip"),
        audiences.UpdateAudienceOperator(task_id="rename", audience_id=audience, name="Very VIP"),
        audiences.UpdateCustomerProfileAudiencesOperator(
            task_id="members",
            data=[{"action": "add", "profileIntegrationId": "p1", "audienceId": 1}],
        ),
        audiences.UpdateAudienceCustomersAttributesOperator(
            task_id="attributes", audience_id=audience, attributes={"tier": "platinum"}
        ),
        catalogs.SyncCatalogOperator(
            task_id="catalog", catalog_id=1, actions=[{"type": "ADD", "payload": {"sku": "a", "price": 1.5}}]
        ),
        coupons.CreateCouponReservationOperator(task_id="reserve", coupon_value="SAVE", integration_ids=["p1", "p2"]),
        coupons.DeleteCouponReservationOperator(task_id="release", coupon_value="SAVE", integration_ids=["p2"]),
        coupons.GetReservedCustomersOperator(task_id="reserved", coupon_value="SAVE"),
        events.TrackEventOperator(task_id="event", body={"profileId": "p1", "type": "visit", "attributes": {}}),
        sessions.UpdateCustomerSessionOperator(task_id="session", customer_session_id="s1", body=SESSION),
        sessions.UpdateCustomerSessionOperator(task_id="session_2", customer_session_id="s2", body=SESSION),
        sessions.ReturnCartItemsOperator(
            task_id="return", customer_session_id="s1", returned_cart_items=[{"position": 0, "quantity": 1}]
        ),
        sessions.ReopenCustomerSessionOperator(task_id="reopen", customer_session_id="s2"),
        sessions.GetCustomerSessionOperator(task_id="get_session", customer_session_id="s2"),
        referrals.CreateReferralOperator(task_id="referral", campaign_id=1, advocate_profile_integration_id="p1"),
        referrals.CreateReferralsForMultipleAdvocatesOperator(
            task_id="referrals",
            body={"campaignId": 1, "advocateProfileIntegrationIds": ["p1", "p2"], "usageLimit": 1},
        ),
        loyalty.LinkLoyaltyCardToProfileOperator(
            task_id="link", loyalty_program_id=1, loyalty_card_id="card-1", integration_id="p1"
        ),
        loyalty.GetLoyaltyCardBalancesOperator(task_id="card_balances", loyalty_program_id=1, loyalty_card_id="card-1"),
        loyalty.GetLoyaltyCardTransactionsOperator(
            task_id="card_rows", loyalty_program_id=1, loyalty_card_id="card-1", page_size=50
        ),
        loyalty.GetLoyaltyBalancesOperator(task_id="balances", loyalty_program_id=2, integration_id="p1"),
        loyalty.GetLoyaltyProgramProfileTransactionsOperator(
            task_id="rows", loyalty_program_id=2, integration_id="p1", page_size=50
        ),
        loyalty.GenerateLoyaltyCardOperator(
            task_id="new_card", loyalty_program_id=1, card_identifier="card-2", customer_profile_ids=["p1"]
        ),
        loyalty.UnlinkLoyaltyCardFromProfileOperator(
            task_id="unlink", loyalty_program_id=1, loyalty_card_id="card-2", integration_id="p1"
        ),
        loyalty_points.GetLoyaltyCardPointsOperator(
            task_id="card_points", loyalty_program_id=1, loyalty_card_id="card-1", sort="expiryDate"
        ),
        loyalty_points.ActivateLoyaltyPointsOperator(task_id="activate", loyalty_program_id=1, session_id="order-1"),
        loyalty_points.JoinLoyaltyProgramOperator(task_id="join", loyalty_program_id=2, integration_id="p1"),
        loyalty_points.JoinLoyaltyProgramOperator(
            task_id="join_again", loyalty_program_id="{{ 2 }}", integration_id="p1"
        ),
        loyalty_points.GetLoyaltyProgramProfilePointsOperator(
            task_id="points", loyalty_program_id=2, integration_id="p1", status="pending"
        ),
        loyalty_points.DeleteLoyaltyTransactionsFromLedgersOperator(
            task_id="delete_rows", loyalty_program_id=2, integration_id="p1", subledger_ids=[""]
        ),
        customers.GetCustomerAchievementsOperator(
            task_id="achievements", integration_id="p1", achievement_status=["active", "scheduled"]
        ),
        customers.GetCustomerAchievementHistoryOperator(
            task_id="attempts",
            integration_id="p1",
            achievement_id="{{ ti.xcom_pull('achievements')['data'][0]['id'] }}",
        ),
        catalogs.BestPriorPriceOperator(
            task_id="prior_price", skus=["a"], timeframe="30", timeframe_end_date="2099-01-01T00:00:00Z"
        ),
        coupons.IntegrationGetAllCampaignsOperator(task_id="campaigns", campaign_ids=["1"]),
        events.TrackEventV3Operator(
            task_id="event_3", body={"integrationId": "e1", "profileId": "p1", "type": "visit", "attributes": {}}
        ),
        events.GetEventV3Operator(task_id="get_event", integration_id="e1"),
        audiences.DeleteAudienceMembershipsOperator(task_id="empty", audience_id=audience),
        audiences.DeleteAudienceOperator(task_id="delete", audience_id=audience),
        customers.DeleteCustomerDataOperator(task_id="erase", integration_id="p0"),
    ]
    chain(*tasks)
    return tasks


with DAG("all_operators", **ARGUMENTS):
    all_operators()

with DAG("refused", **ARGUMENTS):
    loyalty.GetLoyaltyCardBalancesOperator(
        task_id="balances", loyalty_program_id=99, loyalty_card_id="card-1", retries=3
    )

with DAG("from_a_file", template_searchpath=[str(Path(__file__).parent)], params={"who": "p7"}, **ARGUMENTS):
    events.TrackEventOperator(task_id="event", body="event.json")

with DAG("names_like_files", template_searchpath=[str(Path(__file__).parent)], params={"who": "p7"}, **ARGUMENTS):
    events.TrackEventOperator.partial(task_id="event").expand(body=["event.json"])
    customers.UpdateCustomerProfileOperator(
        task_id="profile", integration_id="a.json", body={"attributes": {"photo": "{{ params.who }}.json"}}
    )
    customers.UpdateCustomerProfileOperator.partial(
        task_id="mapped", body={"attributes": {"photo": "photo.json"}}
    ).expand(integration_id=["b.json"])

with DAG("large", **ARGUMENTS):
    loyalty.GetLoyaltyCardTransactionsOperator(
        task_id="rows", loyalty_program_id=1, loyalty_card_id="card-1", page_size=1000
    )
