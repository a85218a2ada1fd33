"""The rows of streams that are part of the rows of another stream, like the effects of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_talon_one.rows.splicing import joined, with_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_talon_one.streams import Nested, Stream

_decode_row = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw] | None).decode
NULL = msgspec.Raw(b"null")


def split(
    raws: Iterable[bytes | msgspec.Raw], streams: Iterable[Stream], tails: Mapping[str, bytes]
) -> dict[str, list[bytes]]:
    """Return the rows of some streams of a group, by stream.

    Args:
        raws: rows of the group's first stream.
        streams: the streams to return.
        tails: fields to append to the rows of each stream, see ``joined``.

    Raises:
        msgspec.DecodeError: a row does not have the documented structure.
    """
    rows = list(raws)
    found: dict[str, list[bytes]] = {}
    for stream in streams:
        tail, nested = tails[stream.name], stream.nested
        if nested is None:
            found[stream.name] = [with_fields(raw, tail) if tail else bytes(raw) for raw in rows]
        else:
            found[stream.name] = [each for raw in rows for each in _nested_rows(raw, nested, tail)]
    return found


def _nested_rows(raw: bytes | msgspec.Raw, nested: Nested, tail: bytes) -> Iterator[bytes]:
    fields = _decode_row(raw)
    items = _decode_array(fields.get(nested.array, NULL)) or ()
    inherited = {name: fields[outer] for name, outer in nested.inherited.items() if outer in fields}
    for position, item in enumerate(items):
        yield with_fields(item, joined({**inherited, "position": position}) + tail)
