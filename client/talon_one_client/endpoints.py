"""The endpoint table: every Talon.One operation this project knows, as data.

One row per operation. The client, the rate limits, the emulator, the docs page and the contract tests
read this table and nothing else, so a fact about an endpoint is written down once. The 39 operations of
the Integration API come first, then those of the Management API that enumerate, export or verify. Era ``current``
is platform 26.16 of August 2026.

Source: https://docs.talon.one/integration-api and https://docs.talon.one/management-api
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Api = Literal["integration", "management"]
Era = Literal["seed", "current"]
Conflict = Literal["none", "concurrency", "exists", "either"]
Media = Literal["json", "csv", "multipart"]


@dataclass(frozen=True, slots=True)
class Param:
    """A path or query parameter.

    ``minimum``/``maximum`` bound an integer in era ``current``; ``seed_maximum`` is the older cap where it
    differs. ``seed_single`` marks a repeatable parameter that took a single value in era ``seed``. ``comma`` marks an
    array whose items are sent in one value, separated by commas; the items of other arrays repeat the parameter.
    ``enum`` of an array bounds its items.
    """

    name: str
    type: Literal["string", "integer", "boolean", "array"] = "string"
    format: str | None = None
    required: bool = False
    since: Era = "seed"
    enum: tuple[str, ...] = ()
    default: str | int | bool | None = None
    minimum: int | None = None
    maximum: int | None = None
    seed_maximum: int | None = None
    seed_default: int | None = None
    seed_single: bool = False
    comma: bool = False
    min_length: int | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation.

    ``responses`` maps each success status to a record schema (None: no JSON body). ``reads`` marks a POST that changes
    nothing. ``repeatable`` says that sending the request twice does no harm; a request that is not is repeated only if
    it surely was not processed, or under its ``Idempotency-Key``. ``conflict`` is the meaning of a 409: ``concurrency``
    (try again), ``exists`` (do not try again), ``either`` (the server's message says which of these two), ``none`` (not
    documented; do not try again). ``items`` names the body field that ``max_items`` bounds; where it is None, it bounds
    the rows of an uploaded file. ``one_at_a_time`` names the path parameter whose requests must not overlap and
    ``max_in_flight`` bounds requests on one profile or session.
    ``since`` is the era that introduced the operation. ``row_key`` is the field that identifies a row of a paged list.
    """

    name: str
    operation_id: str
    api: Api
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    responses: Mapping[int, str | None]
    path_params: tuple[Param, ...] = ()
    query: tuple[Param, ...] = ()
    request: str | None = None
    request_media: Media = "json"
    response_media: Media = "json"
    errors: tuple[int, ...] = ()
    paged: bool = False
    reads: bool = False
    repeatable: bool = True
    idempotency_key: bool = False
    destructive: bool = False
    conflict: Conflict = "none"
    items: str | None = None
    max_items: int | None = None
    one_at_a_time: str | None = None
    max_in_flight: int | None = None
    since: Era = "seed"
    row_key: str = "id"
    query_by_name: Mapping[str, Param] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "query_by_name", MappingProxyType({p.name: p for p in self.query}))

    @property
    def created_bounds(self) -> tuple[str, str]:
        """Names of the parameters that bound ``created``, its earliest value first."""
        after, before = "createdAfter", "createdBefore"
        return (after, before) if after in self.query_by_name else ("startDate", "endDate")

    @property
    def writes(self) -> bool:
        """True if the operation changes anything at Talon.One."""
        return self.method != "GET" and not self.reads

    @property
    def has_body(self) -> bool:
        """True if the request carries a body."""
        return self.request is not None or self.request_media == "multipart"

    @property
    def doc_url(self) -> str:
        """The vendor's page of this operation."""
        return f"https://docs.talon.one/{self.api}-api#operation/{self.operation_id}"

    def max_page_size(self, era: Era) -> int:
        """Largest ``pageSize`` of a paged endpoint in ``era``."""
        param = self.query_by_name["pageSize"]
        cap = param.seed_maximum if era == "seed" and param.seed_maximum else param.maximum
        return cap or 1000


ACTIVATE_LOYALTY_POINTS = Endpoint(
    name="activate_loyalty_points",
    operation_id="activateLoyaltyPoints",
    api="integration",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/activate_points",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    request="ActivateLoyaltyPoints",
    responses={200: "ActivateLoyaltyPointsResponse"},
    errors=(400, 401, 404),
    items="transactionUUIDs",
    max_items=50,
    since="current",
)

BEST_PRIOR_PRICE = Endpoint(
    name="best_prior_price",
    operation_id="bestPriorPrice",
    api="integration",
    method="POST",
    path="/v1/best_prior_price",
    request="BestPriorPriceRequest",
    responses={200: "BestPriorPriceList"},
    reads=True,
    since="current",
)

CREATE_AUDIENCE_V2 = Endpoint(
    name="create_audience_v2",
    operation_id="createAudienceV2",
    api="integration",
    method="POST",
    path="/v2/audiences",
    request="NewAudience",
    responses={201: "Audience"},
    errors=(400, 401, 409),
    repeatable=False,
    conflict="exists",
)

CREATE_COUPON_RESERVATION = Endpoint(
    name="create_coupon_reservation",
    operation_id="createCouponReservation",
    api="integration",
    method="POST",
    path="/v1/coupon_reservations/{couponValue}",
    path_params=(Param("couponValue"),),
    request="CouponReservations",
    responses={201: "Coupon"},
    errors=(400, 401, 404),
    items="integrationIDs",
    max_items=1000,
)

CREATE_REFERRAL = Endpoint(
    name="create_referral",
    operation_id="createReferral",
    api="integration",
    method="POST",
    path="/v1/referrals",
    request="NewReferral",
    responses={201: "Referral"},
    errors=(400, 401),
    repeatable=False,
)

CREATE_REFERRALS_FOR_MULTIPLE_ADVOCATES = Endpoint(
    name="create_referrals_for_multiple_advocates",
    operation_id="createReferralsForMultipleAdvocates",
    api="integration",
    method="POST",
    path="/v1/referrals_for_multiple_advocates",
    query=(Param("silent", enum=("yes", "no"), default="yes"),),
    request="NewReferralsForMultipleAdvocates",
    responses={201: "ReferralList", 204: None},
    errors=(400, 401),
    repeatable=False,
    items="advocateProfileIntegrationIds",
    max_items=1000,
)

