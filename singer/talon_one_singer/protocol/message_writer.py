"""The writer of Singer messages.

https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from talon_one_singer.errors import OutputError, output_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SCHEMA: Final = "SCHEMA"
RECORD: Final = "RECORD"
STATE: Final = "STATE"
BATCH: Final = "BATCH"
ACTIVATE_VERSION: Final = "ACTIVATE_VERSION"

_encode = msgspec.json.Encoder(decimal_format="number").encode


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """Return RFC 3339 text in UTC with microseconds, the format of Singer messages."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class MessageWriter:
    """Writes messages as lines to ``out``. Thread-safe.

    Messages are never mixed. After a failed write every later call raises the same error, so that nothing follows an
    incomplete line.

    Args:
        out: the output, for a tap ``sys.stdout.buffer``.
        clock: returns the time of extraction, for callers that do not pass it.
    """

    def __init__(self, out: BinaryIO, clock: Callable[[], datetime] = utc_now) -> None:
        self._out = out
        self._clock = clock
        self._lock = threading.Lock()
        self._failure: OutputError | None = None

    def schema(
        self,
        stream: str,
        schema: Mapping[str, Any],
        key_properties: Sequence[str],
        bookmark_properties: Sequence[str] = (),
    ) -> None:
        """Write a SCHEMA line: ``{"type", "stream", "schema", "key_properties", "bookmark_properties"?}``."""
        message = {"type": SCHEMA, "stream": stream, "schema": schema, "key_properties": list(key_properties)}
        if bookmark_properties:
            message["bookmark_properties"] = list(bookmark_properties)
        self._message(message)

    def records(
        self,
        stream: str,
        raws: Sequence[bytes | msgspec.Raw],
        time_extracted: str | None = None,
        version: int | None = None,
    ) -> None:
        """Write a RECORD line for each of ``raws``, all in one write.

        Args:
            stream: name of the stream.
            raws: encoded JSON objects; they are not parsed. An object with a line break between its tokens is
                compacted.
            time_extracted: RFC 3339; None: the current time.
            version: table version, for streams that end with ``activate_version``.

        Raises:
            ClosedPipe: the reader has closed the output.
            OutputError: the output cannot be written.
            msgspec.DecodeError: a text with a line break is not JSON.
        """
        if not raws:
            return
        head, tail = self._envelope(stream, time_extracted, version)
        payload = _lines(head, raws, tail)
        if payload.count(b"\n") != len(raws) or b"\r" in payload:
            payload = _lines(head, [msgspec.json.format(raw, indent=-1) for raw in raws], tail)
        self._write(payload)

    def state(self, value: Mapping[str, Any]) -> None:
        """Write a STATE line and flush, so that the reader gets everything written so far."""
        self._message({"type": STATE, "value": value}, flush=True)

    def confirmed(self, value: Mapping[str, Any]) -> None:
        """Write a bare state as a line: a target confirms in this way what it has stored; Meltano keeps it."""
        self._message(value, flush=True)

    def batch(self, stream: str, encoding: Mapping[str, str], manifest: Sequence[str]) -> None:
        """Write a BATCH line: the files of the manifest contain rows of the stream."""
        self._message({"type": BATCH, "stream": stream, "encoding": encoding, "manifest": list(manifest)})

    def activate_version(self, stream: str, version: int) -> None:
        """Write an ACTIVATE_VERSION line: the target may remove the rows of older versions of the stream."""
        self._message({"type": ACTIVATE_VERSION, "stream": stream, "version": version})

    def flush(self) -> None:
        """Pass everything written so far to the reader."""
        self._write(b"", flush=True)

    def _envelope(self, stream: str, time_extracted: str | None, version: int | None) -> tuple[bytes, bytes]:
        time = time_extracted or format_time(self._clock())
        head = b'{"type":"RECORD","stream":' + _encode(stream) + b',"record":'
        middle = b"" if version is None else b',"version":' + _encode(version)
        return head, middle + b',"time_extracted":' + _encode(time) + b"}\n"

    def _message(self, message: Mapping[str, Any], *, flush: bool = False) -> None:
        self._write(_encode(message) + b"\n", flush=flush)

    def _write(self, payload: bytes, *, flush: bool = False) -> None:
        with self._lock:
            if self._failure:
                raise self._failure
            try:
                with output_errors():
                    self._write_all(payload)
                    if flush:
                        self._out.flush()
            except OutputError as error:
                self._failure = error
                raise

    def _write_all(self, payload: bytes) -> None:
        written = self._out.write(payload)
        while written is not None and written < len(payload):
            # Only an unbuffered file may write less than it was given.
            payload = payload[written:]
            written = self._out.write(payload)


def _lines(head: bytes, raws: Sequence[bytes | msgspec.Raw], tail: bytes) -> bytes:
    """Return the lines, joined at once: a second copy of a page costs more than all else here."""
    parts = list(raws)
    parts[0] = head + bytes(parts[0])
    parts[-1] = bytes(parts[-1]) + tail
    return (tail + head).join(parts)
