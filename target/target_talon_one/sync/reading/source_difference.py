"""Reads what differs between a source and what was acknowledged, from the database that holds both.

The rows that leave the database are mapped, staged and compared as those of any other source. The rest is known to be
acknowledged, and is only counted.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from typing import TYPE_CHECKING

from talon_one_singer.shards import WHOLE
from talon_one_singer.version import VERSION
from target_talon_one.errors import SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from talon_one_singer.blocks.row_block import RowBlock
    from talon_one_singer.shards import Shard
    from target_talon_one.store.in_source.source_rows import SourceRows
    from target_talon_one.store.in_source.tables import ComparedSource
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun


def read_difference(
    destination: DestinationRun,
    store: Store,
    source: ComparedSource,
    *,
    check: Callable[[], None],
    shard: Shard = WHOLE,
    everything: bool = False,
) -> None:
    """Add the rows of a source that differ from the acknowledged ones, and note that the source was read.

    Args:
        destination: takes the rows; its own shard must be the whole, because the database chooses the rows.
        store: of the run, in the database of the source.
        source: the query.
        check: called before each block of rows; raises to end the work.
        shard: the shard of the rows to read.
        everything: read all rows, as a verification does.

    Raises:
        SyncConfigError: several different rows have one key, or ``adopt`` is set for one shard of several.
    """
    rows = store.source_rows
    assert rows is not None  # the caller has opened a store in the source
    if destination.config.adopt and shard.count > 1:
        raise SyncConfigError(
            f"{destination.config.name}: adopt does not work with shard and a store in the source; adopt the existing "
            "rows in a push without shard to a store in a file, or leave adopt out"
        )
    mapper, config = destination.mapper, destination.config
    columns = [name for name in source.columns if name in {*mapper.columns_used, *mapper.deleted_at}]
    if shard.count > 1 and mapper.key_columns is None:
        raise SyncConfigError(
            f"{config.name}: a template makes the key, so the database of the source cannot divide the rows by it; "
            "make the key a column of the query, or leave shard out"
        )
    source.hash_rows(columns, _salt(destination, source, columns), key=mapper.key_columns or (), shard=shard)
    everything = everything or not rows.tables.has_acknowledged(destination.number)
    if everything or config.adopt or config.sink.replaces or not config.sink.compares(config.mode):
        if not config.adopt:  # its rows were loaded before those of the destination were adopted
            store.load_acknowledged(destination.number)
        _add(destination, rows, source.everything(), "row", check)
    else:
        _add_changed(destination, store, source, check)
    if not destination.counts.read and shard.count > 1 and source.has_rows():
        destination.of_other_shards = 1
    destination.close_source(complete=True)


def _add_changed(destination: DestinationRun, store: Store, source: ComparedSource, check: Callable[[], None]) -> None:
    rows, number = store.source_rows, destination.number
    assert rows is not None
    rows.start(number)
    known, gone = source.compare(number)
    _add(destination, rows, source.changed(), "changed row", check)
    mirror = destination.config.mirror
    if mirror:
        rows.load_gone(number)
    if known > (gone if mirror else 0):
        present = rows.load_read(number, only_present=mirror)
        rows.refuse_present(number, present)
        store.staging.note_unchanged(number, present)
    destination.unchanged, destination.not_loaded = known - gone, known - rows.count_loaded(number)
    destination.counts.read += destination.unchanged


def _add(
    destination: DestinationRun,
    rows: SourceRows,
    blocks: Generator[tuple[RowBlock, list[str]]],
    origin: str,
    check: Callable[[], None],
) -> None:
    with closing(blocks):
        for block, hashes in blocks:
            check()
            positions = range(destination.position + 1, destination.position + 1 + len(block))
            rows.note_hashes(destination.number, positions, hashes)
            destination.add_block(block, [f"{origin} {n}" for n in positions])
    destination.stage()
    rows.join_hashes(destination.number, destination.position)
    if destination.config.sink.compares(destination.config.mode):
        rows.refuse_repeated(destination.number)


def _salt(destination: DestinationRun, source: ComparedSource, columns: list[str]) -> str:
    """Return a text that changes with everything that a mapped row depends on beside the values of its columns."""
    types = [[name, source.type_names.get(name)] for name in columns]
    text = json.dumps([VERSION, destination.mapper.settings, types])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
