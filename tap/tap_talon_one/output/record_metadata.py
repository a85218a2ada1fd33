"""The columns ``_sdc_*``, which say when and by which run a row was read.

https://sdk.meltano.com/en/latest/implementation/record_metadata.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_singer.protocol.message_writer import format_time, utc_now
from tap_talon_one.rows.splicing import joined, with_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLUMNS: Mapping[str, dict[str, Any]] = {
    "_sdc_extracted_at": {"type": ["string", "null"], "format": "date-time"},
    "_sdc_sequence": {"type": ["integer", "null"]},
    "_sdc_sync_started_at": {"type": ["integer", "null"]},
    "_sdc_table_version": {"type": ["integer", "null"]},
}


class RecordMetadata:
    """Adds the columns that a tap knows; the others (``_sdc_received_at``, ``_sdc_batched_at``) are added by targets.

    Args:
        started_ms: start of the run, in milliseconds since 1970.
    """

    def __init__(self, started_ms: int) -> None:
        self._started_ms = started_ms

    def schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema with the columns."""
        return {**schema, "properties": {**schema["properties"], **_COLUMNS}}

    def rows(self, rows: Sequence[bytes], version: int | None) -> tuple[list[bytes], str]:
        """Return the rows with the columns, and the instant that they name, as RFC 3339.

        Args:
            rows: encoded rows.
            version: table version of the rows; None: they have none.
        """
        now = utc_now()
        extracted = format_time(now)
        values = (extracted, int(now.timestamp() * 1000), self._started_ms, version)
        tail = joined(dict(zip(_COLUMNS, values, strict=True)))
        return [with_fields(row, tail) for row in rows], extracted


def record_metadata(settings: Mapping[str, Any], started_ms: int) -> RecordMetadata | None:
    """Return what adds the columns; None if the settings do not ask for them."""
    return RecordMetadata(started_ms) if settings["add_record_metadata"] else None