DELETE_AUDIENCE_MEMBERSHIPS_V2 = Endpoint(
    name="delete_audience_memberships_v2",
    operation_id="deleteAudienceMembershipsV2",
    api="integration",
    method="DELETE",
    path="/v2/audiences/{audienceId}/memberships",
    path_params=(Param("audienceId", type="integer"),),
    responses={204: None},
    errors=(401, 404),
    destructive=True,
)

DELETE_AUDIENCE_V2 = Endpoint(
    name="delete_audience_v2",
    operation_id="deleteAudienceV2",
    api="integration",
    method="DELETE",
    path="/v2/audiences/{audienceId}",
    path_params=(Param("audienceId", type="integer"),),
    responses={204: None},
    errors=(400, 401, 404),
    destructive=True,
)

DELETE_COUPON_RESERVATION = Endpoint(
    name="delete_coupon_reservation",
    operation_id="deleteCouponReservation",
    api="integration",
    method="DELETE",
    path="/v1/coupon_reservations/{couponValue}",
    path_params=(Param("couponValue"),),
    request="CouponReservations",
    responses={204: None},
    errors=(400, 401, 404),
    destructive=True,
    items="integrationIDs",
    max_items=1000,
)

DELETE_CUSTOMER_DATA = Endpoint(
    name="delete_customer_data",
    operation_id="deleteCustomerData",
    api="integration",
    method="DELETE",
    path="/v1/customer_data/{integrationId}",
    path_params=(Param("integrationId"),),
    responses={204: None},
    errors=(401, 404),
    destructive=True,
)

DELETE_LOYALTY_TRANSACTIONS_FROM_LEDGERS = Endpoint(
    name="delete_loyalty_transactions_from_ledgers",
    operation_id="deleteLoyaltyTransactionsFromLedgers",
    api="integration",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/profile/{integrationId}/delete_transactions",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("integrationId"),
    ),
    request="DeleteLoyaltyTransactionsRequest",
    responses={204: None},
    errors=(400, 401, 404),
    destructive=True,
    since="current",
)

GENERATE_LOYALTY_CARD = Endpoint(
    name="generate_loyalty_card",
    operation_id="generateLoyaltyCard",
    api="integration",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    request="GenerateLoyaltyCard",
    responses={200: "LoyaltyCard"},
    errors=(400, 401),
    repeatable=False,
    since="current",
)

GET_CUSTOMER_ACHIEVEMENTS = Endpoint(
    name="get_customer_achievements",
    operation_id="getCustomerAchievements",
    api="integration",
    method="GET",
    path="/v1/customer_profiles/{integrationId}/achievements",
    path_params=(Param("integrationId"),),
    query=(
        Param("campaignIds", type="array", comma=True),
        Param("achievementIds", type="array", comma=True),
        Param("achievementStatus", type="array", comma=True, enum=("active", "scheduled")),
        Param("currentProgressStatus", type="array", comma=True, enum=("inprogress", "completed", "not_started")),
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
    ),
    responses={200: "CustomerAchievementsPage"},
    errors=(400, 401, 404),
    paged=True,
    since="current",
)

GET_CUSTOMER_ACHIEVEMENT_HISTORY = Endpoint(
    name="get_customer_achievement_history",
    operation_id="getCustomerAchievementHistory",
    api="integration",
    method="GET",
    path="/v1/customer_profiles/{integrationId}/achievements/{achievementId}",
    path_params=(
        Param("integrationId"),
        Param("achievementId", type="integer"),
    ),
    query=(
        Param("progressStatus", type="array", comma=True, enum=("inprogress", "completed", "expired")),
        Param("startDate", format="date-time"),
        Param("endDate", format="date-time"),
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
    ),
    responses={200: "AchievementHistoryPage"},
    errors=(400, 401, 404),
    paged=True,
    since="current",
)

GET_CUSTOMER_INVENTORY = Endpoint(
    name="get_customer_inventory",
    operation_id="getCustomerInventory",
    api="integration",
    method="GET",
    path="/v1/customer_profiles/{integrationId}/inventory",
    path_params=(Param("integrationId"),),
    query=(
        Param("profile", type="boolean"),
        Param("referrals", type="boolean"),
        Param("coupons", type="boolean"),
        Param("loyalty", type="boolean"),
        Param("giveaways", type="boolean"),
        Param("achievements", type="boolean", since="current"),
    ),
    responses={200: "CustomerInventory"},
    errors=(401, 404),
)

GET_CUSTOMER_SESSION = Endpoint(
    name="get_customer_session",
    operation_id="getCustomerSession",
    api="integration",
    method="GET",
    path="/v2/customer_sessions/{customerSessionId}",
    path_params=(Param("customerSessionId"),),
    responses={200: "IntegrationCustomerSessionResponse"},
    errors=(400, 401),
)

GET_EVENT_V3 = Endpoint(
    name="get_event_v3",
    operation_id="getEventV3",
    api="integration",
    method="GET",
    path="/v3/events/{integrationId}",
    path_params=(Param("integrationId"),),
    responses={200: "EventV3"},
    errors=(404,),
    since="current",
)

GET_LOYALTY_BALANCES = Endpoint(
    name="get_loyalty_balances",
    operation_id="getLoyaltyBalances",
    api="integration",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/profile/{integrationId}/balances",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("integrationId"),
    ),
    query=(
        Param("endDate", format="date-time"),
        Param("subledgerId", since="current"),
        Param("includeTiers", type="boolean", since="current", default=False),
        Param("includeProjectedTier", type="boolean", since="current", default=False),
    ),
    responses={200: "LoyaltyBalancesWithTiers"},
    errors=(400, 401, 404),
)

GET_LOYALTY_CARD_BALANCES = Endpoint(
    name="get_loyalty_card_balances",
    operation_id="getLoyaltyCardBalances",
    api="integration",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/balances",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("loyaltyCardId", min_length=4, max_length=108),
    ),
    query=(
        Param("endDate", format="date-time"),
        Param("subledgerId", type="array", since="current"),
    ),
    responses={200: "LoyaltyCardBalances"},
    errors=(400, 401, 404),
)

GET_LOYALTY_CARD_POINTS = Endpoint(
    name="get_loyalty_card_points",
    operation_id="getLoyaltyCardPoints",
    api="integration",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/points",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("loyaltyCardId", min_length=4, max_length=108),
    ),
    query=(
        Param("status", enum=("active", "pending", "expired"), default="active"),
        Param("subledgerId", type="array"),
        Param("customerSessionIDs", type="array"),
        Param("transactionUUIDs", type="array"),
        Param("pageSize", type="integer", default=50, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort", enum=("startDate", "-startDate", "expiryDate", "-expiryDate")),
    ),
    responses={200: "LoyaltyCardPointsPage"},
    errors=(400, 401, 404),
    paged=True,
    since="current",
)

