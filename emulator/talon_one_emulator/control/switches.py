"""Switches for behavior that the vendor does not document.

The stricter value is the default, except for ``exported_cards`` and ``unreachable_receiver``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Literal, get_args, get_type_hints

BatchOnBadRow = Literal["all_or_nothing", "partial"]
Errors = Literal["first", "all"]
Pointers = Literal["no", "yes"]
Bounds = Literal["exclusive", "inclusive", "half_open"]
Order = Literal["shuffled", "newest", "oldest"]
OverMaximum = Literal["reject", "clamp"]
KeyReuse = Literal["reject", "replay"]
CatalogVersion = Literal["match", "ignore"]
BalanceBound = Literal["inclusive", "exclusive"]
NegativeColumn = Literal["absent", "present"]
DeletedProfile = Literal["gone", "empty"]
ExportedCards = Literal["all", "with_transactions"]
ExportColumns = Literal["sample", "text"]
RepeatedEvent = Literal["conflict", "stored"]
RepeatedUnlink = Literal["reject", "accept"]
UnreachableReceiver = Literal["resend", "drop"]
CollectionImport = Literal["replace", "add"]


@dataclass(frozen=True, slots=True)
class Switches:
    """Values of all switches. docs/reference/emulator.md describes each one."""

    batch: BatchOnBadRow = "all_or_nothing"
    errors: Errors = "first"
    pointers: Pointers = "no"
    date_bounds: Bounds = "exclusive"
    order: Order = "shuffled"
    page_size_above_max: OverMaximum = "reject"
    idempotency_reuse: KeyReuse = "reject"
    catalog_version: CatalogVersion = "match"
    balance_bound: BalanceBound = "inclusive"
    negative_column: NegativeColumn = "absent"
    deleted_profile: DeletedProfile = "gone"
    exported_cards: ExportedCards = "all"
    export_columns: ExportColumns = "sample"
    repeated_event: RepeatedEvent = "conflict"
    repeated_unlink: RepeatedUnlink = "reject"
    unreachable_receiver: UnreachableReceiver = "resend"
    collection_import: CollectionImport = "replace"

    def changed(self, **values: str) -> Switches:
        """Return a copy with some switches set. Raise ValueError that names an unknown switch or value."""
        known = choices()
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown switch {name!r}; known switches: {', '.join(known)}")
            if value not in known[name]:
                raise ValueError(f"switch {name} must be {' or '.join(known[name])}, not {value!r}")
        return replace(self, **values)  # type: ignore[arg-type]

    def describe(self) -> dict[str, str]:
        """Return the values by name."""
        return asdict(self)


def choices() -> dict[str, tuple[str, ...]]:
    """Return the possible values of every switch, the default first."""
    hints = get_type_hints(Switches)
    return {field.name: get_args(hints[field.name]) for field in fields(Switches)}
