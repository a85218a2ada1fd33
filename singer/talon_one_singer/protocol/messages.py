"""Singer messages as they are read, and the rows and lines that cannot be used.

https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from talon_one_singer.protocol.lines import printable

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_KEPT_BYTES: Final = 4_000_000  # a longer line or row is not kept in the rejects
DELETED_AT: Final = "_sdc_deleted_at"  # a row whose column of this name holds a value is deleted at its source
FILE_WAITS_S: Final = (0.5, 1.0, 2.0)  # before each further attempt to read a batch file after a transient error

BadKind = Literal[
    "line", "record", "state", "version", "schema", "batch", "unknown_type", "file", "file_line", "file_row"
]
BAD_KINDS: Final[tuple[BadKind, ...]] = get_args(BadKind)
# Messages of these kinds stand for rows outside their text, so keeping the text would not keep the rows.
STANDS_FOR_ROWS: Final[frozenset[BadKind]] = frozenset({"schema", "batch", "unknown_type", "file"})


@dataclass(frozen=True, slots=True)
class SchemaLine:
    """A SCHEMA message; numbers with a fraction are Decimals."""

    line: int
    stream: str
    schema: dict[str, Any]
    key_properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordLines:
    """Consecutive rows of one stream and version, from RECORD messages or a file of a BATCH message.

    Attributes:
        stream: name of the stream.
        rows: the rows; numbers with a fraction or an exponent are Decimals with all their digits.
        origins: where each row came from: "line 17" or "/path/file.parquet row 3".
        version: table version, or None.
    """

    stream: str
    rows: list[dict[str, Any]]
    origins: list[str]
    version: int | None


@dataclass(frozen=True, slots=True)
class StateLine:
    """A STATE message, which confirms everything before it."""

    line: int
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """An ACTIVATE_VERSION message."""

    line: int
    stream: str
    version: int


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line, row or file that cannot be used.

    Attributes:
        origin: "line 17", "/path/file.parquet row 3" or "/path/file.parquet".
        reason: what is wrong, without values of the row.
        stream: name of the stream, if it is known.
        text: the first 500 characters, printable.
        kind: what cannot be used: a line that is not JSON, a message of some type, a file of a BATCH, or a row in one.
        content: the complete text, to be repaired and sent again. None if the rows are not in the text, or if it is
            too long to be kept; then no later STATE may be emitted.
    """

    origin: str
    reason: str
    stream: str | None
    text: str
    kind: BadKind = field(default="line", compare=False)
    content: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, kind: BadKind, origin: str, reason: str, stream: str | None, raw: bytes, *, cut: bool) -> BadLine:
        """Return the bad line for raw text; ``cut`` means that the text is truncated."""
        kept = not cut and kind not in STANDS_FOR_ROWS and len(raw) <= MAX_KEPT_BYTES
        content = raw.decode("utf-8", "backslashreplace") if kept else None
        return cls(origin, reason, stream, printable(raw), kind, content)


Message = SchemaLine | RecordLines | StateLine | VersionLine | BadLine


@dataclass(frozen=True, slots=True)
class Retries:
    """The waits before each further attempt to read a batch file, and the function that waits."""

    waits_s: tuple[float, ...]
    sleep: Callable[[float], None]
