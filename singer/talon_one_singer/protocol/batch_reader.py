"""The reader of the files of a BATCH message: JSON Lines, Parquet or Arrow, on any file system of fsspec.

https://sdk.meltano.com/en/latest/batch.html
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import fsspec
import fsspec.compression

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.lines import printable, read_blocks
from talon_one_singer.protocol.messages import BadLine, RecordLines
from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.settings.input_limits import unpacked
from talon_one_singer.settings.local_paths import local_path
from talon_one_singer.values.exact_json import line_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from talon_one_singer.protocol.messages import Retries
    from talon_one_singer.settings.input_limits import InputLimits

_PERMANENT = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    EOFError,
    ValueError,
    TypeError,
)
_TRANSIENT_LOCALLY = (errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE)
_Found = tuple[str, dict[str, Any]] | BadLine  # a row with its origin


@dataclass(frozen=True, slots=True)
class Batch:
    """A BATCH message.

    Attributes:
        stream: stream of the rows in the files.
        schema: schema of the stream; {} if there was no SCHEMA message.
        encoding: for example {"format": "jsonl", "compression": "gzip"}.
        manifest: paths or URLs of the files.
        max_rows: maximum number of rows in one ``RecordLines``.
        limits: a row of a JSON Lines file that exceeds them is a ``BadLine``.
    """

    stream: str
    schema: Mapping[str, Any]
    encoding: Mapping[str, Any]
    manifest: Sequence[str]
    max_rows: int
    limits: InputLimits


def read_batch(batch: Batch, retries: Retries) -> Iterator[RecordLines | BadLine]:
    """Yield the rows of all files, and a ``BadLine`` for each file or row that cannot be read.

    After a transient error a file is read again, starting at the row after the last one that was yielded.

    Raises:
        ConfigError: pyarrow, or the package for the file system, is not installed.
        ValueError: the encoding is not supported.
    """
    form = batch.encoding.get("format")
    if form not in ("jsonl", "parquet", "arrow"):
        raise ValueError("the encoding.format of the BATCH is not jsonl, parquet or arrow")
    if form != "jsonl":
        _need_pyarrow(form)
    else:
        _check_compression(batch.encoding.get("compression"))
    for url in batch.manifest:
        yield from _grouped(batch, _rows(batch, url, retries))


def _check_compression(given: Any) -> None:
    known = {"", "none", "infer", *(name for name in fsspec.compression.compr if name)}
    if given is not None and (not isinstance(given, str) or given not in known):
        raise ValueError(f"compression {str(given)[:60]!r} is not supported; use gzip or none")


def _need_pyarrow(form: str) -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ConfigError(
            f"a BATCH in {form} needs pyarrow: pip install 'talon-one-connector[warehouse]'; jsonl does not"
        ) from None


def _grouped(batch: Batch, found: Iterable[_Found]) -> Iterator[RecordLines | BadLine]:
    group = RecordLines(batch.stream, [], [], None)
    for each in found:
        bad = isinstance(each, BadLine)
        if group.rows and (bad or len(group.rows) >= batch.max_rows):
            yield group
            group = RecordLines(batch.stream, [], [], None)
        if isinstance(each, BadLine):
            yield each
        else:
            group.origins.append(each[0])
            group.rows.append(each[1])
    if group.rows:
        yield group


def _rows(batch: Batch, url: str, retries: Retries) -> Iterator[_Found]:
    name, given = _name(url), 0
    for wait_s in (*retries.waits_s, None):
        try:
            for found in islice(_READERS[batch.encoding["format"]](batch, local_path(url), name), given, None):
                yield found
                given += 1
        except ImportError as error:
            hint = "; pip install 'talon-one-connector[s3]'" if "s3fs" in str(error) else ""
            raise ConfigError(f"the batch file {name} cannot be read: {error}{hint}") from None
        except Exception as error:  # noqa: BLE001  # file systems and codecs raise errors of any class
            if wait_s is None or not _is_transient(error, url):
                reason = f"the file cannot be read{_why(error, url)}"
                yield BadLine.of("file", name, reason, batch.stream, name.encode(), cut=False)
                return
        else:
            return
        retries.sleep(wait_s)


def _is_transient(error: Exception, url: str) -> bool:
    """Return whether another attempt may succeed: after errors of a network, and some errors of a disk."""
    if isinstance(error, _PERMANENT) or type(error).__module__.split(".")[0] in ("zlib", "lzma", "_lzma", "gzip"):
        return False
    is_local = "://" not in url or url.startswith("file://")
    return getattr(error, "errno", None) in _TRANSIENT_LOCALLY if is_local else True


def _json_lines(batch: Batch, url: str, name: str) -> Iterator[_Found]:
    compression = batch.encoding.get("compression", "infer")
    if compression == "infer":
        compression = fsspec.utils.infer_compression(url)
    with fsspec.open(url, "rb") as stored:
        file = unpacked(stored, None if compression in ("", "none") else compression, batch.limits)
        for block in read_blocks(file, batch.limits.max_line_bytes):
            for number, line in enumerate(block.lines, block.first):
                if not line.strip():
                    continue
                origin = f"{name} row {number}"
                try:
                    yield origin, line_object(line, block, batch.limits)
                except ValueError as error:
                    yield BadLine.of("file_line", origin, str(error), batch.stream, line, cut=block.too_long)


def _columns(batch: Batch, url: str, name: str) -> Iterator[_Found]:
    from talon_one_singer.values.arrow_rows import Columns, arrow_batches, parquet_batches

    columns = Columns(batch.schema)
    read = parquet_batches if batch.encoding["format"] == "parquet" else arrow_batches
    count = 0
    with fsspec.open(url, "rb") as file:
        for part, coarse in read(file, batch.max_rows):
            for row in columns.rows(part, coarse):
                count += 1
                origin = f"{name} row {count}"
                yield (origin, row) if isinstance(row, dict) else _bad_row(batch, origin, row)


def _bad_row(batch: Batch, origin: str, problem: ValueError) -> BadLine:
    """Return a bad row of a column file, with those of its values that can be read as text."""
    shown = getattr(problem, "row", None)
    text = origin if shown is None else shown
    return BadLine.of("file_row", origin, str(problem), batch.stream, text.encode(), cut=shown is None)


_READERS: Mapping[str, Callable[[Batch, str, str], Iterator[_Found]]] = {
    "jsonl": _json_lines,
    "parquet": _columns,
    "arrow": _columns,
}


def _name(url: str) -> str:
    """Return the path of the file, or its URL without secrets."""
    return shown_url(url).removeprefix("file://")


def _why(error: Exception, url: str) -> str:
    if isinstance(error, FileNotFoundError):
        return ": it does not exist"
    words = (getattr(error, "strerror", None) or str(error)).splitlines() or [type(error).__name__]
    return f": {printable(Redactor(url_secrets(url))(words[0]).encode())[:200]}"
