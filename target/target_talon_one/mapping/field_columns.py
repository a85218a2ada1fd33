"""The columns from which a field is read without a map, and the columns that do not become attributes."""

from __future__ import annotations

import re

from talon_one_singer.values.column_names import folded, snake_case

METADATA = "_sdc_"  # columns that Singer taps and targets add to a row; attributes only where the map names them

_EARLIER_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])")


def column_names_of(field: str) -> tuple[str, ...]:
    """Return the columns from which a field is read without a map, the preferred one first.

    These are the name of the field (``profileIntegrationId``), its column name in a load (``profile_integration_id``),
    and, if a digit makes a difference, the spelling of versions up to 1.1 (``created_in_3rd_party``).
    """
    return tuple(dict.fromkeys((field, snake_case(field), _EARLIER_WORD_START.sub("_", field).lower())))


def is_metadata(column: str) -> bool:
    """Return whether a Singer tap or target has added a column to the row, like ``_sdc_batched_at``."""
    return folded(column).startswith(METADATA)
