"""One destination in a run: rows come in and are mapped and staged, then compared with what Talon.One has."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer.shards import WHOLE
from talon_one_singer.values.refused_value import kept
from target_talon_one.config.identity import identity_of
from target_talon_one.mapping.mapper import InvalidRow, Mapped, Mapper
from target_talon_one.mapping.refusal_reasons import Reasons
from target_talon_one.store.tables.rejects import Reject
from target_talon_one.sync.row_counts import Comparison, Figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_singer.shards import Shard
    from target_talon_one.config.destinations import Destination
    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.lookups.profiles import Profiles
    from target_talon_one.sinks.table import Op
    from target_talon_one.store.store import Store
    from target_talon_one.store.tables.changes import Difference

logger = logging.getLogger(__name__)

ROWS_A_STAGE = 10_000
LARGEST_ROW = 4_000_000  # bytes; a request of Talon.One takes less
_LONGEST_KEY = 10_000
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=kept).encode
BATCH = 1000


@dataclass(slots=True)
class _Buffer:
    keys: list[str] = field(default_factory=list)
    fields: list[bytes] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    kept: list[tuple[str, int]] = field(default_factory=list)
    deleted: list[tuple[str, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Rows."""
        return len(self.keys) + len(self.kept) + len(self.deleted)


class Feed:
    """Rows of one stream on their way to their destination.

    Args:
        destination: where they go.
        store: keeps them until they are sent.
        audiences: finds the audience.
        profiles: knows which profiles exist.
        base_url: part of what tells destinations apart.
        mapper: from rows to fields.
        shard: the part of the keys that is pushed; rows of others are left to others.
    """

    def __init__(
        self,
        destination: Destination,
        store: Store,
        *,
        audiences: Audiences,
        profiles: Profiles,
        base_url: str,
        mapper: Mapper,
        shard: Shard = WHOLE,
    ) -> None:
        self.destination, self.shard = destination, shard
        self.figures = Figures()
        self.reasons = Reasons()
        self.invalid: list[Reject] = []
        self.target: dict[str, Any] = dict(destination.target)
        self.map_by(mapper)
        self._store, self._profiles = store, profiles
        wanted = destination.target.get("audience")
        self.target["audience_id"] = audiences.find(wanted) if wanted is not None else None
        self.creates_audience = wanted is not None and self.target["audience_id"] is None
        self.identity = identity_of(destination, self.target, base_url)
        self.number = store.destinations.number_of(self.identity, destination.name)
        self.complete: bool | None = None
        self.masked = False  # reasons are shown without values
        self.replayed = False  # the rows are those that an earlier run left refused
        self.of_others = 0  # rows of the source that other parts push
        self.unfiltered = 0
        self._buffer = _Buffer()
        self._key_only = all(field.key for field in destination.sink.fields)
        self._staged = self._duplicates = self._position = 0
        self._closed = False
        store.staging.start(self.number)

    def map_by(self, mapper: Mapper) -> None:
        """Map rows by this from now on. No price is missing where none is mapped: prices of others stay."""
        self.mapper = mapper
        if "missing_price?" in self.destination.sink.target:
            given = self.destination.target.get("missing_price")
            self.target["missing_price"] = given if "price" in mapper.fields else "keep"

    @property
    def ops(self) -> list[list[Op]]:
        """The kinds of changes in the order they are sent; those in one list may share requests."""
        return mixed_ops(
            self.destination,
            complete=self.complete is not False,
            deleted=self._store.staging.count_deleted(self.number) > 0,
        )

    @property
    def waiting(self) -> int:
        """Rows that came and are not yet sent."""
        return self._staged + self._buffer.size

    @property
    def duplicates(self) -> int:
        """Rows that a later one with the same key replaces."""
        return self._duplicates

    def add(self, rows: Sequence[Mapping[str, Any]], places: Sequence[str]) -> None:
        """Map and stage rows; those that cannot be mapped are kept as invalid."""
        buffer, mapper, takes, others = self._buffer, self.mapper, self.shard.takes, 0
        for row, place in zip(rows, places, strict=True):
            self._position += 1
            if mapper.is_deleted(row):
                others += not self._add_deleted(row, place)
                continue
            try:
                mapped = mapper(row)
                _check_size(mapped)
            except InvalidRow as problem:
                if takes(problem.key or place):
                    self._refuse(row, place, problem)
                else:
                    others += 1
                continue
            if not takes(mapped.key):
                others += 1
                continue
            buffer.keys.append(mapped.key)
            buffer.fields.append(mapped.fields)
            buffer.places.append(place)
            buffer.positions.append(self._position)
        self.figures.read += len(rows) - others
        self.of_others += others
        if buffer.size >= ROWS_A_STAGE:
            self._stage()

    def _add_deleted(self, row: Mapping[str, Any], place: str) -> bool:
        """A row that its source marks as deleted needs no more than its key; False: another part has it."""
        key = self.mapper.key_of(row)
        if not self.shard.takes(key or place):
            return False
        if key is None:
            self._refuse(row, place, InvalidRow("the row is marked as deleted and its key cannot be read"))
        else:
            self.figures.deleted += 1
            self._buffer.deleted.append((key, self._position))
        return True

    def add_mapped(self, keys: Sequence[str], fields: Sequence[bytes], places: Sequence[str]) -> None:
        """Stage rows that were mapped before."""
        if not keys:
            return
        positions = range(self._position + 1, self._position + 1 + len(keys))
        self._store.staging.add(self.number, keys, None if self._key_only else fields, places, positions)
        self._position += len(keys)
        self._staged += len(keys)
        self.figures.read += len(keys)

    def add_invalid(self, row: Mapping[str, Any], place: str, reason: str) -> None:
        """A row that must not be mapped, because it breaks the schema of its stream for example."""
        self.figures.read += 1
        self._position += 1
        self._refuse(row, place, InvalidRow(reason, key=self.mapper.key_of(row)))

    def add_unreadable(self, text: str, place: str, reason: str) -> None:
        """A line that is no row: nobody knows which key it had, so a mirror removes nothing."""
        self.figures.unreadable += 1
        self.complete = False
        self.reasons.add(reason)
        self.invalid.append(Reject(self.destination.name, "unreadable", "", None, None, text, place, reason))

    def compare(self) -> Comparison:
        """Turn what was staged into changes, and say what they are; may be called again before ``count``."""
        self._close()
        store, number = self._store, self.number
        found = self._compare()
        new: int | None = 0
        if self.destination.sink.name == "audience_members" and self.destination.mode != "remove":
            policy = self.destination.guards.create_profiles
            new = 0 if policy == "allow" else self._profiles.missing(number)
            if new and policy in ("skip", "reject"):
                self._leave_out(policy)
                found = self._compare()
        requests = self._requests() + self.creates_audience
        return Comparison(found, requests, new, self.creates_audience, store.destinations.generation(number))

    def digest(self) -> str:
        """Return a digest of what ``compare`` has found to be done."""
        return self._store.changes.digest(self.number)

    def count(self, found: Difference) -> None:
        """Add what was found to the figures."""
        figures = self.figures
        figures.adds += found.adds
        figures.updates += found.updates
        figures.removes += found.removes
        figures.same += found.same
        figures.duplicates += self._duplicates
        figures.known = found.known
        figures.complete = self.complete is not False

    def made(self, audience: int, base_url: str) -> None:
        """The audience was created."""
        self.target["audience_id"], self.creates_audience = audience, False
        self.identity = identity_of(self.destination, self.target, base_url)
        self._store.destinations.rename(self.number, self.identity)

    def restart(self) -> None:
        """What was staged is sent or safe; the next rows begin anew."""
        self._store.staging.start(self.number)
        self._staged, self._closed = 0, False
        self.invalid = []

    @property
    def _diff(self) -> bool:
        return any(op != "remove" for op in self.destination.sink.modes[self.destination.mode])

    def _close(self) -> None:
        """No more rows come before the comparison: what is staged is made ready for it, once."""
        if self._closed:
            return
        self._stage()
        store, number = self._store, self.number
        if self.destination.retry_rejects and not self.destination.mirror and self._diff:
            store.staging.add_rejects(number)
        if self.destination.sink.name == "catalog_rules":
            self.unfiltered = store.staging.count_unfiltered(number)
        self._duplicates = store.staging.drop_duplicates(number) + store.staging.drop_superseded(number)
        self._closed = True

    def _compare(self) -> Difference:
        sink = self.destination.sink
        return self._store.changes.compare(
            self.number,
            self.ops,
            diff=self._diff,
            absent=self.destination.mirror and self.complete is not False,
            grouped=sink.group is not None,
            ordered=sink.ordered,
        )

    def _requests(self) -> int:
        actions = self.destination.sink.actions(self.destination.mode)
        size = BATCH if next(iter(actions.values())).item else 1
        return self._store.changes.count_requests(self.number, self.ops, size)

    def _leave_out(self, policy: str) -> None:
        names = self._store.profiles.not_known(self.number)
        self._store.staging.leave_out(self.number, names)
        if policy == "skip":
            self.figures.left_out += len(names)
            return
        self.figures.invalid += len(names)
        reason = "the profile does not exist; create_profiles: allow would create it"
        self.reasons.counts[reason] += len(names)
        self.reasons.examples[reason] = reason
        self.invalid += [Reject(self.destination.name, "invalid", "", name, b"", None, "", reason) for name in names]

    def _refuse(self, row: Mapping[str, Any], place: str, problem: InvalidRow) -> None:
        self.figures.invalid += 1
        self.reasons.add(problem.reason, kind=problem.kind, masked=self.masked)
        key = problem.key
        if key is not None and len(key) > _LONGEST_KEY:
            key = None  # no destination has such a key
        if key is not None:
            self._buffer.kept.append((key, self._position))
        self.invalid.append(self._reject(place, problem.reason, key, _text(row)))

    def _reject(self, place: str, reason: str, key: str | None, source: str) -> Reject:
        return Reject(self.destination.name, "invalid", "", key, None, source, place, reason)

    def _stage(self) -> None:
        buffer, self._buffer = self._buffer, _Buffer()
        if buffer.kept:
            self._store.staging.keep(self.number, *zip(*buffer.kept, strict=True))
        if buffer.deleted:
            self._store.staging.delete(self.number, *zip(*buffer.deleted, strict=True))
        if buffer.keys:
            fields = None if self._key_only else buffer.fields
            self._store.staging.add(self.number, buffer.keys, fields, buffer.places, buffer.positions)
            self._staged += len(buffer.keys)


