"""Says what a run finds for the first time, before anything is sent: its store, and audiences that it creates."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client import errors as e
from target_talon_one.config.identity import described

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from talon_one_client.client import TalonOneClient
    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun

logger = logging.getLogger(__name__)


def location_of(store: Store) -> str:
    """Return where a store is kept; of a file the complete path."""
    path = Path(store.location)
    return str(path.absolute()) if path.is_file() else store.location


def may_have_forgotten(destination: DestinationRun, store: Store) -> bool:
    """Return whether a mirror may have added rows that its store does not know: the store knows none at all."""
    config = destination.config
    forgets_nothing = destination.creates_audience or config.adopt or config.sink.replaces
    return config.mirror and not forgets_nothing and not store.destinations.generation(destination.number)


def warn_of_new_store(destination: DestinationRun, store: Store) -> None:
    """Log that a mirror does not know which rows were added with another store."""
    logger.warning(
        "The store %s is new for %s: this mirror removes no row that was added before. If earlier pushes had "
        "another store, set store to that one (in Airflow also store_name)",
        location_of(store),
        destination.config.name,
    )


class NewDestinations:
    """Logs once for each destination of a run what is new about it.

    Args:
        client: looks whether a catalog is empty, if it has a management key.
        store: of the run.
        audiences: knows the names of the audiences that exist.
    """

    def __init__(self, client: TalonOneClient, store: Store, audiences: Audiences) -> None:
        self._client, self._store, self._audiences = client, store, audiences
        self._seen: set[int] = set()
        self._taken: set[int] = set()

    def announce(self, destination: DestinationRun) -> None:
        """Log that the audience of a destination will be created, or may be, and that the store knows no row of it.

        Raises:
            SyncConfigError: the settings forbid to create the audience.
        """
        if destination.number in self._seen:
            return
        first = not self._seen
        self._seen.add(destination.number)
        if destination.creates_audience:
            wanted = destination.config.target["audience"]
            self._audiences.check_creatable(wanted)
            self._announce_audience(destination.config.name, wanted)
        self._announce_store(destination, first=first)

    def announce_other_writer(self, destination: DestinationRun, removes: int) -> None:
        """Log that a sync of another name has written to a destination, from which this one removes rows."""
        name, other = destination.config.name, self._store.writers.last(destination.number)
        if other in (None, name) or destination.number in self._taken or not (destination.config.mirror or removes):
            return
        self._taken.add(destination.number)
        logger.warning(
            "%s: another sync, %s, has last written to this destination (%s): this push removes %s of the rows that "
            "they have added. If %s is its new name, nothing is wrong; otherwise let only one of them write to it",
            name,
            other,
            described(destination.identity),
            f"{removes:,}",
            name,
        )

    def _announce_audience(self, name: str, wanted: Mapping[str, Any]) -> None:
        if not self._audiences.are_listed:
            logger.warning(
                "%s: whether the audience %r exists is not known without management_key: set management_key, or give "
                "audience.id; a push creates the audience, and fails if it exists",
                name,
                wanted["name"],
            )
            return
        hint = self._audiences.similar(wanted)
        level = logging.WARNING if hint else logging.INFO
        logger.log(level, "%s: creates the audience %r%s", name, wanted["name"], hint)

    def _announce_store(self, destination: DestinationRun, *, first: bool) -> None:
        generations = {number: self._store.destinations.generation(number) for number in self._numbers()}
        if generations[destination.number]:  # rows of it have been acknowledged
            return
        forgotten = may_have_forgotten(destination, self._store)
        if forgotten and not self._is_empty(destination.target.get("catalog_id")):
            warn_of_new_store(destination, self._store)
        elif first and not any(generations.values()):
            logger.info("The store %s is new", location_of(self._store))

    def _is_empty(self, catalog: int | None) -> bool:
        """Return whether Talon.One says that a catalog has no items."""
        if catalog is None or not self._client.config.management_key:
            return False
        try:
            return not any(self._client.paginate(ep.LIST_CATALOG_ITEMS, path={"catalogId": catalog}, page_size=1))
        except e.TalonOneError:
            return False  # the push itself says what is wrong

    def _numbers(self) -> list[int]:
        return list(self._store.destinations.identities())
