"""A name for the main ledger, whose subledgerId is empty: many Singer targets convert empty texts to null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_talon_one.rows.splicing import encode
from tap_talon_one.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIELD = "subledgerId"
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class MainLedgerName:
    """Replaces an empty ``subledgerId`` by a name; without a name, rows are unchanged."""

    def __init__(self, name: str | None) -> None:
        self._name = msgspec.Raw(encode(name or ""))
        streams = STREAMS if name else ()
        self._streams = frozenset(s.name for s in streams if _FIELD in s.schema()["properties"])

    def rows(self, stream: str, rows: Iterable[bytes]) -> list[bytes]:
        """Return the rows with the name of the main ledger.

        Raises:
            msgspec.DecodeError: a row is not a JSON object.
        """
        return [self._row(row) for row in rows] if stream in self._streams else list(rows)

    def _row(self, row: bytes) -> bytes:
        fields: dict[str, Any] = _decode(row)
        value = fields.get(_FIELD)
        if value is None or bytes(value) != b'""':
            return row
        return encode({**fields, _FIELD: self._name})