def _text(row: Mapping[str, Any]) -> str:
    """The row as JSON, its numbers digit for digit."""
    try:
        return _encode(row).decode()
    except (TypeError, ValueError, OverflowError):  # lone surrogates, names that are no text
        return json.dumps({str(name): value for name, value in row.items()}, default=kept)


def _check_size(mapped: Mapped) -> None:
    size = len(mapped.fields)
    if size > LARGEST_ROW:
        raise InvalidRow(f"the row has {size:,} bytes, {LARGEST_ROW:,} are allowed", key=mapped.key)


def mixed_ops(destination: Destination, *, complete: bool, deleted: bool = False) -> list[list[Op]]:
    """The kinds of changes of a destination, in the order they are sent; those in one list may share requests.

    Rows are removed by mode remove, by a mirror whose source is complete, and where rows are marked as deleted.
    """
    actions = destination.sink.actions(destination.mode)
    removes = destination.mode not in ("mirror", "upsert") or (destination.mirror and complete) or deleted
    found: list[list[Op]] = []
    for op in ("remove", "add", "update"):
        if op not in actions or (op == "remove" and not removes):
            continue
        last = actions[found[-1][-1]] if found else None
        action = actions[op]
        same = last is action or (
            last is not None and action.item and last.endpoint is action.endpoint and not destination.sink.ordered
        )
        if same:
            found[-1].append(op)
        else:
            found.append([op])
    return found
