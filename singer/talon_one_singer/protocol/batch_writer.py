"""The writer of batch files, which BATCH messages announce instead of RECORD lines.

https://sdk.meltano.com/en/latest/batch.html
"""

from __future__ import annotations

import gzip
import io
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from talon_one_singer.errors import ConfigError, OutputError
from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.settings.local_paths import is_url, local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

BatchFormat = Literal["jsonl", "parquet", "arrow"]

_ENCODINGS: Mapping[str, dict[str, str]] = {
    "jsonl": {"format": "jsonl", "compression": "gzip"},
    "parquet": {"format": "parquet"},
    "arrow": {"format": "arrow"},
}
_SUFFIXES = {"jsonl": ".jsonl.gz", "parquet": ".parquet", "arrow": ".arrow"}
_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})
_JSON_TEXT = {"type": ["string", "null"], "contentMediaType": "application/json"}

_decode_row = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


@dataclass
class BatchFiles:
    """Writes the files of one run.

    Parquet and Arrow files have typed columns: decimal128(38, 18) for numbers, timestamps in UTC for date-times, JSON
    text for objects and arrays; fields that are not in the schema are dropped. JSON Lines contain the rows unchanged.

    Args:
        format: format of the files.
        directory: a path, or any fsspec URL.

    Raises:
        ConfigError: pyarrow is not installed, or the directory cannot be written.
    """

    format: BatchFormat
    directory: str
    _run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _count: int = 0

    def __post_init__(self) -> None:
        if self.format != "jsonl":
            try:
                import pyarrow.json  # noqa: F401  # raises before anything is read
            except ImportError:
                raise ConfigError(
                    f"batch {self.format} needs pyarrow: pip install 'talon-one-connector[warehouse]'; jsonl does not"
                ) from None
        self.directory = local_path(self.directory)
        if not is_url(self.directory):
            try:
                Path(self.directory).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigError(f"batch_directory {self.directory} cannot be created: {error.strerror}") from error
            self.directory = Path(self.directory).resolve().as_uri()

    @property
    def encoding(self) -> dict[str, str]:
        """The encoding for BATCH messages."""
        return dict(_ENCODINGS[self.format])

    def schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema of the rows in the files: in typed columns objects and arrays are JSON text."""
        if self.format == "jsonl":
            return dict(schema)
        properties = {name: sub if _is_scalar(sub) else _JSON_TEXT for name, sub in schema["properties"].items()}
        return {**schema, "properties": properties}

    def write(self, stream: str, schema: Mapping[str, Any], rows: Sequence[bytes]) -> str:
        """Write one complete file and return its URL.

        Args:
            stream: name of the stream, used in the file name.
            schema: schema of the rows, before ``schema()``.
            rows: encoded JSON objects.

        Raises:
            OutputError: the file cannot be written, or a value does not fit its column.
        """
        self._count += 1
        url = f"{self.directory.rstrip('/')}/{stream}-{self._run}-{self._count:05}{_SUFFIXES[self.format]}"
        body = _BODIES[self.format](stream, schema, rows)
        try:
            import fsspec

            with fsspec.open(local_path(url), "wb") as file:
                file.write(body)
        except Exception as error:  # the file systems of fsspec raise errors of any class
            why = Redactor(url_secrets(url))(" ".join(str(error).split()))
            raise OutputError(f"the batch file {shown_url(url)} cannot be written: {why}") from error
        return url


def _is_scalar(schema: Any) -> bool:
    types = schema.get("type") if isinstance(schema, dict) else None
    kinds = set(types if isinstance(types, list) else [types])
    return kinds <= _SCALARS and len(kinds - {"null"}) == 1


def _json_lines(_stream: str, _schema: Mapping[str, Any], rows: Sequence[bytes]) -> bytes:
    lines = b"\n".join(msgspec.json.format(row, indent=-1) if b"\n" in row else bytes(row) for row in rows)
    return gzip.compress(lines + b"\n", compresslevel=6, mtime=0)


def _parquet(stream: str, schema: Mapping[str, Any], rows: Sequence[bytes]) -> bytes:
    import pyarrow.parquet as pq

    body = io.BytesIO()
    pq.write_table(arrow_table(stream, schema, rows), body, compression="zstd")
    return body.getvalue()


def _arrow(stream: str, schema: Mapping[str, Any], rows: Sequence[bytes]) -> bytes:
    import pyarrow as pa

    body, table = io.BytesIO(), arrow_table(stream, schema, rows)
    with pa.ipc.new_file(body, table.schema) as file:
        file.write_table(table)
    return body.getvalue()


_BODIES: Mapping[str, Callable[[str, Mapping[str, Any], Sequence[bytes]], bytes]] = {
    "jsonl": _json_lines,
    "parquet": _parquet,
    "arrow": _arrow,
}


def arrow_table(stream: str, schema: Mapping[str, Any], rows: Sequence[bytes]) -> pa.Table:
    """Return the rows with typed columns and all digits.

    Raises:
        OutputError: a value does not fit its column; the message names the stream.
    """
    import pyarrow as pa
    import pyarrow.json as pj

    properties = schema["properties"]
    texts = [name for name, sub in properties.items() if not _is_scalar(sub)]
    types = {name: pa.string() if name in texts else _arrow_type(sub) for name, sub in properties.items()}
    prepared = [_with_texts(row, texts) for row in rows] if texts else rows
    lines = b"\n".join(prepared)
    options = pj.ParseOptions(explicit_schema=pa.schema(types.items()), unexpected_field_behavior="ignore")
    try:
        return pj.read_json(io.BytesIO(lines), pj.ReadOptions(block_size=max(1 << 20, 2 * len(lines))), options)
    except pa.ArrowInvalid as error:
        raise OutputError(f"{stream}: a row does not fit its columns: {error}") from error


def _arrow_type(schema: Mapping[str, Any]) -> pa.DataType:
    import pyarrow as pa

    types = schema["type"]
    (kind,) = set(types if isinstance(types, list) else [types]) - {"null"}
    if kind == "string" and schema.get("format") == "date-time":
        return pa.timestamp("us", "UTC")
    return {"string": pa.string(), "integer": pa.int64(), "number": pa.decimal128(38, 18), "boolean": pa.bool_()}[kind]


def _with_texts(row: bytes, names: Sequence[str]) -> bytes:
    """Return the row with objects and arrays as JSON text."""
    fields: dict[str, Any] = _decode_row(row)
    for name in names:
        value = fields.get(name)
        if value is not None and bytes(value) != b"null":
            fields[name] = bytes(value).decode()
    return _encode(fields)
