"""Limits for the length, depth and compression of input, so that no file can exhaust the memory."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from talon_one_singer.settings.json_files import MAX_NESTING_DEPTH
from talon_one_singer.settings.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALWAYS_ALLOWED_BYTES = 16 * 1024 * 1024  # a small file may have any ratio

INPUT = (
    Setting(
        "max_line_bytes",
        "integer",
        "Maximum length of a line of the input or of a file, and of a row of a CSV file; a longer one is an error.",
        default=64 * 1024 * 1024,
        minimum=1000,
        maximum=2**40,
    ),
    Setting(
        "max_decompression_ratio",
        "integer",
        "Maximum ratio between the unpacked and the compressed size of a file; up to 16 MiB any ratio is allowed.",
        default=200,
        minimum=1,
        maximum=1e9,
    ),
    Setting(
        "max_nesting_depth",
        "integer",
        "Maximum depth of nested objects and lists in a line of JSON.",
        default=MAX_NESTING_DEPTH,
        minimum=1,
        maximum=500,
    ),
)


@dataclass(frozen=True, slots=True)
class InputLimits:
    """The values of the settings in ``INPUT``."""

    max_line_bytes: int = 64 * 1024 * 1024
    max_decompression_ratio: int = 200
    max_nesting_depth: int = MAX_NESTING_DEPTH

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> InputLimits:
        """Return the limits in the settings."""
        return cls(*(settings[name] for name in cls.__slots__))


class InputError(ValueError):
    """Input that cannot be used.

    Args:
        reason: what is wrong.
        line: number of the line, from 1; None: the complete file.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        self.reason, self.line = reason, line
        super().__init__(reason if line is None else f"line {line}: {reason}")


def unpacked(file: BinaryIO, compression: str | None, limits: InputLimits) -> BinaryIO:
    """Return the content of a file, decompressed while it is read.

    Args:
        file: the open file, as it is stored.
        compression: name of the compression in fsspec, like ``gzip``; None: none.
        limits: a read raises InputError if the file unpacks to more than they allow.
    """
    if compression is None:
        return file
    from fsspec.compression import compr

    stored = _Counted(file)
    return _Unpacked(compr[compression](io.BufferedReader(stored), mode="rb"), stored, limits)  # type: ignore[return-value]


class _Counted(io.RawIOBase):
    """A file that counts the bytes that were read."""

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
    """A decompressing file that compares the size of its output with the size of its input."""

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
            raise InputError("it is empty, which a compressed file never is; write the file again")
        return chunk

    read1 = read

    def close(self) -> None:
        """Close it."""
        self._file.close()
