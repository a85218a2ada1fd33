"""Operators for events.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator

if TYPE_CHECKING:
    from collections.abc import Mapping


class TrackEventOperator(TalonOneOperator):
    """Tracks a custom event and runs the rules for it.

    Args:
        body: the request: an object, JSON text, or a `.json` file.
        silent: `yes` for an empty response.
        dry: evaluate the rules without changing anything.
    """

    def __init__(
        self,
        *,
        body: Mapping[str, Any] | str,
        silent: str | None = None,
        dry: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="track_event_v2",
            query={"silent": silent, "dry": dry},
            body=body,
            **kwargs,
        )


class TrackEventV3Operator(TalonOneOperator):
    """Tracks an advanced event, which its own `integrationId` identifies, and runs the rules for it.

    Args:
        body: the request: an object, JSON text, or a `.json` file.
        silent: `yes` for an empty response.
        dry: evaluate the rules without changing anything.
    """

    def __init__(
        self,
        *,
        body: Mapping[str, Any] | str,
        silent: str | None = None,
        dry: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="track_event_v3",
            query={"silent": silent, "dry": dry},
            body=body,
            **kwargs,
        )


class GetEventV3Operator(TalonOneOperator):
    """Reads an advanced event.

    Args:
        integration_id: id of the event.
    """

    def __init__(
        self,
        *,
        integration_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_event_v3",
            path={"integrationId": integration_id},
            **kwargs,
        )
