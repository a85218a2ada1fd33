"""Verification: compares the rows of a destination with those of its source."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from talon_one_client import errors as e
from talon_one_client.http.encoding import decode_json
from target_talon_one.errors import DestinationError, DestinationMissingError, VerificationError
from target_talon_one.lookups.audiences import Audiences
from target_talon_one.lookups.existence import Existence
from target_talon_one.lookups.new_destinations import location_of, may_have_forgotten, warn_of_new_store
from target_talon_one.lookups.profiles import Profiles
from target_talon_one.sync import diff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from talon_one_client.client import TalonOneClient
    from target_talon_one.sinks.sink_type import Listing
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun

Verdict = Literal["equal", "drift", "unknown", "not compared"]
EXAMPLES = 20


@dataclass(slots=True)
class Finding:
    """What a verification found at one destination.

    Attributes:
        name: of the sync.
        verdict: equal, drift, unknown, or not compared, because Talon.One has no list to compare with.
        why: why the verdict is unknown, or why nothing was compared.
        expected: rows of the source, without refused ones.
        refused: rows of the source that do not fit the sink, so that no push sends them; they are not drift.
        there: rows at the destination.
        missing: rows of the source that are not at the destination.
        changed: rows that the destination has with other values.
        stale_rows: acknowledged rows that the destination has and the source no longer has (mirrors only).
        foreign_members: rows that someone else has added; they are not drift.
        examples: some keys of each kind.
    """

    name: str
    verdict: Verdict = "equal"
    why: str = ""
    expected: int = 0
    refused: int = 0
    there: int = 0
    missing: int = 0
    changed: int = 0
    stale_rows: int = 0
    foreign_members: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON holds it."""
        earlier_names = {"strangers": self.foreign_members, "left": self.stale_rows}  # alias
        return asdict(self) | earlier_names


class Verification:
    """Compares one destination, whose rows were read, with what Talon.One has.

    Args:
        client: needs a management key.
        store: knows which rows were acknowledged.
        destination: with the rows of the source.
        check: called before each request; raises to end the work.
        existence: checks the ids of destinations; one for several verifications reads the audiences once.
    """

    def __init__(
        self,
        client: TalonOneClient,
        store: Store,
        destination: DestinationRun,
        check: Callable[[], None],
        existence: Existence | None = None,
    ) -> None:
        self._client, self._store, self._destination, self._check = client, store, destination, check
        self._existence = existence or Existence(client, Audiences(client, store))

    def find(self) -> Finding:
        """Return what differs.

        Raises:
            DestinationMissingError: Talon.One has no such destination; the message names the setting.
            TalonOneError: Talon.One cannot be read.
        """
        destination, config = self._destination, self._destination.config
        finding = Finding(config.name)
        listing = config.sink.listing
        if listing is None or config.mode in ("remove", "insert_only", "update_only"):
            finding.verdict = "not compared"
            finding.why = f"Talon.One has no list to compare the sink {config.sink.name} in mode {config.mode} with"
            return finding
        finding.why = self._why_unknown()
        if finding.why:
            finding.verdict = "unknown"
            return finding
        self._existence.check(config.name, destination.target)
        diff.compare(destination, self._store, Profiles(self._client, self._store, self._check))
        finding.there = self._load(listing)
        self._compare(finding)
        return finding

    def _compare(self, finding: Finding) -> None:
        """Compare the rows that were loaded with those of the source."""
        destination = self._destination
        counts = self._store.remote.compare(destination.number)
        finding.expected, finding.missing = counts.expected, counts.missing
        finding.refused = destination.counts.invalid
        finding.foreign_members = counts.foreign
        finding.stale_rows = counts.stale if destination.removes_absent else 0
        changed = list(self._changed())
        finding.changed = len(changed)
        finding.examples = self._examples(changed)
        if finding.missing or finding.changed or finding.stale_rows:
            finding.verdict = "drift"
        if finding.foreign_members and may_have_forgotten(destination, self._store):
            warn_of_new_store(destination, self._store)
            self._note_new_store(finding)

    def _note_new_store(self, finding: Finding) -> None:
        """Say that rows of earlier pushes may be among those that this sync does not manage."""
        if finding.verdict == "equal":
            finding.verdict = "unknown"
            finding.why = (
                f"the store {location_of(self._store)} knows no row of this sync, so earlier pushes may have added "
                f"rows that are not in its source ({finding.foreign_members:,} found); set store to the one of these "
                "pushes (in Airflow also store_name)"
            )

    def forget_drift(self) -> None:
        """Forget that missing and changed rows were acknowledged, so that the next push sends them again.

        Rows that add something are not forgotten: somebody may have taken away what they had added.
        """
        if self._destination.config.sink.match:
            return
        number, changed = self._destination.number, list(self._changed())
        self._store.acks.forget(number, [*self._store.remote.missing_keys(number), *changed])
        # The destination has the changed rows, so they are to be updated and not added.
        self._store.acks.adopt(number, changed)

    def _why_unknown(self) -> str:
        destination, config = self._destination, self._destination.config
        if not self._client.config.management_key:
            return "without management_key the destination cannot be read; set management_key"
        if destination.creates_audience:
            return f"the audience {config.target['audience'].get('name')!r} does not exist yet; push first"
        return ""

    def _load(self, listing: Listing) -> int:
        destination, there = self._destination, 0
        self._store.remote.start(destination.number)
        try:
            for keys, rows in listing(self._client, destination.target, self._check):
                there += self._store.remote.add(destination.number, keys, rows)
        except e.NotFoundError as error:  # of what the key may read, but not look up
            settings = " and ".join(one.removesuffix("?") for one in destination.config.sink.target)
            raise DestinationMissingError(f"{destination.config.name}: {error}; check {settings}") from error
        if destination.config.sink.match:
            self._store.remote.match(destination.number, destination.config.sink.match)
        return there

    def _changed(self) -> Iterator[str]:
        """Yield the keys of rows that the destination has with other values."""
        config, target = self._destination.config, self._destination.target
        if config.sink.key_only:
            return
        # A mirror replaces a row, so fields that the source does not have must not be at the destination either.
        replaced = {one.name for one in config.sink.fields if not one.key} if config.mirror else set()
        if target.get("missing_price") == "keep":
            replaced -= {"price"}
        for key, expected, there in self._store.remote.pairs(self._destination.number):
            if not _alike(decode_json(expected), decode_json(there), replaced):
                yield key

    def _examples(self, changed: Sequence[str]) -> dict[str, list[str]]:
        number = self._destination.number
        found = {
            "missing": self._store.remote.missing_keys(number, EXAMPLES),
            "changed": list(changed[:EXAMPLES]),
            "stale_rows": self._store.remote.stale_keys(number, EXAMPLES) if self._destination.removes_absent else [],
        }
        return {kind: keys for kind, keys in found.items() if keys}


