"""Checks whether the objects that a destination writes to exist, as far as the management key may see.

Talon.One has no list of catalogs; a page of a catalog's items is answered with 404 if there is none.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client import errors as e
from target_talon_one.errors import DestinationMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.sync.destination_run import DestinationRun

logger = logging.getLogger(__name__)


class _Object(NamedTuple):
    """What an id stands for, and the operation that answers 404 if there is none."""

    words: str
    endpoint: Endpoint


class _Row(msgspec.Struct):
    id: int


_decode = msgspec.json.Decoder(_Row).decode
_OBJECTS = {
    "catalog_id": _Object("catalog", ep.LIST_CATALOG_ITEMS),
    "loyalty_program_id": _Object("loyalty program", ep.GET_LOYALTY_PROGRAM),
    "application_id": _Object("Application", ep.GET_CAMPAIGNS),
    "collection_id": _Object("collection", ep.GET_COLLECTION_ITEMS),
}
_WORDS = {**{setting: one.words for setting, one in _OBJECTS.items()}, "campaign_id": "campaign"}


class Existence:
    """Checks the ids of destinations, each of them once.

    Args:
        client: reads Talon.One; without a management key nothing is checked.
        audiences: knows the audiences.
    """

    def __init__(self, client: TalonOneClient, audiences: Audiences) -> None:
        self._client, self._audiences = client, audiences
        self._known: set[tuple[str, int]] = set()

    def check_all(self, destinations: Iterable[DestinationRun]) -> None:
        """Check what the destinations of a run write to, see ``check``."""
        for one in destinations:
            self.check(one.config.name, one.target)

    def announce_unknown(self, destination: DestinationRun) -> None:
        """Log which ids of a destination cannot be checked, because there is no management key."""
        if self._client.config.management_key:
            return
        for setting, what in {**_WORDS, "audience_id": "audience"}.items():
            number = destination.target.get(setting)
            if number is not None:
                logger.info(
                    "%s: whether the %s %s exists is not known without management_key; set management_key to check it",
                    destination.config.name,
                    what,
                    number,
                )

    def check(self, destination: str, target: Mapping[str, Any]) -> None:
        """Check what a destination writes to.

        Args:
            destination: its name, for the message.
            target: its ids, by their settings.

        Raises:
            DestinationMissingError: an object does not exist, so that a push would fail with its first request.
        """
        self._audiences.check_exists(destination, target.get("audience_id"))
        if not self._client.config.management_key:
            return
        for setting, words in _WORDS.items():
            number = target.get(setting)
            if number is None or (setting, number) in self._known:
                continue
            if not self._may_exist(setting, number, target.get("application_id")):
                raise DestinationMissingError(
                    f"{destination}: the {words} {number} does not exist at Talon.One; check {setting}"
                )
            self._known.add((setting, number))

    def _may_exist(self, setting: str, number: int, application: int | None) -> bool:
        """Return False if Talon.One says that there is no such object; the key may not see all of them."""
        try:
            if setting == "campaign_id":
                return any(number in found for found in self._campaigns(application))
            endpoint = _OBJECTS[setting].endpoint
            path = {endpoint.path_params[0].name: number}
            if endpoint.paged:
                next(self._client.paginate(endpoint, path=path, page_size=1), None)
            else:
                self._client.call(endpoint, path=path)
        except e.PermissionDeniedError:
            return True
        except e.NotFoundError:
            return False
        return True

    def _campaigns(self, application: int | None) -> Iterator[set[int]]:
        """Yield the ids of the campaigns of an Application, or of all Applications, page by page."""
        applications = [application] if application else self._applications()
        for one in applications:
            for page in self._client.paginate(ep.GET_CAMPAIGNS, path={"applicationId": one}, decode=_decode):
                yield {row.id for row in page}

    def _applications(self) -> Iterator[int]:
        for page in self._client.paginate(ep.GET_APPLICATIONS, decode=_decode):
            yield from (row.id for row in page)
