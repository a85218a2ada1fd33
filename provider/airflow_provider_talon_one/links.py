"""Links from a task to what it worked on in the Campaign Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from collections.abc import Mapping

LINK_KEY = "talon_one_campaign_manager"
_PLACES = {"audienceId": "audiences", "catalogId": "catalogs", "loyaltyProgramId": "loyalty-programs"}


class CampaignManagerLink(BaseOperatorLink):
    """The audience, catalog or loyalty program of a task; of another task the Campaign Manager itself."""

    name = "Talon.One Campaign Manager"

    @property
    def xcom_key(self) -> str:
        """Where the task has left the address."""
        return LINK_KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address; empty before the task has run."""
        del operator
        return str(XCom.get_value(ti_key=ti_key, key=LINK_KEY) or "")


def campaign_manager_url(base_url: str, path: Mapping[str, Any]) -> str:
    """The address of what the path parameters name."""
    for name, place in _PLACES.items():
        if path.get(name) is not None:
            return f"{base_url}/{place}/{path[name]}"
    return base_url
