"""Which profiles exist at Talon.One: adding a missing one to an audience would create it without notice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client import errors as e
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talon_one_client.client import TalonOneClient
    from target_talon_one.store.store import Store

logger = logging.getLogger(__name__)


class _Profile(msgspec.Struct, rename="camel"):
    integration_id: str


_decode = msgspec.json.Decoder(_Profile).decode

MOST_SINGLE_REQUESTS = 100  # above this number of profiles, one list of all profiles is cheaper


class Profiles:
    """Finds out which profiles exist; the store keeps those that were found.

    Args:
        client: makes the calls; the list of all profiles needs a management key.
        store: keeps the profiles that exist.
        check: called before each request; raises to end the work.
    """

    def __init__(self, client: TalonOneClient, store: Store, check: Callable[[], None]) -> None:
        self._client, self._known, self._check = client, store.profiles, check
        self._listed = False

    def missing(self, destination: int, field: str | None = None) -> int | None:
        """Return how many profiles of a destination's rows to add do not exist; None if that cannot be found out.

        Args:
            destination: its number.
            field: the field that holds the id of the profile; None: the key is the id.
        """
        unknown = self._known.not_known(destination, field)
        if not unknown:
            return 0
        if len(unknown) <= MOST_SINGLE_REQUESTS:
            self._request_each(unknown)
        elif self._client.config.management_key:
            self._list_all()
        else:
            logger.warning(
                "cannot find out whether %s exist: without management_key at most %s are looked up; "
                "profiles that do not exist will be created; set management_key to check all of them",
                counted(len(unknown), "profile"),
                MOST_SINGLE_REQUESTS,
            )
            return None
        return len(self._known.not_known(destination, field))

    def missing_of_few(self, destination: int, field: str | None = None) -> int | None:
        """Return what ``missing`` does if at most MOST_SINGLE_REQUESTS profiles are unknown, else None."""
        unknown = self._known.not_known(destination, field)
        if len(unknown) > MOST_SINGLE_REQUESTS:
            return None
        try:
            return self.missing(destination, field)
        except e.ConfigurationError:  # a plan does without the key that the lookup needs
            return None

    def _request_each(self, integration_ids: Sequence[str]) -> None:
        found = [one for one in integration_ids if self._exists(one)]
        if found:
            self._known.add(found)

    def _exists(self, integration_id: str) -> bool:
        self._check()
        try:
            self._client.call(ep.GET_CUSTOMER_INVENTORY, path={"integrationId": integration_id})
        except e.RejectedError:
            return False
        return True

    def _list_all(self) -> None:
        if self._listed:
            return
        self._check()
        for page in self._client.paginate(ep.GET_CUSTOMER_PROFILES, decode=_decode):
            self._known.add([row.integration_id for row in page])
            self._check()
        self._listed = True
