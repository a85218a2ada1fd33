"""The attribute registry of the account: names and types of the custom attributes.

As documented, unknown names and wrong types are refused with 400.
Source: https://docs.talon.one/docs/dev/concepts/attributes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.errors import Problem
from talon_one_emulator.domain import timestamps

if TYPE_CHECKING:
    from talon_one_emulator.domain.store import Store

ENTITIES = (
    "Application",
    "Campaign",
    "CustomerProfile",
    "CustomerSession",
    "CartItem",
    "Coupon",
    "Event",
    "Giveaway",
    "LoyaltyCard",
    "Referral",
    "Store",
)

Check = Callable[[Any], bool]


class AttributeRegistry:
    """Attributes by entity: an index in memory over the table ``attributes``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._types: dict[tuple[str, str], dict[str, str]] = {}
        self.reload()

    def reload(self) -> None:
        """Read the table again, after a reset or a new seed."""
        self._types = {}
        for entity, event_type, name, kind in self._store.rows("SELECT entity, event_type, name, type FROM attributes"):
            self._types.setdefault((entity, event_type), {})[name] = kind

    def add(self, entity: str, name: str, kind: str, created: int, event_type: str = "") -> None:
        """Register an attribute, or change its type. Raise ValueError for an unknown entity or type."""
        if entity not in ENTITIES:
            raise ValueError(f"unknown entity {entity!r}; known entities: {', '.join(ENTITIES)}")
        if kind not in TYPES:
            raise ValueError(f"unknown attribute type {kind!r}; known types: {', '.join(TYPES)}")
        self._store.db.execute(
            "INSERT INTO attributes (created, entity, event_type, name, type) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (entity, event_type, name) DO UPDATE SET type = excluded.type",
            (created, entity, event_type, name, kind),
        )
        self._types.setdefault((entity, event_type), {})[name] = kind

    def problems(
        self, entity: str, values: Mapping[str, Any] | None, pointer: str, event_type: str = ""
    ) -> Iterator[Problem]:
        """Yield the problems of the object ``attributes`` at a JSON pointer."""
        if not values:
            return
        types = self._types.get((entity, event_type), {})
        for name, value in values.items():
            kind = types.get(name)
            if kind is None:
                yield Problem("Unknown", "attribute not defined on the entity", f"{pointer}/{pointer_segment(name)}")
            elif value is not None and not TYPES[kind](value):
                yield Problem(
                    "Invalid type", f"attribute {name} must be of type {kind}", f"{pointer}/{pointer_segment(name)}"
                )

    def known(self, entity: str) -> Mapping[str, str]:
        """Return the types of the attributes of an entity, by name."""
        return self._types.get((entity, ""), {})


def pointer_segment(part: str) -> str:
    """Return a name as a segment of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        timestamps.parse(value)
    except ValueError:
        return False
    return True


def _is_location(value: Any) -> bool:
    return isinstance(value, (list, dict))


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


TYPES: Mapping[str, Check] = {
    "string": _is_string,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "time": _is_time,
    "(list string)": _list_of(_is_string),
    "(list number)": _list_of(_is_number),
    "(list time)": _list_of(_is_time),
    "location": _is_location,
    "(list location)": _list_of(_is_location),
}
