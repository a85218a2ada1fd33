"""What is at the destination against what should be there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from talon_one_client.http.encoding import decode_json
from target_talon_one.lookups import remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set

    from talon_one_client.client import TalonOneClient
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import Feed

Verdict = Literal["equal", "drift", "unknown"]
EXAMPLES = 20


@dataclass(slots=True)
class Finding:
    """What was found at one destination.

    Attributes:
        name: of the sync.
        verdict: equal, drift, or unknown.
        why: of unknown.
        expected: rows of the source.
        there: rows at the destination.
        missing: rows of the source that are not there.
        changed: rows that are there with other values.
        left: rows of ours that are there and not in the source any more (mirrors only).
        strangers: rows that somebody else has put there; no drift.
        examples: some keys of each kind.
    """

    name: str
    verdict: Verdict = "equal"
    why: str = ""
    expected: int = 0
    there: int = 0
    missing: int = 0
    changed: int = 0
    left: int = 0
    strangers: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


class Verification:
    """Compares one feed, whose rows were read, with its destination.

    Args:
        client: needs a management key.
        store: knows which rows are ours.
        feed: the rows that should be there.
        check: called before each request; raises to end the work.
    """

    def __init__(self, client: TalonOneClient, store: Store, feed: Feed, check: Callable[[], None]) -> None:
        self._client, self._store, self._feed, self._check = client, store, feed, check

    def find(self) -> Finding:
        """What differs."""
        feed = self._feed
        finding = Finding(feed.destination.name)
        why = self._why_unknown()
        if why:
            finding.verdict, finding.why = "unknown", why
            return finding
        feed.compare()
        finding.there = self._load()
        figures = self._store.remote.compare(feed.number)
        finding.expected, finding.missing, finding.strangers = figures.expected, figures.missing, figures.foreign
        finding.left = figures.stale if feed.destination.mirror else 0
        changed = list(self._changed())
        finding.changed = len(changed)
        finding.examples = self._examples(changed)
        if finding.missing or finding.changed or finding.left:
            finding.verdict = "drift"
        return finding

    def forget_drift(self) -> None:
        """Rows that are missing or changed are not known as sent any more, so that the next send mends them."""
        number, changed = self._feed.number, list(self._changed())
        self._store.acks.forget(number, [*self._store.remote.missing_keys(number), *changed])
        # They are there, so they are changed and not added.
        self._store.acks.adopt(number, changed)

    def _why_unknown(self) -> str:
        feed = self._feed
        name, mode = feed.destination.sink.name, feed.destination.mode
        if name not in remote.LISTED or mode in ("remove", "insert_only", "update_only"):
            return f"Talon.One has no list to compare the sink {name} in mode {mode} with"
        if not self._client.config.management_key:
            return "without management_key nobody can look; set it"
        if feed.creates_audience:
            return f"there is no audience {feed.destination.target['audience'].get('name')!r} yet; push first"
        return ""

    def _load(self) -> int:
        feed, there = self._feed, 0
        self._store.remote.start(feed.number)
        if feed.destination.sink.name == "audience_members":
            for keys in remote.members(self._client, feed.target["audience_id"], self._check):
                there += self._store.remote.add(feed.number, keys, None)
        else:
            for items in remote.catalog_items(self._client, feed.target["catalog_id"], self._check):
                there += self._store.remote.add(feed.number, [item["sku"] for item in items], items)
        return there

    def _changed(self) -> Iterator[str]:
        if self._feed.destination.sink.name != "catalog_items":
            return
        whole = {"price", "attributes", "product"} if self._feed.destination.mirror else set()
        if self._feed.target.get("missing_price") == "keep":
            whole -= {"price"}
        for key, ours, theirs in self._store.remote.pairs(self._feed.number):
            if not _alike(decode_json(ours), decode_json(theirs), whole=whole):
                yield key

    def _examples(self, changed: Sequence[str]) -> dict[str, list[str]]:
        number = self._feed.number
        found = {
            "missing": self._store.remote.missing_keys(number, EXAMPLES),
            "changed": list(changed[:EXAMPLES]),
            "left": self._store.remote.stale_keys(number, EXAMPLES) if self._feed.destination.mirror else [],
        }
        return {kind: keys for kind, keys in found.items() if keys}


def _alike(ours: Mapping[str, Any], theirs: Mapping[str, Any], *, whole: Set[str]) -> bool:
    """Whether an item is as we sent it; ``whole``: fields of which what we did not send must not be there."""
    names = set(ours) | whole
    return all(_same(name, ours.get(name), theirs.get(name), whole=name in whole) for name in names)


def _same(name: str, ours: Any, theirs: Any, *, whole: bool) -> bool:
    if name != "attributes":
        return bool(_plain(ours) == _plain(theirs))
    ours, theirs = _without_nulls(ours), _without_nulls(theirs)
    if whole and set(ours) != set(theirs):
        return False
    return all(bool(_plain(theirs.get(key)) == _plain(value)) for key, value in ours.items())


def _without_nulls(attributes: Any) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if value is not None}


def _plain(value: Any) -> Any:
    """Numbers alike whatever their spelling."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
