"""Links from a task to the Campaign Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from collections.abc import Mapping

LINK_KEY = "talon_one_campaign_manager"
_PAGES = {"audienceId": "audiences", "catalogId": "catalogs", "loyaltyProgramId": "loyalty-programs"}


class CampaignManagerLink(BaseOperatorLink):
    """Links to the audience, catalog or loyalty program of a task, otherwise to the start page."""

    name = "Talon.One Campaign Manager"

    @property
    def xcom_key(self) -> str:
        """Key of the XCom in which the task stores the address."""
        return LINK_KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address; empty before the task has run."""
        del operator
        return str(XCom.get_value(ti_key=ti_key, key=LINK_KEY) or "")


def campaign_manager_url(base_url: str, path: Mapping[str, Any]) -> str:
    """Return the address of the page that the path parameters identify."""
    for name, page in _PAGES.items():
        if path.get(name) is not None:
            return f"{base_url}/{page}/{path[name]}"
    return base_url
