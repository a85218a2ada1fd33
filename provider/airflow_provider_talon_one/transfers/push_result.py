"""What a push reports: the result for XCom, and what it wrote for links and lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.links import campaign_manager_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_talon_one.config.destination_config import DestinationConfig

_REFUSED = ("invalid", "rejected", "unknown", "unreadable")


def push_result(run_id: str, figures: Mapping[str, Any], rejects_directory: str) -> dict[str, Any]:
    """Return ``{"run", "sent", "refused", "rejects", "figures"}``; ``rejects`` is the folder of the refused rows."""
    refused = sum(figures[name] for name in _REFUSED)
    directory = f"{rejects_directory}/{run_id}" if refused else None
    return {"run": run_id, "sent": figures["sent"], "refused": refused, "rejects": directory, "figures": figures}


def page_parameters(destination: DestinationConfig) -> dict[str, Any]:
    """Return the id of the audience or catalog, as ``campaign_manager_url`` takes it."""
    target = destination.target
    return {"audienceId": target.get("audience", {}).get("id"), "catalogId": target.get("catalog_id")}


def written_name(destination: DestinationConfig) -> str:
    """Return what the push wrote, like ``audiences/7``, or the name of the sink."""
    return campaign_manager_url("", page_parameters(destination)).lstrip("/") or destination.sink.name
