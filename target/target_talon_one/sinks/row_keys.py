"""The key of a row, which distinguishes it from the others of its destination, as one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def split_key(key: str, count: int) -> list[str]:
    """Return the ``count`` fields of a key: the key itself, or the items of the JSON list that several fields make."""
    values: list[str] = [key] if count == 1 else msgspec.json.decode(key)
    return values


def join_key(values: list[str]) -> str:
    """Return the key of some fields: the text of one field, or a JSON list of the texts of several."""
    return values[0] if len(values) == 1 else msgspec.json.encode(values).decode()


def fields_of(names: Sequence[str], key: str, fields: bytes) -> dict[str, msgspec.Raw]:
    """Return the JSON of each field of a mapped row; of a row without fields, of its key.

    Args:
        names: names of the fields of the key.
        key: of the row.
        fields: the mapped row as JSON; empty if only the key is known.
    """
    if fields:
        return _fields(fields)
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in key_fields(names, key).items()}


def key_fields(names: Sequence[str], key: str) -> dict[str, str]:
    """Return the fields of a row of which only the key is known."""
    return dict(zip(names, split_key(key, len(names)), strict=True))