GET_LOYALTY_CARD_TRANSACTIONS = Endpoint(
    name="get_loyalty_card_transactions",
    operation_id="getLoyaltyCardTransactions",
    api="integration",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/transactions",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("loyaltyCardId", min_length=4, max_length=108),
    ),
    query=(
        Param("subledgerId", type="array", seed_single=True),
        Param("startDate", format="date-time"),
        Param("endDate", format="date-time"),
        Param("pageSize", type="integer", default=50, minimum=1, maximum=1000, seed_default=1000),
        Param("skip", type="integer"),
        Param("loyaltyTransactionType", since="current", enum=("manual", "session", "import")),
        Param("customerSessionIDs", type="array", since="current"),
        Param("transactionUUIDs", type="array", since="current"),
        Param("awaitsActivation", type="boolean", since="current"),
    ),
    responses={200: "LoyaltyCardTransactionsPage"},
    errors=(400, 401, 404),
    paged=True,
)

GET_LOYALTY_PROGRAM_PROFILE_POINTS = Endpoint(
    name="get_loyalty_program_profile_points",
    operation_id="getLoyaltyProgramProfilePoints",
    api="integration",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/profile/{integrationId}/points",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("integrationId"),
    ),
    query=(
        Param("status", enum=("active", "pending", "expired"), default="active"),
        Param("subledgerId", type="array"),
        Param("customerSessionIDs", type="array"),
        Param("transactionUUIDs", type="array"),
        Param("pageSize", type="integer", default=50, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort", enum=("startDate", "-startDate", "expiryDate", "-expiryDate")),
    ),
    responses={200: "LoyaltyProgramProfilePointsPage"},
    errors=(400, 401, 404),
    paged=True,
    since="current",
)

GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS = Endpoint(
    name="get_loyalty_program_profile_transactions",
    operation_id="getLoyaltyProgramProfileTransactions",
    api="integration",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/profile/{integrationId}/transactions",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("integrationId"),
    ),
    query=(
        Param("subledgerId"),
        Param("startDate", format="date-time"),
        Param("endDate", format="date-time"),
        Param("pageSize", type="integer", default=50, minimum=1, maximum=1000, seed_maximum=50),
        Param("skip", type="integer"),
        Param("customerSessionIDs", type="array", since="current"),
        Param("transactionUUIDs", type="array", since="current"),
        Param("loyaltyTransactionType", since="current", enum=("manual", "session", "import")),
        Param("awaitsActivation", type="boolean", since="current"),
    ),
    responses={200: "LoyaltyProgramProfileTransactionsPage"},
    errors=(400, 401, 404),
    paged=True,
)

GET_RESERVED_CUSTOMERS = Endpoint(
    name="get_reserved_customers",
    operation_id="getReservedCustomers",
    api="integration",
    method="GET",
    path="/v1/coupon_reservations/customerprofiles/{couponValue}",
    path_params=(Param("couponValue"),),
    responses={200: "ReservedCustomers"},
    errors=(400, 401, 404),
)

INTEGRATION_GET_ALL_CAMPAIGNS = Endpoint(
    name="integration_get_all_campaigns",
    operation_id="integrationGetAllCampaigns",
    api="integration",
    method="GET",
    path="/v1/integration/campaigns",
    query=(
        Param("pageSize", type="integer", default=50, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("campaignIds", type="array", comma=True),
        Param("startAfter", format="date-time"),
        Param("startBefore", format="date-time"),
        Param("endAfter", format="date-time"),
        Param("endBefore", format="date-time"),
        Param("storeId", type="integer"),
        Param("audienceId", type="integer"),
    ),
    responses={200: "IntegrationCampaignsPage"},
    errors=(400, 401, 404),
    paged=True,
    since="current",
)

JOIN_LOYALTY_PROGRAM = Endpoint(
    name="join_loyalty_program",
    operation_id="joinLoyaltyProgram",
    api="integration",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/profile/{integrationId}/join",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("integrationId"),
    ),
    responses={200: None},
    errors=(400, 401, 404),
    since="current",
)

LINK_LOYALTY_CARD_TO_PROFILE = Endpoint(
    name="link_loyalty_card_to_profile",
    operation_id="linkLoyaltyCardToProfile",
    api="integration",
    method="POST",
    path="/v2/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/link_profile",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("loyaltyCardId", min_length=4, max_length=108),
    ),
    request="LoyaltyCardRegistration",
    responses={200: "LoyaltyCard"},
    errors=(400, 401, 404),
)

REOPEN_CUSTOMER_SESSION = Endpoint(
    name="reopen_customer_session",
    operation_id="reopenCustomerSession",
    api="integration",
    method="PUT",
    path="/v2/customer_sessions/{customerSessionId}/reopen",
    path_params=(Param("customerSessionId"),),
    responses={200: "ReopenSessionResponse"},
    errors=(400, 401),
    idempotency_key=True,
    repeatable=False,
)

RETURN_CART_ITEMS = Endpoint(
    name="return_cart_items",
    operation_id="returnCartItems",
    api="integration",
    method="POST",
    path="/v2/customer_sessions/{customerSessionId}/returns",
    path_params=(Param("customerSessionId"),),
    query=(
        Param("dry", type="boolean"),
        Param("runRuleEngine", type="boolean", since="current"),
    ),
    request="ReturnIntegrationRequest",
    responses={200: "IntegrationStateV2"},
    errors=(400, 401),
    idempotency_key=True,
    repeatable=False,
)

SYNC_CATALOG = Endpoint(
    name="sync_catalog",
    operation_id="syncCatalog",
    api="integration",
    method="PUT",
    path="/v1/catalogs/{catalogId}/sync",
    path_params=(Param("catalogId", type="integer"),),
    request="CatalogSyncRequest",
    responses={200: "Catalog"},
    errors=(400, 401, 404),
    items="actions",
    max_items=1000,
    one_at_a_time="catalogId",
)

TRACK_EVENT_V2 = Endpoint(
    name="track_event_v2",
    operation_id="trackEventV2",
    api="integration",
    method="POST",
    path="/v2/events",
    query=(
        Param("silent", enum=("yes", "no"), default="yes"),
        Param("dry", type="boolean"),
        Param("forceCompleteEvaluation", type="boolean", since="current", default=False),
    ),
    request="IntegrationEventV2Request",
    responses={200: "IntegrationEventV2Response", 204: None},
    errors=(400, 401, 409),
    idempotency_key=True,
    repeatable=False,
    conflict="concurrency",
    max_in_flight=3,
)

