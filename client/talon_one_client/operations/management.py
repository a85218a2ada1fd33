"""The operations of the Management API that enumerate, export or verify, one typed method each.

They need the second key: https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations, multipart_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


class ManagementOperations(Operations):
    """Methods of the Management API."""

    def get_loyalty_programs(self) -> JsonObject:
        """All loyalty programs, in one answer.

        https://docs.talon.one/management-api#operation/getLoyaltyPrograms
        """
        return self._object(ep.GET_LOYALTY_PROGRAMS)

    def get_loyalty_program(self, loyalty_program_id: int) -> JsonObject:
        """A loyalty program.

        https://docs.talon.one/management-api#operation/getLoyaltyProgram
        """
        return self._object(ep.GET_LOYALTY_PROGRAM, path={"loyaltyProgramId": loyalty_program_id})

    def get_loyalty_cards(
        self,
        loyalty_program_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        identifier: str | None = None,
        profile_id: int | None = None,
        batch_id: str | None = None,
    ) -> JsonObject:
        """One page of the cards of a program; spent and expired points are always 0 here.

        https://docs.talon.one/management-api#operation/getLoyaltyCards
        """
        return self._object(
            ep.GET_LOYALTY_CARDS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "identifier": identifier,
                "profileId": profile_id,
                "batchId": batch_id,
            },
        )

    def get_loyalty_card(self, loyalty_program_id: int, loyalty_card_id: str) -> JsonObject:
        """A loyalty card.

        https://docs.talon.one/management-api#operation/getLoyaltyCard
        """
        return self._object(
            ep.GET_LOYALTY_CARD, path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id}
        )

    def get_loyalty_program_transactions(
        self,
        loyalty_program_id: int,
        *,
        loyalty_transaction_type: str | None = None,
        subledger_id: str | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        start_date: Instant | None = None,
        end_date: Instant | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        awaits_activation: bool | None = None,
    ) -> JsonObject:
        """One page of the ledger of a whole program. The older era takes at most 50 a page.

        https://docs.talon.one/management-api#operation/getLoyaltyProgramTransactions
        """
        return self._object(
            ep.GET_LOYALTY_PROGRAM_TRANSACTIONS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={
                "loyaltyTransactionType": loyalty_transaction_type,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "awaitsActivation": awaits_activation,
            },
        )

    def get_loyalty_card_transaction_logs(
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        start_date: Instant | None = None,
        end_date: Instant | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        subledger_id: str | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
    ) -> JsonObject:
        """One page of the ledger of a loyalty card.

        https://docs.talon.one/management-api#operation/getLoyaltyCardTransactionLogs
        """
        return self._object(
            ep.GET_LOYALTY_CARD_TRANSACTION_LOGS,
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
            },
        )

    def export_loyalty_balances(
        self, loyalty_program_id: str, *, end_date: Instant | None = None, balances: str | None = None
    ) -> bytes:
        """CSV of all profile balances of a program.

        https://docs.talon.one/management-api#operation/exportLoyaltyBalances
        """
        return self._bytes(
            ep.EXPORT_LOYALTY_BALANCES,
            path={"loyaltyProgramId": loyalty_program_id},
            query={"endDate": end_date, "balances": balances},
        )

    def export_loyalty_card_balances(
        self, loyalty_program_id: int, *, end_date: Instant | None = None, balances: str | None = None
    ) -> bytes:
        """CSV of all card balances of a program.

        https://docs.talon.one/management-api#operation/exportLoyaltyCardBalances
        """
        return self._bytes(
            ep.EXPORT_LOYALTY_CARD_BALANCES,
            path={"loyaltyProgramId": loyalty_program_id},
            query={"endDate": end_date, "balances": balances},
        )

    def export_loyalty_cards(
        self,
        loyalty_program_id: int,
        *,
        batch_id: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        date_format: str | None = None,
    ) -> bytes:
        """CSV of the cards of a program.

        https://docs.talon.one/management-api#operation/exportLoyaltyCards
        """
        return self._bytes(
            ep.EXPORT_LOYALTY_CARDS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={
                "batchId": batch_id,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "dateFormat": date_format,
            },
        )

    def get_applications(
        self, *, page_size: int | None = None, skip: int | None = None, sort: str | None = None
    ) -> JsonObject:
        """One page of the Applications.

        https://docs.talon.one/management-api#operation/getApplications
        """
        return self._object(ep.GET_APPLICATIONS, query={"pageSize": page_size, "skip": skip, "sort": sort})

    def get_application_customers(
        self,
        application_id: int,
        *,
        integration_id: str | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        with_total_result_size: bool | None = None,
    ) -> JsonObject:
        """One page of the profiles of an Application.

        https://docs.talon.one/management-api#operation/getApplicationCustomers
        """
        return self._object(
            ep.GET_APPLICATION_CUSTOMERS,
            path={"applicationId": application_id},
            query={
                "integrationId": integration_id,
                "pageSize": page_size,
                "skip": skip,
                "withTotalResultSize": with_total_result_size,
            },
        )

    def get_application_sessions(
        self,
        application_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        partial_match: bool | None = None,
        profile: str | None = None,
        state: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        coupon: str | None = None,
        referral: str | None = None,
        integration_id: str | None = None,
        store_integration_id: str | None = None,
    ) -> JsonObject:
        """One page of the sessions of an Application.

        https://docs.talon.one/management-api#operation/getApplicationSessions
        """
        return self._object(
            ep.GET_APPLICATION_SESSIONS,
            path={"applicationId": application_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "partialMatch": partial_match,
                "profile": profile,
                "state": state,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "coupon": coupon,
                "referral": referral,
                "integrationId": integration_id,
                "storeIntegrationId": store_integration_id,
            },
        )

    def get_customer_profiles(
        self, *, page_size: int | None = None, skip: int | None = None, sandbox: bool | None = None
    ) -> JsonObject:
        """One page of the profiles of the account; ``sandbox`` picks the environment.

        https://docs.talon.one/management-api#operation/getCustomerProfiles
        """
        return self._object(ep.GET_CUSTOMER_PROFILES, query={"pageSize": page_size, "skip": skip, "sandbox": sandbox})

    def get_audiences(
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        with_total_result_size: bool | None = None,
    ) -> JsonObject:
        """One page of the audiences.

        https://docs.talon.one/management-api#operation/getAudiences
        """
        return self._object(
            ep.GET_AUDIENCES,
            query={"pageSize": page_size, "skip": skip, "sort": sort, "withTotalResultSize": with_total_result_size},
        )

    def get_audiences_analytics(self, *, sort: str | None = None, audience_ids: str) -> JsonObject:
        """Member counts of up to 1,000 audiences, comma separated.

        https://docs.talon.one/management-api#operation/getAudiencesAnalytics
        """
        return self._object(ep.GET_AUDIENCES_ANALYTICS, query={"sort": sort, "audienceIds": audience_ids})

    def get_audience_memberships(
        self,
        audience_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        profile_query: str | None = None,
    ) -> JsonObject:
        """One page of the members of an audience.

        https://docs.talon.one/management-api#operation/getAudienceMemberships
        """
        return self._object(
            ep.GET_AUDIENCE_MEMBERSHIPS,
            path={"audienceId": audience_id},
            query={"pageSize": page_size, "skip": skip, "sort": sort, "profileQuery": profile_query},
        )

    def export_audiences_memberships(self, audience_id: int) -> bytes:
        """CSV of the members of an audience.

        https://docs.talon.one/management-api#operation/exportAudiencesMemberships
        """
        return self._bytes(ep.EXPORT_AUDIENCES_MEMBERSHIPS, path={"audienceId": audience_id})

    def import_audiences_memberships(self, audience_id: int, csv: bytes) -> JsonObject:
        """REPLACE the members of an audience by those of a CSV file.

        https://docs.talon.one/management-api#operation/importAudiencesMemberships
        """
        return self._object(
            ep.IMPORT_AUDIENCES_MEMBERSHIPS, path={"audienceId": audience_id}, content=multipart_csv(csv)
        )

    def list_catalog_items(
        self,
        catalog_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        with_total_result_size: bool | None = None,
        sku: Sequence[str] | None = None,
        product_names: Sequence[str] | None = None,
    ) -> JsonObject:
        """One page of the items of a catalog; attributes come as a list, unlike in a sync.

        https://docs.talon.one/management-api#operation/listCatalogItems
        """
        return self._object(
            ep.LIST_CATALOG_ITEMS,
            path={"catalogId": catalog_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "withTotalResultSize": with_total_result_size,
                "sku": sku,
                "productNames": product_names,
            },
        )

    def get_attributes(
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        entity: str | None = None,
        application_ids: str | None = None,
        loyalty_program_ids: str | None = None,
        attribute_type: str | None = None,
        kind: str | None = None,
        search: str | None = None,
    ) -> JsonObject:
        """One page of the attributes of the account.

        https://docs.talon.one/management-api#operation/getAttributes
        """
        return self._object(
            ep.GET_ATTRIBUTES,
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "entity": entity,
                "applicationIds": application_ids,
                "loyaltyProgramIds": loyalty_program_ids,
                "type": attribute_type,
                "kind": kind,
                "search": search,
            },
        )
