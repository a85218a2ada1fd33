"""Operators for audiences.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator, given

if TYPE_CHECKING:
    from collections.abc import Mapping


class CreateAudienceOperator(TalonOneOperator):
    """Creates an audience.

    Args:
        name: name of the audience.
        integration: third-party system that the audience comes from.
        integration_id: id of the audience in that system.
        description: description in the Campaign Manager.
        sandbox: whether the audience belongs to sandbox Applications.
    """

    def __init__(
        self,
        *,
        name: str,
        integration: str | None = None,
        integration_id: str | None = None,
        description: str | None = None,
        sandbox: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="create_audience_v2",
            body=given(
                name=name,
                integration=integration,
                integrationId=integration_id,
                description=description,
                sandbox=sandbox,
            ),
            **kwargs,
        )


class UpdateAudienceOperator(TalonOneOperator):
    """Renames an audience.

    Args:
        audience_id: id of the audience.
        name: new name.
    """

    def __init__(
        self,
        *,
        audience_id: int | str,
        name: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="update_audience_v2",
            path={"audienceId": audience_id},
            body=given(name=name),
            **kwargs,
        )


class DeleteAudienceOperator(TalonOneOperator):
    """Deletes an audience.

    Args:
        audience_id: id of the audience.
    """

    def __init__(
        self,
        *,
        audience_id: int | str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="delete_audience_v2",
            path={"audienceId": audience_id},
            **kwargs,
        )


class DeleteAudienceMembershipsOperator(TalonOneOperator):
    """Removes all members of an audience.

    Args:
        audience_id: id of the audience.
    """

    def __init__(
        self,
        *,
        audience_id: int | str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="delete_audience_memberships_v2",
            path={"audienceId": audience_id},
            **kwargs,
        )


class UpdateAudienceCustomersAttributesOperator(TalonOneOperator):
    """Sets attributes on all members of an audience.

    Args:
        audience_id: id of the audience.
        attributes: attributes by name, as an object, JSON text or a `.json` file.
    """

    def __init__(
        self,
        *,
        audience_id: int | str,
        attributes: Mapping[str, Any] | str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="update_audience_customers_attributes",
            path={"audienceId": audience_id},
            body=attributes,
            **kwargs,
        )


class UpdateCustomerProfileAudiencesOperator(TalonOneOperator):
    """Adds profiles to audiences and removes them, up to 1,000 actions.

    For segments use WarehouseToAudienceOperator.

    Args:
        data: actions with `action` (add or delete), `profileIntegrationId` and `audienceId`.
    """

    def __init__(
        self,
        *,
        data: list[Mapping[str, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="update_customer_profile_audiences",
            body={"data": data},
            **kwargs,
        )
