"""The columns that a field takes without a map, and the columns that no attribute is made of."""

from __future__ import annotations

import re

from talon_one_singer.values.column_names import folded, snake_case

METADATA = "_sdc_"  # what Singer taps and targets note about a row; attributes only where the map names them

_EARLIER_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])")


def column_names_of(field: str) -> tuple[str, ...]:
    """Return the columns that a field takes by itself, the preferred one first.

    They are its name (``profileIntegrationId``), the name that a load gives its column (``profile_integration_id``),
    and, where a digit makes a difference, the spelling of versions up to 1.1 (``created_in_3rd_party``).
    """
    return tuple(dict.fromkeys((field, snake_case(field), _EARLIER_WORD_START.sub("_", field).lower())))


def is_metadata(column: str) -> bool:
    """Return whether a column holds what a Singer tap or target notes about a row, like ``_sdc_batched_at``."""
    return folded(column).startswith(METADATA)
