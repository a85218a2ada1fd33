"""Read the body of an answer in bounded steps, counting bytes before and after decompression."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from talon_one_client.http.retry_policy import Failure, TransportFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP_BYTES = 64 * 1024


class BodyReader:
    """Collects a body piece by piece.

    Args:
        encoding: the Content-Encoding of the answer.
        max_bytes: upper bound of the body as it was sent, and of the decompressed body.

    Raises:
        TransportFailure: the encoding was not requested.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        self._decoder, self._max_bytes = _decoder(encoding), max_bytes
        self._parts: list[bytes] = []
        self._received = self._size = 0

    def add(self, chunk: bytes) -> None:
        """Add a piece as it was sent.

        Raises:
            TransportFailure: the body is too large, or damaged.
        """
        self._received += len(chunk)
        for part in self._decoder.decode(chunk):
            self._size += len(part)
            self._parts.append(part)
            if max(self._received, self._size) > self._max_bytes:
                raise too_large(self._max_bytes)

    def finish(self) -> bytes:
        """Return the decompressed body.

        Raises:
            TransportFailure: its end is missing.
        """
        if self._received:
            self._decoder.finish()
        return b"".join(self._parts)


def read_body(raw: Any, encoding: str, max_bytes: int) -> bytes:
    """Return the decompressed body.

    Args:
        raw: the answer of urllib3, whose body has not been read yet.
        encoding: the Content-Encoding of the answer.
        max_bytes: upper bound of the body as it was sent, and of the decompressed body.

    Raises:
        TransportFailure: the body is larger, damaged or cut off, or in an encoding that was not requested.
        urllib3.exceptions.HTTPError: the connection broke.
    """
    reader = BodyReader(encoding, max_bytes)
    announced = raw.length_remaining
    if announced is not None and announced > max_bytes:
        raise too_large(max_bytes)
    while chunk := raw.read(STEP_BYTES, decode_content=False):
        reader.add(chunk)
    return reader.finish()


class _Plain:
    """Passes an uncompressed body through."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        """Do nothing: an uncompressed body has no end mark."""


class _Compressed:
    """Decompresses gzip or deflate."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._stream: Any = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Decompress in steps, so that a few bytes never become a gigabyte at once."""
        try:
            while data:
                if self._stream is None:
                    self._stream = zlib.decompressobj(self._window_bits(data))
                part = self._stream.decompress(data, STEP_BYTES)
                yield part
                data = self._stream.unconsumed_tail
                if self._stream.eof:
                    data = self._next_member(self._stream.unused_data)
                elif not data and len(part) == STEP_BYTES:
                    yield from self._pending()
        except zlib.error:
            raise TransportFailure(Failure.DAMAGED, f"the {self._kind} data of the answer is damaged") from None

    def finish(self) -> None:
        """Raise TransportFailure if the end of the compressed data has not arrived."""
        if self._stream is None or not self._stream.eof:
            raise TransportFailure(Failure.DAMAGED, f"the {self._kind} data of the answer was cut off")

    def _window_bits(self, data: bytes) -> int:
        if self._kind == "gzip":
            return 31
        has_header = len(data) > 1 and data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        return 15 if has_header else -15  # some servers send deflate without the zlib header

    def _pending(self) -> Iterator[bytes]:
        while part := self._stream.decompress(b"", STEP_BYTES):
            yield part

    def _next_member(self, following: bytes) -> bytes:
        """Return the bytes after the end of the compressed data: another gzip member, or nothing."""
        if not following:
            return b""
        if self._kind != "gzip" or following[:1] != b"\x1f":
            raise TransportFailure(Failure.DAMAGED, f"other bytes follow the {self._kind} data of the answer")
        self._stream = None
        return following


def _decoder(encoding: str) -> _Plain | _Compressed:
    kinds = [kind for each in encoding.lower().split(",") if (kind := each.strip()) not in ("", "identity")]
    if not kinds:
        return _Plain()
    if kinds in (["gzip"], ["x-gzip"], ["deflate"]):
        return _Compressed("deflate" if kinds == ["deflate"] else "gzip")
    raise TransportFailure(Failure.DAMAGED, "the answer is compressed in a way that was not requested")


def too_large(max_bytes: int) -> TransportFailure:
    """Return the failure of an answer that is larger than the limit."""
    return TransportFailure(Failure.TOO_LARGE, f"the answer is larger than max_answer_bytes ({max_bytes:,})")