TRACK_EVENT_V3 = Endpoint(
    name="track_event_v3",
    operation_id="trackEventV3",
    api="integration",
    method="POST",
    path="/v3/events",
    query=(
        Param("silent", enum=("yes", "no"), default="yes"),
        Param("dry", type="boolean"),
        Param("forceCompleteEvaluation", type="boolean", default=False),
    ),
    request="IntegrationEventV3Request",
    responses={200: "IntegrationEventV3Response", 204: None},
    errors=(400, 401, 409),
    conflict="either",
    max_in_flight=3,
    since="current",
)

UNLINK_LOYALTY_CARD_FROM_PROFILE = Endpoint(
    name="unlink_loyalty_card_from_profile",
    operation_id="unlinkLoyaltyCardFromProfile",
    api="integration",
    method="POST",
    path="/v2/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/unlink_profile",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("loyaltyCardId", min_length=4, max_length=108),
    ),
    request="LoyaltyCardRegistration",
    responses={200: "LoyaltyCard"},
    errors=(400, 401, 404),
    destructive=True,
    since="current",
)

UPDATE_AUDIENCE_CUSTOMERS_ATTRIBUTES = Endpoint(
    name="update_audience_customers_attributes",
    operation_id="updateAudienceCustomersAttributes",
    api="integration",
    method="PUT",
    path="/v2/audience_customers/{audienceId}/attributes",
    path_params=(Param("audienceId", type="integer"),),
    request="AttributeQuery",
    responses={204: None},
    errors=(401, 404),
)

UPDATE_AUDIENCE_V2 = Endpoint(
    name="update_audience_v2",
    operation_id="updateAudienceV2",
    api="integration",
    method="PUT",
    path="/v2/audiences/{audienceId}",
    path_params=(Param("audienceId", type="integer"),),
    request="UpdateAudience",
    responses={200: "Audience"},
    errors=(401, 404),
)

UPDATE_CUSTOMER_PROFILE_AUDIENCES = Endpoint(
    name="update_customer_profile_audiences",
    operation_id="updateCustomerProfileAudiences",
    api="integration",
    method="POST",
    path="/v2/customer_audiences",
    request="CustomerProfileAudienceRequest",
    responses={204: None},
    errors=(400, 401, 404),
    items="data",
    max_items=1000,
)

UPDATE_CUSTOMER_PROFILE_V2 = Endpoint(
    name="update_customer_profile_v2",
    operation_id="updateCustomerProfileV2",
    api="integration",
    method="PUT",
    path="/v2/customer_profiles/{integrationId}",
    path_params=(Param("integrationId"),),
    query=(
        Param("runRuleEngine", type="boolean", default=False),
        Param("dry", type="boolean"),
    ),
    request="CustomerProfileIntegrationRequestV2",
    responses={200: "CustomerProfileIntegrationResponseV2"},
    errors=(400, 401, 409),
    idempotency_key=True,
    repeatable=False,
    conflict="concurrency",
    max_in_flight=3,
)

UPDATE_CUSTOMER_PROFILES_V2 = Endpoint(
    name="update_customer_profiles_v2",
    operation_id="updateCustomerProfilesV2",
    api="integration",
    method="PUT",
    path="/v2/customer_profiles",
    query=(Param("silent", enum=("yes", "no"), default="yes"),),
    request="MultipleCustomerProfileIntegrationRequest",
    responses={200: "MultipleCustomerProfileIntegrationResponseV2", 204: None},
    errors=(400, 401),
    idempotency_key=True,
    items="customerProfiles",
    max_items=1000,
)

UPDATE_CUSTOMER_SESSION_V2 = Endpoint(
    name="update_customer_session_v2",
    operation_id="updateCustomerSessionV2",
    api="integration",
    method="PUT",
    path="/v2/customer_sessions/{customerSessionId}",
    path_params=(Param("customerSessionId"),),
    query=(
        Param("dry", type="boolean"),
        Param("now", format="date-time", since="current"),
    ),
    request="IntegrationRequest",
    responses={200: "IntegrationStateV2"},
    errors=(400, 401, 409),
    idempotency_key=True,
    repeatable=False,
    conflict="concurrency",
    max_in_flight=3,
)

GET_LOYALTY_PROGRAMS = Endpoint(
    name="get_loyalty_programs",
    operation_id="getLoyaltyPrograms",
    api="management",
    method="GET",
    path="/v1/loyalty_programs",
    responses={200: "LoyaltyProgramsPage"},
)

GET_LOYALTY_PROGRAM = Endpoint(
    name="get_loyalty_program",
    operation_id="getLoyaltyProgram",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    responses={200: "LoyaltyProgram"},
)

GET_LOYALTY_CARDS = Endpoint(
    name="get_loyalty_cards",
    operation_id="getLoyaltyCards",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("identifier", min_length=4),
        Param("profileId", type="integer", minimum=1),
        Param("batchId", since="current"),
    ),
    responses={200: "LoyaltyCardsPage"},
    errors=(400, 401),
    paged=True,
)

GET_LOYALTY_CARD = Endpoint(
    name="get_loyalty_card",
    operation_id="getLoyaltyCard",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("loyaltyCardId", min_length=4, max_length=108),
    ),
    responses={200: "LoyaltyCard"},
    errors=(400, 401, 404),
)

GET_LOYALTY_PROGRAM_TRANSACTIONS = Endpoint(
    name="get_loyalty_program_transactions",
    operation_id="getLoyaltyProgramTransactions",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/transactions",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    query=(
        Param("loyaltyTransactionType", enum=("manual", "session", "import")),
        Param("subledgerId"),
        Param("customerSessionIDs", type="array", since="current"),
        Param("transactionUUIDs", type="array", since="current"),
        Param("startDate", format="date-time"),
        Param("endDate", format="date-time"),
        Param("pageSize", type="integer", default=50, minimum=1, maximum=1000, seed_maximum=50),
        Param("skip", type="integer"),
        Param("awaitsActivation", type="boolean", since="current"),
    ),
    responses={200: "LoyaltyProgramTransactionsPage"},
    errors=(400, 401, 404),
    paged=True,
)

