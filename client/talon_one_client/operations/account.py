"""Applications and attributes of the account: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from talon_one_client.operations.typed_calls import JsonObject


class AccountOperations(Operations):
    """Applications and attributes of the account: operations of the Management API."""

    def get_applications(
        self, *, page_size: int | None = None, skip: int | None = None, sort: str | None = None
    ) -> JsonObject:
        """Return one page of the Applications.

        https://docs.talon.one/management-api#operation/getApplications
        """
        return self._object(ep.GET_APPLICATIONS, query={"pageSize": page_size, "skip": skip, "sort": sort})

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
        """Return one page of the attributes of the account.

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
