"""Operators for customer sessions.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class UpdateCustomerSessionOperator(TalonOneOperator):
    """Creates or updates a customer session and runs the rules for it.

    Args:
        customer_session_id: integration id of the session.
        body: the request: an object, JSON text, or a `.json` file.
        dry: evaluate the rules without changing anything.
        now: with dry, the instant at which the rules are evaluated.
    """

    def __init__(
        self,
        *,
        customer_session_id: str,
        body: Mapping[str, Any] | str,
        dry: bool | None = None,
        now: str | datetime | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="update_customer_session_v2",
            path={"customerSessionId": customer_session_id},
            query={"dry": dry, "now": now},
            body=body,
            **kwargs,
        )


class GetCustomerSessionOperator(TalonOneOperator):
    """Reads a customer session.

    Args:
        customer_session_id: integration id of the session.
    """

    def __init__(
        self,
        *,
        customer_session_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_customer_session",
            path={"customerSessionId": customer_session_id},
            **kwargs,
        )


class ReopenCustomerSessionOperator(TalonOneOperator):
    """Reopens a closed customer session.

    Args:
        customer_session_id: integration id of the session.
    """

    def __init__(
        self,
        *,
        customer_session_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="reopen_customer_session",
            path={"customerSessionId": customer_session_id},
            **kwargs,
        )


class ReturnCartItemsOperator(TalonOneOperator):
    """Returns cart items of a closed customer session.

    Args:
        customer_session_id: integration id of the session.
        returned_cart_items: items with `position` or `sku`, and `quantity`.
        dry: evaluate the rules without changing anything.
    """

    def __init__(
        self,
        *,
        customer_session_id: str,
        returned_cart_items: list[Mapping[str, Any]],
        dry: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="return_cart_items",
            path={"customerSessionId": customer_session_id},
            query={"dry": dry},
            body={"return": {"returnedCartItems": returned_cart_items}},
            **kwargs,
        )
