"""Lines from a pipe or a file: yielded as soon as they arrive, in bounded memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK_BYTES = 1 << 20
_SHOWN_CHARS = 500
_SHOWN_BYTES = 4 * _SHOWN_CHARS  # maximum size of the characters shown
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that arrived together, without their line breaks.

    Attributes:
        first: number of the first line, from 1.
        lines: the lines; of a line that is too long possibly only the beginning.
        too_long: True if the only line here has more bytes than allowed.
        torn: True if the only line here has no line break, because the input ends in it.
    """

    first: int
    lines: list[bytes]
    too_long: bool = False
    torn: bool = False


def read_blocks(source: BinaryIO, max_line_bytes: int) -> Iterator[Block]:
    """Yield all lines; lines that have arrived are yielded before the next read waits. Drops a byte order mark."""
    _wait_for_data(source)
    read = getattr(source, "read1", source.read)
    first, rest = 1, _Unfinished(max_line_bytes)
    while chunk := read(_CHUNK_BYTES):
        start, end = chunk.find(b"\n"), chunk.rfind(b"\n")
        if end < 0:
            rest.add(chunk)
            continue
        rest.add(chunk[:start])
        begun = rest.take(first)
        lines = chunk[start + 1 : end].split(b"\n") if start < end else []
        rest.add(chunk[end + 1 :])
        yield from _blocks(begun, lines, max_line_bytes)
        first += 1 + len(lines)
    if rest.size:
        yield rest.take(first, torn=True)


def printable(line: bytes) -> str:
    r"""Return the beginning of a line as printable text; other characters are escaped, like \x00."""
    text = line[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")[:_SHOWN_CHARS]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[:_SHOWN_CHARS]


class _Unfinished:
    """A line whose end has not arrived."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > self._max_bytes:
            self._pieces = [b"".join(self._pieces)[:_SHOWN_BYTES]]

    def take(self, number: int, *, torn: bool = False) -> Block:
        line, too_long = b"".join(self._pieces), self.size > self._max_bytes
        self.size, self._pieces = 0, []
        return Block(number, [line.removeprefix(_BOM) if number == 1 else line], too_long, torn)


def _blocks(begun: Block, lines: list[bytes], max_bytes: int) -> Iterator[Block]:
    """The block with the lines after it; a line that is too long is a block of its own."""
    if not begun.too_long and max(map(len, lines), default=0) <= max_bytes:
        yield Block(begun.first, begun.lines + lines)
        return
    yield begun
    for number, line in enumerate(lines, begun.first + 1):
        yield Block(number, [line], too_long=len(line) > max_bytes)


def _wait_for_data(source: BinaryIO) -> None:
    """Wait for data in a pipe that another program has set to non-blocking, which otherwise looks ended."""
    try:
        os.set_blocking(source.fileno(), True)
    except (AttributeError, OSError, ValueError):
        return  # not a file of the operating system
