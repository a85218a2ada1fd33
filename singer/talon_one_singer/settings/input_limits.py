"""How long, deep and compressed input may be, so that no file takes all memory."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from talon_one_singer.settings.json_files import MAX_NESTING_DEPTH
from talon_one_singer.settings.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALWAYS_ALLOWED_BYTES = 16 * 1024 * 1024  # a small file may shrink as it likes

INPUT = (
    Setting(
        "max_line_bytes",
        "integer",
        "Longest line of the input or of a file, and longest row of a CSV file; a longer one is an error.",
        default=64 * 1024 * 1024,
        minimum=1000,
        maximum=2**40,
    ),
    Setting(
        "max_decompression_ratio",
        "integer",
        "A compressed file that unpacks to more than so many times its size, and to more than 16 MiB, is an error.",
        default=200,
        minimum=1,
        maximum=1e9,
    ),
    Setting(
        "max_nesting_depth",
        "integer",
        "Objects and lists within each other in a line of JSON, at most.",
        default=MAX_NESTING_DEPTH,
        minimum=1,
        maximum=500,
    ),
)


@dataclass(frozen=True, slots=True)
class InputLimits:
    """What the settings in ``INPUT`` say."""

    max_line_bytes: int = 64 * 1024 * 1024
    max_decompression_ratio: int = 200
    max_nesting_depth: int = MAX_NESTING_DEPTH

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> InputLimits:
        """Those of the settings."""
        return cls(*(settings[name] for name in cls.__slots__))


class InputError(ValueError):
    """Input that cannot be used.

    Args:
        reason: what is wrong.
        line: where, from 1; None: with the file as a whole.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        self.reason, self.line = reason, line
        super().__init__(reason if line is None else f"line {line}: {reason}")


def unpacked(file: BinaryIO, compression: str | None, limits: InputLimits) -> BinaryIO:
    """The content of a file, unpacked as it is read.

    Args:
        file: open, as it is stored.
        compression: as fsspec calls it, like ``gzip``; None: it is not compressed.
        limits: its reads raise InputError if it unpacks to more than they allow.
    """
    if compression is None:
        return file
    from fsspec.compression import compr

    stored = _Counted(file)
    return _Unpacked(compr[compression](io.BufferedReader(stored), mode="rb"), stored, limits)  # type: ignore[return-value]


class _Counted(io.RawIOBase):
    """A file that counts what was read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.count += len(chunk)
        return len(chunk)


class _Unpacked:
    """An unpacking file that compares what came out with what went in."""

    def __init__(self, file: Any, stored: _Counted, limits: InputLimits) -> None:
        self._file, self._stored, self._ratio = file, stored, limits.max_decompression_ratio
        self._read = getattr(file, "read1", file.read)
        self._count = 0

    def read(self, size: int = -1) -> bytes:
        """As ``BinaryIO`` does; not more than ``size`` bytes."""
        chunk: bytes = self._read(size)
        self._count += len(chunk)
        if self._count > max(_ALWAYS_ALLOWED_BYTES, self._ratio * self._stored.count):
            raise InputError(
                f"it unpacks to more than {self._ratio:,} times its size, the limit of max_decompression_ratio"
            )
        if not chunk and not self._stored.count:
            raise InputError("it is empty, and no compressed file is; was it written to its end?")
        return chunk

    read1 = read

    def close(self) -> None:
        """Close it."""
        self._file.close()