GET_LOYALTY_CARD_TRANSACTION_LOGS = Endpoint(
    name="get_loyalty_card_transaction_logs",
    operation_id="getLoyaltyCardTransactionLogs",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/logs",
    path_params=(
        Param("loyaltyProgramId", type="integer"),
        Param("loyaltyCardId", min_length=4, max_length=108),
    ),
    query=(
        Param("startDate", format="date-time"),
        Param("endDate", format="date-time"),
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("subledgerId"),
        Param("customerSessionIDs", type="array", since="current"),
        Param("transactionUUIDs", type="array", since="current"),
    ),
    responses={200: "LoyaltyCardTransactionLogsPage"},
    errors=(401, 404),
    paged=True,
)

EXPORT_LOYALTY_BALANCES = Endpoint(
    name="export_loyalty_balances",
    operation_id="exportLoyaltyBalances",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/export_customer_balances",
    path_params=(Param("loyaltyProgramId"),),
    query=(
        Param("endDate", format="date-time"),
        Param("balances", since="current"),
    ),
    responses={200: None},
    response_media="csv",
    errors=(400, 401),
)

EXPORT_LOYALTY_CARD_BALANCES = Endpoint(
    name="export_loyalty_card_balances",
    operation_id="exportLoyaltyCardBalances",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/export_card_balances",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    query=(
        Param("endDate", format="date-time"),
        Param("balances", since="current"),
    ),
    responses={200: None},
    response_media="csv",
    errors=(400, 401),
)

EXPORT_LOYALTY_CARDS = Endpoint(
    name="export_loyalty_cards",
    operation_id="exportLoyaltyCards",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/cards/export",
    path_params=(Param("loyaltyProgramId", type="integer", since="current"),),
    query=(
        Param("batchId", since="current"),
        Param("createdBefore", format="date-time", since="current"),
        Param("createdAfter", format="date-time", since="current"),
        Param("dateFormat", since="current", enum=("excel", "ISO8601")),
    ),
    responses={200: None},
    response_media="csv",
    errors=(400, 401),
    since="current",
)

GET_APPLICATIONS = Endpoint(
    name="get_applications",
    operation_id="getApplications",
    api="management",
    method="GET",
    path="/v1/applications",
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
    ),
    responses={200: "ApplicationsPage"},
    paged=True,
)

GET_APPLICATION_CUSTOMERS = Endpoint(
    name="get_application_customers",
    operation_id="getApplicationCustomers",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/customers",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("integrationId"),
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("withTotalResultSize", type="boolean"),
    ),
    responses={200: "ApplicationCustomersPage"},
    paged=True,
)

GET_APPLICATION_SESSIONS = Endpoint(
    name="get_application_sessions",
    operation_id="getApplicationSessions",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/sessions",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("partialMatch", type="boolean", since="current", default=False),
        Param("profile"),
        Param("state", enum=("open", "closed", "partially_returned", "cancelled")),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("coupon"),
        Param("referral"),
        Param("integrationId"),
        Param("storeIntegrationId", since="current"),
    ),
    responses={200: "ApplicationSessionsPage"},
    paged=True,
)

GET_CUSTOMER_PROFILES = Endpoint(
    name="get_customer_profiles",
    operation_id="getCustomerProfiles",
    api="management",
    method="GET",
    path="/v1/customers/no_total",
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sandbox", type="boolean", default=False),
    ),
    responses={200: "CustomerProfilesPage"},
    paged=True,
)

GET_AUDIENCES = Endpoint(
    name="get_audiences",
    operation_id="getAudiences",
    api="management",
    method="GET",
    path="/v1/audiences",
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("withTotalResultSize", type="boolean"),
    ),
    responses={200: "AudiencesPage"},
    paged=True,
)

GET_AUDIENCES_ANALYTICS = Endpoint(
    name="get_audiences_analytics",
    operation_id="getAudiencesAnalytics",
    api="management",
    method="GET",
    path="/v1/audiences/analytics",
    query=(
        Param("sort", since="current"),
        Param("audienceIds", required=True, since="current"),
    ),
    responses={200: "AudiencesAnalyticsPage"},
    since="current",
)

