"""Which profiles exist: an audience "add" makes those that do not, and nobody notices."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client import errors as e

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talon_one_client.client import TalonOneClient
    from target_talon_one.store.store import Store

logger = logging.getLogger(__name__)


class _Profile(msgspec.Struct, rename="camel"):
    integration_id: str


_decode = msgspec.json.Decoder(_Profile).decode

ONE_BY_ONE = 100  # so many profiles are asked for singly, more are looked up in the list of all


class Profiles:
    """Knows which profiles exist; those that were seen once are remembered in the store.

    Args:
        client: asks Talon.One; the list of all profiles needs its management key.
        store: remembers.
        check: called before each request; raises to end the work.
    """

    def __init__(self, client: TalonOneClient, store: Store, check: Callable[[], None]) -> None:
        self._client, self._store, self._check = client, store, check
        self._listed = False

    def missing(self, destination: int) -> int | None:
        """How many of the rows to add have no profile; None: it cannot be found out."""
        unsure = self._store.profiles.not_known(destination)
        if unsure and len(unsure) <= ONE_BY_ONE:
            self._ask(unsure)
        elif unsure and self._client.config.management_key:
            self._list()
        elif unsure:
            logger.warning(
                "nobody can tell whether %s profiles exist: without management_key only %s can be asked for; those "
                "that do not exist will be created",
                f"{len(unsure):,}",
                ONE_BY_ONE,
            )
            return None
        return len(self._store.profiles.not_known(destination)) if unsure else 0

    def _ask(self, names: Sequence[str]) -> None:
        found = [name for name in names if self._exists(name)]
        if found:
            self._store.profiles.add(found)

    def _exists(self, name: str) -> bool:
        self._check()
        try:
            self._client.call(ep.GET_CUSTOMER_INVENTORY, path={"integrationId": name})
        except e.RejectedError:
            return False
        return True

    def _list(self) -> None:
        if self._listed:
            return
        self._check()
        for page in self._client.paginate(ep.GET_CUSTOMER_PROFILES, decode=_decode):
            self._store.profiles.add([row.integration_id for row in page])
            self._check()
        self._listed = True
