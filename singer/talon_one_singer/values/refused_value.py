"""Values that cannot be sent: they stay in their row, which is refused only if the column is mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = "_refused"


class RefusedValue:
    """Stands for a value that cannot be represented in JSON.

    Attributes:
        reason: what the value is and why it cannot be sent, without the name of its column.
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
    """Return what stands in for a value whose type JSON does not have."""
    return RefusedValue(f"it is of type {name}, which JSON cannot represent")


def first_refused(values: Iterable[Any]) -> RefusedValue | None:
    """Return the first refused value, or None."""
    return next((value for value in values if type(value) is RefusedValue), None)


def has_refused(values: Sequence[Any]) -> bool:
    """Return whether one of the values is refused; fast for long columns."""
    return RefusedValue in map(type, values)


def kept(value: Any) -> Any:
    """Return the JSON form of a refused value, for a row that is kept as JSON."""
    return {_NAME: value.reason} if isinstance(value, RefusedValue) else str(value)


def restored(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that was kept as JSON, with its refused values restored."""
    return {
        name: RefusedValue(str(value[_NAME])) if isinstance(value, dict) and list(value) == [_NAME] else value
        for name, value in row.items()
    }