GET_AUDIENCE_MEMBERSHIPS = Endpoint(
    name="get_audience_memberships",
    operation_id="getAudienceMemberships",
    api="management",
    method="GET",
    path="/v1/audiences/{audienceId}/memberships",
    path_params=(Param("audienceId", type="integer", since="current"),),
    query=(
        Param("pageSize", type="integer", since="current", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer", since="current"),
        Param("sort", since="current"),
        Param("profileQuery", since="current"),
    ),
    responses={200: "AudienceMembershipsPage"},
    errors=(404,),
    paged=True,
    since="current",
)

EXPORT_AUDIENCES_MEMBERSHIPS = Endpoint(
    name="export_audiences_memberships",
    operation_id="exportAudiencesMemberships",
    api="management",
    method="GET",
    path="/v1/audiences/{audienceId}/memberships/export",
    path_params=(Param("audienceId", type="integer", since="current"),),
    responses={200: None},
    response_media="csv",
    errors=(400, 401, 404),
    since="current",
)

IMPORT_AUDIENCES_MEMBERSHIPS = Endpoint(
    name="import_audiences_memberships",
    operation_id="importAudiencesMemberships",
    api="management",
    method="POST",
    path="/v1/audiences/{audienceId}/memberships/import",
    path_params=(Param("audienceId", type="integer", since="current"),),
    request_media="multipart",
    responses={200: "Import"},
    errors=(400, 401, 404),
    repeatable=True,
    destructive=True,
    since="current",
)

EXPORT_ACCOUNT_COLLECTION_ITEMS = Endpoint(
    name="export_account_collection_items",
    operation_id="exportAccountCollectionItems",
    api="management",
    method="GET",
    path="/v1/collections/{collectionId}/export",
    path_params=(Param("collectionId", type="integer"),),
    responses={200: None},
    response_media="csv",
    errors=(401, 404),
)

EXPORT_COLLECTION_ITEMS = Endpoint(
    name="export_collection_items",
    operation_id="exportCollectionItems",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/campaigns/{campaignId}/collections/{collectionId}/export",
    path_params=(
        Param("applicationId", type="integer"),
        Param("campaignId", type="integer"),
        Param("collectionId", type="integer"),
    ),
    responses={200: None},
    response_media="csv",
    errors=(401, 404),
)

IMPORT_ACCOUNT_COLLECTION = Endpoint(
    name="import_account_collection",
    operation_id="importAccountCollection",
    api="management",
    method="POST",
    path="/v1/collections/{collectionId}/import",
    path_params=(Param("collectionId", type="integer"),),
    request_media="multipart",
    responses={200: "Import"},
    errors=(400, 401),
    destructive=True,
)

IMPORT_COLLECTION = Endpoint(
    name="import_collection",
    operation_id="importCollection",
    api="management",
    method="POST",
    path="/v1/applications/{applicationId}/campaigns/{campaignId}/collections/{collectionId}/import",
    path_params=(
        Param("applicationId", type="integer"),
        Param("campaignId", type="integer"),
        Param("collectionId", type="integer"),
    ),
    request_media="multipart",
    responses={200: "Import"},
    errors=(401,),
    destructive=True,
)

IMPORT_COUPONS = Endpoint(
    name="import_coupons",
    operation_id="importCoupons",
    api="management",
    method="POST",
    path="/v1/applications/{applicationId}/campaigns/{campaignId}/import_coupons",
    path_params=(
        Param("applicationId", type="integer"),
        Param("campaignId", type="integer"),
    ),
    query=(Param("skipDuplicates", type="boolean", since="current"),),
    request_media="multipart",
    responses={200: "Import"},
    repeatable=False,
)

IMPORT_LOYALTY_CARDS = Endpoint(
    name="import_loyalty_cards",
    operation_id="importLoyaltyCards",
    api="management",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/import_cards",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    request_media="multipart",
    responses={200: "Import"},
    errors=(401, 404),
    repeatable=False,
    max_items=499_999,
)

IMPORT_LOYALTY_CUSTOMERS_TIERS = Endpoint(
    name="import_loyalty_customers_tiers",
    operation_id="importLoyaltyCustomersTiers",
    api="management",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/import_customers_tiers",
    path_params=(Param("loyaltyProgramId", type="integer", since="current"),),
    request_media="multipart",
    responses={200: "Import"},
    errors=(400, 401, 404),
    since="current",
)

IMPORT_LOYALTY_JOIN_DATES = Endpoint(
    name="import_loyalty_join_dates",
    operation_id="importLoyaltyJoinDates",
    api="management",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/import_join_dates",
    path_params=(Param("loyaltyProgramId", type="integer", since="current"),),
    request_media="multipart",
    responses={200: "Import"},
    errors=(400, 401, 404),
    since="current",
)

IMPORT_LOYALTY_POINTS = Endpoint(
    name="import_loyalty_points",
    operation_id="importLoyaltyPoints",
    api="management",
    method="POST",
    path="/v1/loyalty_programs/{loyaltyProgramId}/import_points",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    query=(Param("notificationsEnabled", type="boolean", since="current"),),
    request_media="multipart",
    responses={200: "Import"},
    repeatable=False,
)

IMPORT_REFERRALS = Endpoint(
    name="import_referrals",
    operation_id="importReferrals",
    api="management",
    method="POST",
    path="/v1/applications/{applicationId}/campaigns/{campaignId}/import_referrals",
    path_params=(
        Param("applicationId", type="integer"),
        Param("campaignId", type="integer"),
    ),
    request_media="multipart",
    responses={200: "Import"},
    repeatable=False,
)

LIST_CATALOG_ITEMS = Endpoint(
    name="list_catalog_items",
    operation_id="listCatalogItems",
    api="management",
    method="GET",
    path="/v1/catalogs/{catalogId}/items",
    path_params=(Param("catalogId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("withTotalResultSize", type="boolean"),
        Param("sku", type="array"),
        Param("productNames", type="array"),
    ),
    responses={200: "CatalogItemsPage"},
    paged=True,
)

GET_ATTRIBUTES = Endpoint(
    name="get_attributes",
    operation_id="getAttributes",
    api="management",
    method="GET",
    path="/v1/attributes",
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("entity"),
        Param("applicationIds", since="current"),
        Param("loyaltyProgramIds", since="current"),
        Param("type", since="current"),
        Param("kind", since="current", enum=("builtin", "custom")),
        Param("search", since="current"),
    ),
    responses={200: "AttributesPage"},
    paged=True,
)

GET_CAMPAIGNS = Endpoint(
    name="get_campaigns",
    operation_id="getCampaigns",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/campaigns",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("campaignState", enum=("enabled", "disabled", "archived", "scheduled", "running", "expired", "staged")),
        Param("name"),
        Param("tags", type="array"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("startBefore", format="date-time", since="current"),
        Param("startAfter", format="date-time", since="current"),
        Param("endBefore", format="date-time", since="current"),
        Param("endAfter", format="date-time", since="current"),
        Param("campaignGroupId", type="integer"),
        Param("templateId", type="integer"),
        Param("storeId", type="integer", since="current"),
    ),
    responses={200: "CampaignsPage"},
    errors=(400,),
    paged=True,
)

GET_APPLICATION_EVENTS_WITHOUT_TOTAL_COUNT = Endpoint(
    name="get_application_events_without_total_count",
    operation_id="getApplicationEventsWithoutTotalCount",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/events/no_total",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("type"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("session"),
        Param("profile"),
        Param("customerName"),
        Param("customerEmail"),
        Param("couponCode"),
        Param("referralCode"),
        Param("ruleQuery"),
        Param("campaignQuery"),
        Param("effectType", since="current"),
    ),
    responses={200: "ApplicationEventsPage"},
    paged=True,
)

EXPORT_EFFECTS = Endpoint(
    name="export_effects",
    operation_id="exportEffects",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/export_effects",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("campaignId", type="integer"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("dateFormat", enum=("excel", "ISO8601")),
    ),
    responses={200: None},
    response_media="csv",
)

GET_EVENT_TYPES = Endpoint(
    name="get_event_types",
    operation_id="getEventTypes",
    api="management",
    method="GET",
    path="/v1/event_types",
    query=(
        Param("name"),
        Param("includeOldVersions", type="boolean", default=False),
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
    ),
    responses={200: "EventTypesPage"},
    paged=True,
)

GET_COUPONS_WITHOUT_TOTAL_COUNT = Endpoint(
    name="get_coupons_without_total_count",
    operation_id="getCouponsWithoutTotalCount",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/campaigns/{campaignId}/coupons/no_total",
    path_params=(Param("applicationId", type="integer"), Param("campaignId", type="integer")),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("value"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("valid", enum=("expired", "validNow", "validFuture")),
        Param("usable", enum=("true", "false")),
        Param("redeemed", since="current", enum=("true", "false")),
        Param("referralId", type="integer"),
        Param("recipientIntegrationId"),
        Param("batchId"),
        Param("exactMatch", type="boolean", default=False),
        Param("expiresBefore", format="date-time", since="current"),
        Param("expiresAfter", format="date-time", since="current"),
        Param("startsBefore", format="date-time", since="current"),
        Param("startsAfter", format="date-time", since="current"),
        Param("valuesOnly", type="boolean", since="current", default=False),
    ),
    responses={200: "CouponsPage"},
    paged=True,
)

