"""Opens destinations: creates the mapper, checks the settings, adopts existing rows, and looks up unknown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_singer.shards import WHOLE
from target_talon_one.config.identity import same_destination
from target_talon_one.config.shards import check_shardable
from target_talon_one.errors import SyncConfigError
from target_talon_one.lookups.attribute_types import attribute_types
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.sinks.table import SINKS
from target_talon_one.sync import guards
from target_talon_one.sync.destination_run import DestinationRun
from target_talon_one.sync.unknown_rows import look_up, seconds_to_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.shards import Shard
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.store.store import Store


class DestinationOpener:
    """Opens the destinations of a run.

    Args:
        client: looks up attributes, and reads the rows to adopt.
        store: of the run.
        options: of the run.
        audiences: finds audiences.
        check: called before each request; raises to end the run.
        now: returns the current time.
    """

    def __init__(
        self,
        client: TalonOneClient,
        store: Store,
        options: SyncOptions,
        *,
        audiences: Audiences,
        check: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._client, self._store, self._options, self._check = client, store, options, check
        self._audiences, self._now = audiences, now
        self._attribute_types: dict[str, Mapping[str, str] | None] = {}  # by sink

    def open(
        self, config: DestinationConfig, mapper: Mapper, shard: Shard, others: Iterable[DestinationRun]
    ) -> DestinationRun:
        """Return a destination that is ready for rows.

        Args:
            config: of the destination.
            mapper: see ``mapper``.
            shard: the part of the rows that this run sends.
            others: destinations that are open already.

        Raises:
            SyncConfigError: the destination cannot be written to with its settings.
            GuardError: a guard forbids it.
        """
        base_url = self._client.config.base_url
        destination = DestinationRun(
            config,
            self._store,
            audiences=self._audiences,
            base_url=base_url,
            mapper=mapper,
            # The database of the source has divided the rows already.
            shard=WHOLE if self._store.source_rows else shard,
        )
        destination.masked = self._options.mask_rejects
        check_shardable(config, shard, creates_audience=destination.creates_audience)
        twin = next((one for one in others if one.number == destination.number), None)
        if twin:
            raise SyncConfigError(same_destination(config.name, twin.config.name, destination.identity))
        guards.check_before_reading(destination, self._options.environment)
        if config.adopt:
            self._store.load_acknowledged(destination.number)
        if config.adopt and not destination.creates_audience:
            self._adopt(destination)
        if config.sink.lookup:
            wait_s = seconds_to_wait(
                self._store, destination.number, self._now(), settled_after_s=self._options.lookup_after_seconds
            )
            look_up(destination, self._store, self._client, check=self._check, wait_s=wait_s)
        return destination

    def mapper(
        self,
        config: DestinationConfig,
        columns: Sequence[str] | None,
        key_properties: Sequence[str],
        *,
        more_columns: bool,
        source: str,
    ) -> Mapper:
        """Return the mapper of a destination; the types of attributes are looked up once for each sink.

        Raises:
            SyncConfigError: the settings do not fit the columns.
        """
        sink = config.sink
        if sink.name not in self._attribute_types:
            self._attribute_types[sink.name] = attribute_types(self._client, sink)
        try:
            return Mapper(
                sink,
                config.mapping,
                columns=columns,
                key_properties=key_properties,
                more_columns=more_columns,
                attribute_types=self._attribute_types[sink.name],
                source=source,
            )
        except SyncConfigError as error:
            raise SyncConfigError(*(f"{config.name}: {line}" for line in error.lines)) from None

    def _adopt(self, destination: DestinationRun) -> None:
        """Take over the rows that are at the destination already, as if this connector had added them."""
        config = destination.config
        listing = config.sink.listing
        if listing is None:
            listable = " and ".join(sink.name for sink in SINKS.values() if sink.listing)
            raise SyncConfigError(f"{config.name}: adopt works with {listable} only")
        if not self._client.config.management_key:
            raise SyncConfigError(f"{config.name}: adopt needs management_key, because it reads the existing rows")
        for keys, _ in listing(self._client, destination.target, self._check):
            self._store.acks.adopt(destination.number, list(filter(destination.shard.takes, keys)))
