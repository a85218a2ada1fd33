"""The hashing of personal data with HMAC-SHA-256: equal values have equal hashes in all streams.

https://www.rfc-editor.org/rfc/rfc2104
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer import ConfigError
from talon_one_singer.settings.json_files import nearest
from tap_talon_one.rows.splicing import encode
from tap_talon_one.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Path = tuple[str, ...]

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode


class FieldHashes:
    """Hashes fields of rows.

    Args:
        fields: ``field`` in every stream that has it, ``stream.field``, or a path into an object: ``attributes.email``.
        salt: key of the hashes.

    Raises:
        ConfigError: no stream has the field, or there is no salt.
    """

    def __init__(self, fields: Sequence[str] = (), salt: str = "") -> None:
        if fields and not salt:
            raise ConfigError("hash_fields is set, so also set hash_salt: without it the values can be guessed")
        self._key = salt.encode()
        self._paths: dict[str, list[Path]] = {}
        for text in fields:
            for stream, path in _fields_named(text):
                self._paths.setdefault(stream, []).append(path)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> FieldHashes:
        """Return the hashes that the settings select. Raises ConfigError, see the class."""
        salt = settings["hash_salt"]
        return cls(settings["hash_fields"] or (), salt.reveal() if salt else "")

    def schema(self, stream: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema of the hashed rows, in which hashed fields are strings."""
        changed: dict[str, Any] = dict(schema)
        for path in self._paths.get(stream, ()):
            changed = _with_string(changed, path)
        return changed

    def rows(self, stream: str, rows: Iterable[bytes]) -> list[bytes]:
        """Return the rows with hashed fields.

        Raises:
            msgspec.DecodeError: a row is not a JSON object.
        """
        paths = self._paths.get(stream)
        return [self._row(row, paths) for row in rows] if paths else list(rows)

    def _row(self, row: bytes, paths: Sequence[Path]) -> bytes:
        fields: dict[str, Any] = _decode_object(row)
        for path in paths:
            self._hash(fields, path)
        return encode(fields)

    def _hash(self, fields: dict[str, Any], path: Path) -> None:
        name, *rest = path
        value = fields.get(name)
        text = bytes(value) if isinstance(value, msgspec.Raw) else encode(value)
        if text == b"null":
            return
        if not rest:
            fields[name] = self.hashed(text)
        elif text.startswith(b"{"):
            inner: dict[str, Any] = _decode_object(text)
            self._hash(inner, tuple(rest))
            fields[name] = msgspec.Raw(encode(inner))

    def hashed(self, value: bytes) -> str:
        """Return 64 hex digits for a JSON value: the hash of a string's text, or of the JSON of another value."""
        plain = _decode_text(value).encode("utf-8", "surrogatepass") if value.startswith(b'"') else value
        return hmac.new(self._key, plain, hashlib.sha256).hexdigest()


def _fields_named(text: str) -> list[tuple[str, Path]]:
    """Return (stream, path) for each stream that has the field of the setting."""
    schemas = {stream.name: stream.schema()["properties"] for stream in STREAMS}
    first, *rest = text.split(".")
    if first in schemas and rest:
        wanted, path = {first: schemas[first]}, tuple(rest)
    else:
        wanted, path = schemas, (first, *rest)
    found = [(stream, path) for stream, properties in wanted.items() if path[0] in properties]
    if not found:
        known = sorted({name for properties in wanted.values() for name in properties})
        where = f"the stream {first}" if len(wanted) == 1 else "any stream"
        raise ConfigError(f"hash_fields: {text!r} is not a field of {where}{nearest(path[0], known)}")
    return found


def _with_string(schema: Mapping[str, Any], path: Path) -> dict[str, Any]:
    properties = schema.get("properties", {})
    name, *rest = path
    if name not in properties:
        return dict(schema)
    inner = properties[name]
    if rest:
        return {**schema, "properties": {**properties, name: _with_string(inner, tuple(rest))}}
    types = inner.get("type") if isinstance(inner, dict) else None
    nullable = not isinstance(types, str)
    return {**schema, "properties": {**properties, name: {"type": ["string", "null"] if nullable else "string"}}}
