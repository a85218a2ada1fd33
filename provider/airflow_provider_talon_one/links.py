"""Links from a task to the Campaign Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

from airflow_provider_talon_one.get_provider_info import DOCS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context

LINK_KEY = "talon_one_campaign_manager"
_ADDRESS = "_campaign_manager_address"  # attribute of a task that runs
_PAGES = {"audienceId": "audiences", "catalogId": "catalogs", "loyaltyProgramId": "loyalty-programs"}


class CampaignManagerLink(BaseOperatorLink):
    """Links to the audience, catalog or loyalty program of a task, otherwise to the start page.

    A task that has failed, or has not run yet, links to the start page of its connection.
    """

    name = "Talon.One Campaign Manager"

    @property
    def xcom_key(self) -> str:
        """Key of the XCom in which the task stores the address."""
        return LINK_KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address."""
        address = getattr(operator, _ADDRESS, None)
        if address is not None:  # the task has just run in this process
            return address or _start_page(operator)
        return str(XCom.get_value(ti_key=ti_key, key=LINK_KEY) or "") or _start_page(operator)


def begin_link(task: Any) -> None:
    """Note that the task runs: until ``set_link``, its link is the start page."""
    setattr(task, _ADDRESS, "")


def set_link(task: Any, context: Context, address: str) -> None:
    """Set the address of a task's link."""
    setattr(task, _ADDRESS, address)
    context["ti"].xcom_push(key=LINK_KEY, value=address)


def _start_page(operator: Any) -> str:
    """Return the base URL of the task's connection; the documentation of Talon.One if it has none."""
    from airflow_provider_talon_one.hooks.talon_one import TalonOneHook

    try:
        return str(TalonOneHook(operator.talon_one_conn_id).values["base_url"])
    except Exception:  # noqa: BLE001 - a page of Airflow shows the link, whatever the connection is like
        return DOCS


def campaign_manager_url(base_url: str, path: Mapping[str, Any]) -> str:
    """Return the address of the page that the path parameters identify."""
    for name, page in _PAGES.items():
        if path.get(name) is not None:
            return f"{base_url}/{page}/{path[name]}"
    return base_url
