"""A name for the main ledger, whose subledgerId is empty: many Singer targets turn empty texts into nulls."""

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
    """Puts a name where ``subledgerId`` is empty; without a name rows pass untouched."""

    def __init__(self, name: str | None) -> None:
        self._name = msgspec.Raw(encode(name or ""))
        streams = STREAMS if name else ()
        self._streams = frozenset(s.name for s in streams if _FIELD in s.schema()["properties"])

    def rows(self, stream: str, rows: Iterable[bytes]) -> list[bytes]:
        """The rows.

        Raises:
            msgspec.DecodeError: a row that is no JSON object.
        """
        return [self._row(row) for row in rows] if stream in self._streams else list(rows)

    def _row(self, row: bytes) -> bytes:
        fields: dict[str, Any] = _decode(row)
        value = fields.get(_FIELD)
        if value is None or bytes(value) != b'""':
            return row
        return encode({**fields, _FIELD: self._name})
