"""One destination in a run: its rows are mapped and staged in the store, ready to be compared and sent."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from talon_one_singer.blocks.row_block import RecordBlock
from talon_one_singer.reporting.refusal_reasons import Reasons
from talon_one_singer.shards import WHOLE
from target_talon_one.config.identity import identity_of
from target_talon_one.mapping.conversion_errors import InvalidRow
from target_talon_one.store.tables.rejects import Reject
from target_talon_one.sync.row_buffer import ROWS_PER_STAGE, PendingRows, RowBuffer, row_text
from target_talon_one.sync.row_counts import RowCounts
from target_talon_one.sync.sending.batching import op_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_singer.blocks.row_block import RowBlock
    from talon_one_singer.shards import Shard
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.mapping.mapper import Mapped, Mapper
    from target_talon_one.sinks.sink_type import Op
    from target_talon_one.store.store import Store

LARGEST_ROW = 4_000_000  # bytes; Talon.One takes no larger request
FEW_ROWS = 100  # for fewer rows, statements cost more than mapping them one by one
_LONGEST_KEY = 10_000


class SourceState(Enum):
    """Whether the source of a destination was read to its end."""

    OPEN = "open"  # rows may follow
    COMPLETE = "complete"  # every row was read, so a row that was not read is not in the source
    INCOMPLETE = "incomplete"  # rows are missing or unreadable, so that an absent row proves nothing


class DestinationRun:
    """A destination in a run, from its first row until its changes are sent.

    Args:
        config: where the rows go, and how.
        store: keeps the rows until they are sent.
        audiences: finds the audience.
        base_url: base URL of Talon.One, a part of the destination's identity.
        mapper: maps rows to fields.
        shard: the part of the keys that this run sends; other rows are left to other runs.

    Attributes:
        counts: what was read, found and sent.
        reasons: why rows were refused.
        invalid: refused rows that are not yet in the rejects.
        target: which audience, catalog or program, by the names that payloads use.
        creates_audience: the audience is still to be created; without a management key it may exist.
        identity: of the destination, see ``config.identity``.
        number: of the destination in the store.
        source: whether the source was read to its end.
        masked: reasons are shown without values.
        replayed: the rows are those that an earlier run left refused.
        of_other_shards: rows of the source that other shards send.
        unchanged: rows that were not read, because the database of the source has found them to be acknowledged.
        not_loaded: acknowledged rows that are only in the database of the source.
        unfiltered: rows without a filter, which concern the whole catalog.
        unknown_left: rows of earlier runs that were looked up, or are to be, and were not found at Talon.One.
        settles_in_s: seconds after which Talon.One has certainly ended the last request of earlier runs.
    """

    def __init__(
        self,
        config: DestinationConfig,
        store: Store,
        *,
        audiences: Audiences,
        base_url: str,
        mapper: Mapper,
        shard: Shard = WHOLE,
    ) -> None:
        self.config, self.shard = config, shard
        self.counts = RowCounts()
        self.reasons = Reasons()
        self.invalid: list[Reject] = []
        self.target: dict[str, Any] = dict(config.target)
        self._buffer, self._pending = RowBuffer(), PendingRows()
        self.use_mapper(mapper)
        self._store = store
        wanted = config.target.get("audience")
        self.target["audience_id"] = audiences.find(wanted) if wanted is not None else None
        self.creates_audience = wanted is not None and self.target["audience_id"] is None
        self.identity = identity_of(config, self.target, base_url)
        self.number = store.destinations.number_of(self.identity, config.name)
        self.source = SourceState.OPEN
        self.masked = self.replayed = False
        self.of_other_shards = self.unfiltered = self.unchanged = self.not_loaded = self.unknown_left = 0
        self._staged = self._duplicates = self._position = self.settles_in_s = 0
        self._staging_closed = False
        store.staging.start(self.number)

    def use_mapper(self, mapper: Mapper) -> None:
        """Map the rows that follow with a mapper. If it maps no price, prices at Talon.One are kept."""
        if self._pending.rows:
            self.settle()
        self.mapper = mapper
        if "missing_price?" in self.config.sink.target:
            given = self.config.target.get("missing_price")
            self.target["missing_price"] = given if "price" in mapper.fields else "keep"

    @property
    def removes_absent(self) -> bool:
        """True if acknowledged rows that are not in the source are removed."""
        return self.config.mirror and self.source is not SourceState.INCOMPLETE

    @property
    def op_groups(self) -> list[list[Op]]:
        """The ops in the order they are sent; those of one list may share requests."""
        deleted = self._store.staging.count_deleted(self.number) > 0
        return op_groups(self.config, complete=self.source is not SourceState.INCOMPLETE, deleted=deleted)

    @property
    def waiting(self) -> int:
        """The number of rows that were read and are not yet sent."""
        return self._staged + self._buffer.size + len(self._pending.rows)

    @property
    def position(self) -> int:
        """The position of the last row that was read."""
        return self._position

    @property
    def duplicates(self) -> int:
        """The number of rows that a later row with the same key replaces."""
        return self._duplicates

    def close_source(self, *, complete: bool) -> None:
        """Note whether the source was read to its end; a source that is incomplete stays so."""
        if self.source is not SourceState.INCOMPLETE:
            self.source = SourceState.COMPLETE if complete else SourceState.INCOMPLETE

    def add(self, rows: Sequence[Mapping[str, Any]], origins: Sequence[str]) -> None:
        """Take rows, to be mapped and staged many at once; those that cannot be mapped are kept as invalid."""
        self._pending.add(rows, origins, self._position + 1)
        self._position += len(rows)
        self.counts.read += len(rows)
        if len(self._pending.rows) >= ROWS_PER_STAGE:
            self.settle()

    def add_block(self, block: RowBlock, origins: Sequence[str]) -> None:
        """Map and stage the rows of a block, see ``add``."""
        self.settle()
        positions = range(self._position + 1, self._position + 1 + len(block))
        self._position += len(block)
        self.counts.read += len(block)
        self._add_columns(block, origins, positions)

    def settle(self) -> None:
        """Map and stage the rows that were added so far; the invalid ones are known afterward."""
        pending, self._pending = self._pending, PendingRows()
        if len(pending.rows) < FEW_ROWS:
            self._add_each(pending.rows, pending.origins, pending.positions)
        else:
            self._add_columns(RecordBlock(pending.rows), pending.origins, pending.positions)

    def _add_columns(self, block: RowBlock, origins: Sequence[str], positions: Sequence[int]) -> None:
        mapped = self.mapper.by_column.mapped(block) if self.shard.count == 1 else None
        others: Sequence[int] = range(len(block))
        if mapped is not None:
            mapped = mapped.except_larger(LARGEST_ROW)
            key_only = self.config.sink.key_only
            others = self._store.staging.add_columns(self.number, mapped, positions, origins, key_only=key_only)
            self._staged += len(block) - len(others)
        if others:
            chosen = block.rows(others)
            self._add_each(chosen, [origins[at] for at in others], [positions[at] for at in others])

    def _add_each(self, rows: Sequence[Mapping[str, Any]], origins: Sequence[str], positions: Sequence[int]) -> None:
        """Map rows one by one, and refuse those that cannot be mapped."""
        buffer, mapper, takes, others = self._buffer, self.mapper, self.shard.takes, 0
        for row, origin, position in zip(rows, origins, positions, strict=True):
            if mapper.is_deleted(row):
                others += not self._add_deleted(row, origin, position)
                continue
            try:
                mapped = mapper(row)
                _check_size(mapped)
            except InvalidRow as problem:
                if takes(problem.key or origin):
                    self._refuse(row, origin, position, problem)
                else:
                    others += 1
                continue
            if takes(mapped.key):
                buffer.add(mapped, origin, position)
            else:
                others += 1
        self.counts.read -= others
        self.of_other_shards += others
        if buffer.size >= ROWS_PER_STAGE:
            self._stage()

    def _add_deleted(self, row: Mapping[str, Any], origin: str, position: int) -> bool:
        """Note a row that its source marks as deleted; only its key is read. Return False if another shard has it."""
        key = self.mapper.key_of(row)
        if not self.shard.takes(key or origin):
            return False
        if key is None:
            problem = InvalidRow("the row is marked as deleted and its key cannot be read")
            self._refuse(row, origin, position, problem)
        else:
            self.counts.deleted += 1
            self._buffer.deleted.append((key, position))
        return True

    def add_mapped(self, keys: Sequence[str], fields: Sequence[bytes], origins: Sequence[str]) -> None:
        """Stage rows that an earlier run has mapped."""
        if not keys:
            return
        positions = range(self._position + 1, self._position + 1 + len(keys))
        key_only = self.config.sink.key_only
        self._store.staging.add(self.number, keys, None if key_only else fields, origins, positions)
        self._position += len(keys)
        self._staged += len(keys)
        self.counts.read += len(keys)

    def add_invalid(self, row: Mapping[str, Any], origin: str, reason: str) -> None:
        """Refuse a row without mapping it, for example because it breaks the schema of its stream."""
        self.counts.read += 1
        self._position += 1
        self._refuse(row, origin, self._position, InvalidRow(reason, key=self.mapper.key_of(row)))

    def add_unreadable(self, text: str, origin: str, reason: str) -> None:
        """Keep a line that is not a row. Its key is unknown, so a mirror removes nothing."""
        self.counts.unreadable += 1
        self.close_source(complete=False)
        self.reasons.add(reason)
        self.invalid.append(Reject(self.config.name, "unreadable", "", None, None, text, origin, reason))

    def stage(self) -> None:
        """Map and stage the rows that were added so far, in the store."""
        self.settle()
        self._stage()

    def close_staging(self) -> None:
        """Prepare the staged rows for the comparison: of several rows with one key only the last one stays."""
        if self._staging_closed:
            return
        self.stage()
        staging, number, sink = self._store.staging, self.number, self.config.sink
        if self.config.retry_rejects and not self.config.mirror and sink.compares(self.config.mode):
            staging.add_rejects(number)
        if sink.filter_field:
            self.unfiltered = staging.count_unfiltered(number, sink.filter_field)
        dropped = staging.drop_duplicates(number, compared=sink.compares(self.config.mode))
        self._duplicates = dropped + staging.drop_superseded(number)
        self._staging_closed = True

    def refuse_new_profiles(self, keys: Sequence[str]) -> None:
        """Keep rows as invalid because their profiles do not exist."""
        self.counts.invalid += len(keys)
        reason = "the profile does not exist; create_profiles: allow would create it"
        self.reasons.counts[reason] += len(keys)
        self.reasons.examples[reason] = reason
        self.invalid += [Reject(self.config.name, "invalid", "", key, b"", None, "", reason) for key in keys]

    def audience_created(self, audience: int, base_url: str) -> None:
        """Set the id of the audience that was created, which is part of the destination's identity."""
        self.target["audience_id"], self.creates_audience = audience, False
        self.identity = identity_of(self.config, self.target, base_url)
        self._store.destinations.rename(self.number, self.identity)

    def restart(self) -> None:
        """Start again without rows: all earlier rows were sent, or remain to be sent in the next run."""
        self._store.changes.pending.release_staging(self.number)
        self._store.staging.start(self.number)
        self._staged, self._staging_closed = 0, False
        self.unchanged = self.not_loaded = 0
        self.invalid = []

    def _refuse(self, row: Mapping[str, Any], origin: str, position: int, problem: InvalidRow) -> None:
        self.counts.invalid += 1
        self.reasons.add(problem.reason, kind=problem.kind, masked=self.masked)
        key = problem.key
        if key is not None and len(key) > _LONGEST_KEY:
            key = None  # no destination has such a key
        if key is not None:
            self._buffer.refused.append((key, position))
        self.invalid.append(Reject(self.config.name, "invalid", "", key, None, row_text(row), origin, problem.reason))

    def _stage(self) -> None:
        buffer, self._buffer = self._buffer, RowBuffer()
        self._staged += buffer.stage(self._store.staging, self.number, key_only=self.config.sink.key_only)


def _check_size(mapped: Mapped) -> None:
    size = len(mapped.fields)
    if size > LARGEST_ROW:
        raise InvalidRow(f"the row has {size:,} bytes, {LARGEST_ROW:,} are allowed", key=mapped.key)
