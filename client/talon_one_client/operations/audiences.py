"""Audiences and their members: one typed method per operation.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations, multipart_csv

if TYPE_CHECKING:
    from talon_one_client.operations.typed_calls import JsonObject


class AudienceOperations(Operations):
    """Audiences and their members: operations of the Integration API and the Management API."""

    def create_audience_v2(self, body: JsonObject) -> JsonObject:
        """Create an audience. 409 (AlreadyExistsError) if integration and integration id are taken.

        https://docs.talon.one/integration-api#operation/createAudienceV2
        """
        return self._object(ep.CREATE_AUDIENCE_V2, body=body)

    def delete_audience_memberships_v2(self, audience_id: int) -> None:
        """Remove ALL members of an audience.

        https://docs.talon.one/integration-api#operation/deleteAudienceMembershipsV2
        """
        self._nothing(ep.DELETE_AUDIENCE_MEMBERSHIPS_V2, path={"audienceId": audience_id})

    def delete_audience_v2(self, audience_id: int) -> None:
        """Delete an audience.

        https://docs.talon.one/integration-api#operation/deleteAudienceV2
        """
        self._nothing(ep.DELETE_AUDIENCE_V2, path={"audienceId": audience_id})

    def update_audience_customers_attributes(self, audience_id: int, body: JsonObject) -> None:
        """Set attributes of all members of an audience; the body is the bare map {name: value}.

        https://docs.talon.one/integration-api#operation/updateAudienceCustomersAttributes
        """
        self._nothing(ep.UPDATE_AUDIENCE_CUSTOMERS_ATTRIBUTES, path={"audienceId": audience_id}, body=body)

    def update_audience_v2(self, audience_id: int, body: JsonObject) -> JsonObject:
        """Rename an audience.

        https://docs.talon.one/integration-api#operation/updateAudienceV2
        """
        return self._object(ep.UPDATE_AUDIENCE_V2, path={"audienceId": audience_id}, body=body)

    def update_customer_profile_audiences(self, body: JsonObject) -> None:
        """Add profiles to and delete them from audiences, up to 1,000 actions; an add creates a missing profile.

        https://docs.talon.one/integration-api#operation/updateCustomerProfileAudiences
        """
        self._nothing(ep.UPDATE_CUSTOMER_PROFILE_AUDIENCES, body=body)

    def get_audiences(
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        with_total_result_size: bool | None = None,
    ) -> JsonObject:
        """Return one page of the audiences.

        https://docs.talon.one/management-api#operation/getAudiences
        """
        return self._object(
            ep.GET_AUDIENCES,
            query={"pageSize": page_size, "skip": skip, "sort": sort, "withTotalResultSize": with_total_result_size},
        )

    def get_audiences_analytics(self, *, sort: str | None = None, audience_ids: str) -> JsonObject:
        """Return the member counts of up to 1,000 audiences, whose ids are separated by commas.

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
        """Return one page of the members of an audience.

        https://docs.talon.one/management-api#operation/getAudienceMemberships
        """
        return self._object(
            ep.GET_AUDIENCE_MEMBERSHIPS,
            path={"audienceId": audience_id},
            query={"pageSize": page_size, "skip": skip, "sort": sort, "profileQuery": profile_query},
        )

    def export_audiences_memberships(self, audience_id: int) -> bytes:
        """Return the CSV export of the members of an audience.

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