EXPORT_COUPONS = Endpoint(
    name="export_coupons",
    operation_id="exportCoupons",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/export_coupons",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("campaignId", type="integer"),
        Param("sort"),
        Param("value"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("valid", enum=("expired", "validNow", "validFuture")),
        Param("usable", enum=("true", "false")),
        Param("referralId", type="integer"),
        Param("recipientIntegrationId"),
        Param("batchId"),
        Param("exactMatch", type="boolean", default=False),
        Param("dateFormat", enum=("excel", "ISO8601")),
        Param("campaignState", enum=("enabled", "disabled", "archived", "scheduled", "running", "expired", "staged")),
        Param("valuesOnly", type="boolean", since="current", default=False),
        Param("deletedBefore", format="date-time", since="current"),
        Param("deletedAfter", format="date-time", since="current"),
    ),
    responses={200: None},
    response_media="csv",
)

GET_REFERRALS_WITHOUT_TOTAL_COUNT = Endpoint(
    name="get_referrals_without_total_count",
    operation_id="getReferralsWithoutTotalCount",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/campaigns/{campaignId}/referrals/no_total",
    path_params=(Param("applicationId", type="integer"), Param("campaignId", type="integer")),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("code"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("valid", enum=("expired", "validNow", "validFuture")),
        Param("usable", enum=("true", "false")),
        Param("advocate"),
    ),
    responses={200: "ReferralsPage"},
    paged=True,
)

EXPORT_REFERRALS = Endpoint(
    name="export_referrals",
    operation_id="exportReferrals",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/export_referrals",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("campaignId", type="integer"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("valid", enum=("expired", "validNow", "validFuture")),
        Param("usable", enum=("true", "false")),
        Param("batchId"),
        Param("dateFormat", enum=("excel", "ISO8601")),
    ),
    responses={200: None},
    response_media="csv",
)

EXPORT_CUSTOMER_SESSIONS = Endpoint(
    name="export_customer_sessions",
    operation_id="exportCustomerSessions",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/export_customer_sessions",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("updatedBefore", format="date-time", since="current"),
        Param("updatedAfter", format="date-time", since="current"),
        Param("profileIntegrationId"),
        Param("dateFormat", enum=("excel", "ISO8601")),
        Param("customerSessionState", enum=("open", "closed", "partially_returned", "cancelled")),
    ),
    responses={200: None},
    response_media="csv",
)

EXPORT_CUSTOMERS_TIERS = Endpoint(
    name="export_customers_tiers",
    operation_id="exportCustomersTiers",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/export_customers_tiers",
    path_params=(Param("loyaltyProgramId"),),
    query=(
        Param("subledgerIds", type="array", comma=True),
        Param("tierNames", type="array", comma=True),
    ),
    responses={200: None},
    response_media="csv",
    since="current",
)

EXPORT_LOYALTY_JOIN_DATES = Endpoint(
    name="export_loyalty_join_dates",
    operation_id="exportLoyaltyJoinDates",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/export_join_dates",
    path_params=(Param("loyaltyProgramId"),),
    responses={200: None},
    response_media="csv",
    errors=(400, 401),
    since="current",
)

GET_CAMPAIGN_ANALYTICS = Endpoint(
    name="get_campaign_analytics",
    operation_id="getCampaignAnalytics",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/campaigns/{campaignId}/analytics",
    path_params=(Param("applicationId", type="integer"), Param("campaignId", type="integer")),
    query=(
        Param("rangeStart", format="date-time", required=True),
        Param("rangeEnd", format="date-time", required=True),
        Param("granularity", enum=("1 hour", "1 day", "1 week", "1 month", "1 year")),
    ),
    responses={200: "CampaignAnalyticsPage"},
)

LIST_ACHIEVEMENTS_V2 = Endpoint(
    name="list_achievements_v2",
    operation_id="listAchievementsV2",
    api="management",
    method="GET",
    path="/v2/achievements",
    query=(
        Param("pageSize", type="integer", default=50, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("title"),
        Param("applicationId", type="integer"),
    ),
    responses={200: "AchievementsPage"},
    errors=(400, 401),
    paged=True,
    since="current",
)

EXPORT_ACHIEVEMENT_V2 = Endpoint(
    name="export_achievement_v2",
    operation_id="exportAchievementV2",
    api="management",
    method="GET",
    path="/v2/achievements/{achievementId}/export",
    path_params=(Param("achievementId", type="integer"),),
    responses={200: None},
    response_media="csv",
    errors=(400, 401, 404),
    since="current",
)

LIST_STORES = Endpoint(
    name="list_stores",
    operation_id="listStores",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/stores",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("withTotalResultSize", type="boolean"),
        Param("campaignId", type="integer"),
        Param("name"),
        Param("integrationId"),
        Param("query"),
    ),
    responses={200: "StoresPage"},
    paged=True,
    since="current",
)

LIST_ACCOUNT_COLLECTIONS = Endpoint(
    name="list_account_collections",
    operation_id="listAccountCollections",
    api="management",
    method="GET",
    path="/v1/collections",
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("withTotalResultSize", type="boolean"),
        Param("name"),
    ),
    responses={200: "CollectionsPage"},
    errors=(400, 401, 404),
    paged=True,
)

LIST_COLLECTIONS_IN_APPLICATION = Endpoint(
    name="list_collections_in_application",
    operation_id="listCollectionsInApplication",
    api="management",
    method="GET",
    path="/v1/applications/{applicationId}/collections",
    path_params=(Param("applicationId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("withTotalResultSize", type="boolean"),
        Param("name"),
    ),
    responses={200: "CollectionsPage"},
    errors=(404,),
    paged=True,
)

GET_COLLECTION_ITEMS = Endpoint(
    name="get_collection_items",
    operation_id="getCollectionItems",
    api="management",
    method="GET",
    path="/v1/collections/{collectionId}/items",
    path_params=(Param("collectionId", type="integer"),),
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
    ),
    responses={200: "CollectionItemsPage"},
    row_key="item",
    errors=(404,),
    paged=True,
)

EXPORT_POOL_GIVEAWAYS = Endpoint(
    name="export_pool_giveaways",
    operation_id="exportPoolGiveaways",
    api="management",
    method="GET",
    path="/v1/giveaways/pools/{poolId}/export",
    path_params=(Param("poolId", type="integer"),),
    query=(
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
    ),
    responses={200: None},
    response_media="csv",
    errors=(400,),
    since="current",
)