class Verifications:
    """Verifies several destinations; one that cannot be read does not keep the others from their findings.

    Args:
        client: see ``Verification``.
        store: see ``Verification``.
        destinations: with the rows of their sources.
        check: see ``Verification``.
    """

    def __init__(
        self, client: TalonOneClient, store: Store, destinations: Iterable[DestinationRun], check: Callable[[], None]
    ) -> None:
        existence = Existence(client, Audiences(client, store))
        self._each = {
            one.config.name: Verification(client, store, one, check, existence=existence) for one in destinations
        }
        self._drifted: list[Verification] = []
        self._errors: dict[str, Exception] = {}

    def find(self) -> list[Finding]:
        """Return what differs at the destinations that can be read.

        Raises:
            TalonOneError: Talon.One does not answer, so that no other destination can be read.
        """
        found = []
        for name, one in self._each.items():
            try:
                finding = one.find()
            except (DestinationError, e.RejectedError, e.PermissionDeniedError) as error:
                self._errors[name] = error
                continue
            found.append(finding)
            if finding.verdict == "drift":
                self._drifted.append(one)
        return found

    def raise_failures(self) -> None:
        """Raise if destinations could not be read.

        Raises:
            VerificationError: with the errors of all of them.
        """
        if self._errors:
            raise VerificationError(self._errors)

    def forget_drift(self) -> bool:
        """See ``Verification``; return whether there is drift."""
        for one in self._drifted:
            one.forget_drift()
        return bool(self._drifted)


def _alike(expected: Mapping[str, Any], there: Mapping[str, Any], replaced: Set[str]) -> bool:
    """Return whether a row at the destination is as expected; ``replaced``: fields that must be absent in both.

    Fields that the listing of the destination does not have are not compared.
    """
    names = (set(expected) | replaced) & set(there)
    return all(_same(name, expected.get(name), there.get(name), replaced=name in replaced) for name in names)


def _same(name: str, expected: Any, there: Any, *, replaced: bool) -> bool:
    if expected == there:
        return True
    if name != "attributes":
        return bool(_plain(expected) == _plain(there))
    expected, there = _without_nulls(expected), _without_nulls(there)
    if replaced and set(expected) != set(there):
        return False
    return all(bool(_plain(there.get(key)) == _plain(value)) for key, value in expected.items())


def _without_nulls(attributes: Any) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if value is not None}


def _plain(value: Any) -> Any:
    """Return a value in which equal numbers are equal whatever their spelling."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
