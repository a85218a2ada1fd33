"""Says what a run finds for the first time, before anything is sent: its store, and audiences that it creates."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun

logger = logging.getLogger(__name__)


class NewDestinations:
    """Logs once for each destination of a run what is new about it.

    Args:
        store: of the run.
        audiences: knows the names of the audiences that exist.
    """

    def __init__(self, store: Store, audiences: Audiences) -> None:
        self._store, self._audiences = store, audiences
        self._seen: set[int] = set()

    def announce(self, destination: DestinationRun) -> None:
        """Log that the audience of a destination will be created, and that the store knows no row of it.

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
            hint = self._audiences.similar(wanted)
            level = logging.WARNING if hint else logging.INFO
            logger.log(level, "%s: creates the audience %r%s", destination.config.name, wanted["name"], hint)
        self._announce_store(destination, first=first)

    def _announce_store(self, destination: DestinationRun, *, first: bool) -> None:
        generations = {number: self._store.destinations.generation(number) for number in self._numbers()}
        if generations[destination.number]:  # rows of it have been acknowledged
            return
        path = Path(self._store.location)
        location = path.absolute() if path.is_file() else self._store.location
        config = destination.config
        if config.mirror and not (destination.creates_audience or config.adopt or config.sink.replaces):
            logger.warning(
                "The store %s is new for %s: this mirror removes no row that was added before. If earlier pushes had "
                "another store, set store to that one (in Airflow also store_name)",
                location,
                config.name,
            )
        elif first and not any(generations.values()):
            logger.info("The store %s is new", location)

    def _numbers(self) -> list[int]:
        return list(self._store.destinations.identities())
