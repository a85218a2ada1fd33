"""Options of a mapping: which columns become which fields, and how a null is handled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

NullPolicy = Literal["skip", "send_null", "reject"]


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """How the rows of a stream become fields.

    Attributes:
        map: field -> a column, or a template with ``{{``; for attributes also a list of columns,
            {attribute: column or template}, or ``"*"``: all columns that no other field takes. None: every field takes
            the column of its name.
        key: columns of the key, in the order of the sink's key. None: the columns that ``map`` names, those named like
            the fields, or the key properties of the stream.
        nulls: how a null, or a column that a row does not have, is handled: left out, sent as null, or refused.
    """

    map: Mapping[str, Any] | None = None
    key: tuple[str, ...] | None = None
    nulls: NullPolicy = "skip"
