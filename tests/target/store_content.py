"""Reads from a store what no command shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_talon_one.store.store import Store


def acknowledged_keys(store: Store, destination: int | None = None) -> set[str]:
    """Return the keys that surely are at a destination, or at any destination, because of this connector."""
    numbers = store.destinations.identities() if destination is None else [destination]
    statement = "SELECT key FROM sent_{} WHERE fingerprint IS NOT NULL"
    return {key for number in numbers for (key,) in store.database.run(statement.format(number))}