GET_DASHBOARD_STATISTICS = Endpoint(
    name="get_dashboard_statistics",
    operation_id="getDashboardStatistics",
    api="management",
    method="GET",
    path="/v1/loyalty_programs/{loyaltyProgramId}/dashboard",
    path_params=(Param("loyaltyProgramId", type="integer"),),
    query=(
        Param("subledgerId"),
        Param("rangeStart", format="date-time", required=True),
        Param("rangeEnd", format="date-time", required=True),
    ),
    responses={200: "ProgramDashboard"},
    since="current",
)

GET_CHANGES = Endpoint(
    name="get_changes",
    operation_id="getChanges",
    api="management",
    method="GET",
    path="/v1/changes",
    query=(
        Param("pageSize", type="integer", default=1000, minimum=1, maximum=1000),
        Param("skip", type="integer"),
        Param("sort"),
        Param("applicationId", type="integer"),
        Param("entityPath"),
        Param("userId", type="integer"),
        Param("createdBefore", format="date-time"),
        Param("createdAfter", format="date-time"),
        Param("withTotalResultSize", type="boolean"),
        Param("managementKeyId", type="integer"),
        Param("includeOld", type="boolean"),
    ),
    responses={200: "ChangesPage"},
    paged=True,
)


INTEGRATION: tuple[Endpoint, ...] = (
    ACTIVATE_LOYALTY_POINTS,
    BEST_PRIOR_PRICE,
    CREATE_AUDIENCE_V2,
    CREATE_COUPON_RESERVATION,
    CREATE_REFERRAL,
    CREATE_REFERRALS_FOR_MULTIPLE_ADVOCATES,
    DELETE_AUDIENCE_MEMBERSHIPS_V2,
    DELETE_AUDIENCE_V2,
    DELETE_COUPON_RESERVATION,
    DELETE_CUSTOMER_DATA,
    DELETE_LOYALTY_TRANSACTIONS_FROM_LEDGERS,
    GENERATE_LOYALTY_CARD,
    GET_CUSTOMER_ACHIEVEMENTS,
    GET_CUSTOMER_ACHIEVEMENT_HISTORY,
    GET_CUSTOMER_INVENTORY,
    GET_CUSTOMER_SESSION,
    GET_EVENT_V3,
    GET_LOYALTY_BALANCES,
    GET_LOYALTY_CARD_BALANCES,
    GET_LOYALTY_CARD_POINTS,
    GET_LOYALTY_CARD_TRANSACTIONS,
    GET_LOYALTY_PROGRAM_PROFILE_POINTS,
    GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS,
    GET_RESERVED_CUSTOMERS,
    INTEGRATION_GET_ALL_CAMPAIGNS,
    JOIN_LOYALTY_PROGRAM,
    LINK_LOYALTY_CARD_TO_PROFILE,
    REOPEN_CUSTOMER_SESSION,
    RETURN_CART_ITEMS,
    SYNC_CATALOG,
    TRACK_EVENT_V2,
    TRACK_EVENT_V3,
    UNLINK_LOYALTY_CARD_FROM_PROFILE,
    UPDATE_AUDIENCE_CUSTOMERS_ATTRIBUTES,
    UPDATE_AUDIENCE_V2,
    UPDATE_CUSTOMER_PROFILE_AUDIENCES,
    UPDATE_CUSTOMER_PROFILE_V2,
    UPDATE_CUSTOMER_PROFILES_V2,
    UPDATE_CUSTOMER_SESSION_V2,
)

MANAGEMENT: tuple[Endpoint, ...] = (
    GET_LOYALTY_PROGRAMS,
    GET_LOYALTY_PROGRAM,
    GET_LOYALTY_CARDS,
    GET_LOYALTY_CARD,
    GET_LOYALTY_PROGRAM_TRANSACTIONS,
    GET_LOYALTY_CARD_TRANSACTION_LOGS,
    EXPORT_LOYALTY_BALANCES,
    EXPORT_LOYALTY_CARD_BALANCES,
    EXPORT_LOYALTY_CARDS,
    GET_APPLICATIONS,
    GET_APPLICATION_CUSTOMERS,
    GET_APPLICATION_SESSIONS,
    GET_CUSTOMER_PROFILES,
    GET_AUDIENCES,
    GET_AUDIENCES_ANALYTICS,
    GET_AUDIENCE_MEMBERSHIPS,
    EXPORT_AUDIENCES_MEMBERSHIPS,
    EXPORT_ACCOUNT_COLLECTION_ITEMS,
    EXPORT_COLLECTION_ITEMS,
    IMPORT_ACCOUNT_COLLECTION,
    IMPORT_AUDIENCES_MEMBERSHIPS,
    IMPORT_COLLECTION,
    IMPORT_COUPONS,
    IMPORT_LOYALTY_CARDS,
    IMPORT_LOYALTY_CUSTOMERS_TIERS,
    IMPORT_LOYALTY_JOIN_DATES,
    IMPORT_LOYALTY_POINTS,
    IMPORT_REFERRALS,
    LIST_CATALOG_ITEMS,
    GET_ATTRIBUTES,
    GET_CAMPAIGNS,
    GET_APPLICATION_EVENTS_WITHOUT_TOTAL_COUNT,
    EXPORT_EFFECTS,
    GET_EVENT_TYPES,
    GET_COUPONS_WITHOUT_TOTAL_COUNT,
    EXPORT_COUPONS,
    GET_REFERRALS_WITHOUT_TOTAL_COUNT,
    EXPORT_REFERRALS,
    EXPORT_CUSTOMER_SESSIONS,
    EXPORT_CUSTOMERS_TIERS,
    EXPORT_LOYALTY_JOIN_DATES,
    GET_CAMPAIGN_ANALYTICS,
    LIST_ACHIEVEMENTS_V2,
    EXPORT_ACHIEVEMENT_V2,
    LIST_STORES,
    LIST_ACCOUNT_COLLECTIONS,
    LIST_COLLECTIONS_IN_APPLICATION,
    GET_COLLECTION_ITEMS,
    EXPORT_POOL_GIVEAWAYS,
    GET_DASHBOARD_STATISTICS,
    GET_CHANGES,
)

ALL: tuple[Endpoint, ...] = INTEGRATION + MANAGEMENT

BY_NAME: Mapping[str, Endpoint] = MappingProxyType({endpoint.name: endpoint for endpoint in ALL})


def find(name: str) -> Endpoint | None:
    """Return the row of a snake_case name or of a vendor operation id; None if there is none."""
    return BY_NAME.get(name) or next((e for e in ALL if e.operation_id == name), None)
