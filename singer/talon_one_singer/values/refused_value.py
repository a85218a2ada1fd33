"""Cells of a row that cannot be sent: they wait in their place, and refuse the row only if it is mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = "_refused"


class RefusedValue:
    """The place of a value that JSON has not.

    Attributes:
        reason: says what the value is and why it cannot be sent, without the name of its column.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return self.reason

    def __repr__(self) -> str:
        return f"RefusedValue({self.reason!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RefusedValue) and other.reason == self.reason

    def __hash__(self) -> int:
        return hash(self.reason)


def of_type(name: str) -> RefusedValue:
    """Return the place of a value whose type JSON has not."""
    return RefusedValue(f"it is of type {name}, which JSON has not")


def first_refused(values: Iterable[Any]) -> RefusedValue | None:
    """Return the first value that is refused, or None."""
    return next((value for value in values if type(value) is RefusedValue), None)


def has_refused(values: Sequence[Any]) -> bool:
    """Return whether one of the values is refused; quick on long columns."""
    return RefusedValue in map(type, values)


def kept(value: Any) -> Any:
    """Return what a row that is kept as JSON holds for a value that msgspec cannot encode."""
    return {_NAME: value.reason} if isinstance(value, RefusedValue) else str(value)


def restored(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that was kept as JSON, with its refused values in their places."""
    return {
        name: RefusedValue(str(value[_NAME])) if isinstance(value, dict) and list(value) == [_NAME] else value
        for name, value in row.items()
    }
