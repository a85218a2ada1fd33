"""CSV, JSON Lines and Parquet files as sources."""

from __future__ import annotations

import gzip
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import fsspec

from talon_one_singer.blocks.row_block import record_blocks
from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.settings.input_limits import InputError, unpacked
from talon_one_singer.settings.json_files import nearest
from talon_one_singer.settings.local_paths import is_url, local_path
from talon_one_singer.values.column_names import ColumnNames
from talon_one_singer.values.text_rows import CsvRows, json_rows
from talon_one_warehouse.arrow.arrow_to_rows import ROWS
from talon_one_warehouse.errors import SourceDataError, WarehouseConfigError, WarehouseError
from talon_one_warehouse.sources.parquet import ParquetFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fsspec import AbstractFileSystem

    from talon_one_singer.blocks.row_block import RowBlock
    from talon_one_singer.settings.input_limits import InputLimits

    Parts = Iterator[list[dict[str, Any]]]


class FileSource:
    """The rows of a file, see Source; ``blocks`` are those that the file has, if it has columns."""

    def __init__(
        self,
        columns: tuple[str, ...],
        rows: Callable[[], Parts],
        stack: ExitStack,
        blocks: Callable[[], Iterator[RowBlock]] | None = None,
    ) -> None:
        self.columns = columns
        self._rows, self._stack = rows, stack
        self._blocks = blocks or (lambda: record_blocks(rows()))

    def rows(self) -> Parts:
        """See Source."""
        return self._rows()

    def blocks(self) -> Iterator[RowBlock]:
        """See Source."""
        return self._blocks()

    def close(self) -> None:
        """See Source."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_file(
    url: str, limits: InputLimits, filesystem: AbstractFileSystem | None = None, *, rendered: bool = False
) -> FileSource:
    """Open a file by the ending of its name; a folder is a folder of Parquet files.

    Args:
        url: a path or any URL that fsspec knows.
        limits: limits of sizes and nesting.
        filesystem: has the keys for the URL; by default the keys come from the environment.
        rendered: see open_source.

    Raises:
        WarehouseConfigError: the file does not exist, or is of another kind.
        WarehouseError: the content cannot be used.
    """
    name = (local_path(url) if filesystem is None else url).lower()
    opener = next((opens for end, opens in TEXT_FILES.items() if name.removesuffix(".gz").endswith(end)), None)
    if opener is not None:
        return opener(_TextFile(url, limits, filesystem))
    if name.endswith(".parquet") or "." not in name.rsplit("/", 1)[-1]:
        return _open_parquet(url, filesystem, rendered=rendered)
    path = local_path(url)
    missing = filesystem is None and not is_url(path) and not Path(path).exists()
    hint = nearest(f".{name.rpartition('.')[2]}", (*TEXT_FILES, ".parquet"))
    raise WarehouseConfigError(
        f"{shown_url(url)}: {'there is no such file, and ' * missing}a source is a database or a file that ends with "
        f".csv, .jsonl or .parquet{hint}"
    )


class _TextFile:
    """A file of lines, possibly compressed."""

    def __init__(self, url: str, limits: InputLimits, filesystem: AbstractFileSystem | None) -> None:
        self.url, self.limits = url, limits
        self._filesystem = filesystem

    def open(self, stack: ExitStack) -> BinaryIO:
        """Return the unpacked content; it is closed with the stack."""
        try:
            system, path = _filesystem_and_path(self.url, self._filesystem)
            stored = stack.enter_context(system.open(path, "rb"))
        except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
            raise WarehouseConfigError(
                f"cannot read the source {shown_url(self.url)}: {_reason(error, self.url)}"
            ) from None
        return unpacked(stored, "gzip" if self.url.lower().endswith(".gz") else None, self.limits)

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Translate errors of the content into WarehouseError."""
        try:
            yield
        except InputError as error:
            raise WarehouseConfigError(
                f"{shown_url(self.url)} {error}" if error.line else f"{shown_url(self.url)}: {error}"
            ) from None
        except WarehouseError:
            raise
        except gzip.BadGzipFile as error:
            raise SourceDataError(shown_url(self.url), f"it is not a gzip file: {error}") from None
        except (EOFError, zlib.error, UnicodeError) as error:
            raise SourceDataError(shown_url(self.url), _reason(error, self.url)) from None
        except Exception as error:  # noqa: BLE001 - file systems and codecs have errors of their own
            raise WarehouseError(
                f"cannot read the source {shown_url(self.url)} to its end: {_reason(error, self.url)}"
            ) from None


def _open_csv(file: _TextFile) -> FileSource:
    with ExitStack() as stack:
        source = file.open(stack)
        with file.translate_errors():
            found = CsvRows(source, file.limits)
        names = found.columns

        def rows() -> Parts:
            with file.translate_errors():
                yield from _parts(dict(zip(names, (value or None for value in row), strict=True)) for _, row in found)

        return FileSource(tuple(names), rows, stack.pop_all())


def _open_json_lines(file: _TextFile) -> FileSource:
    """Read the file twice, since a column may appear first in the last line."""
    names = ColumnNames()
    with ExitStack() as stack, file.translate_errors():
        for line, row in json_rows(file.open(stack), file.limits):
            if not row.keys() <= names.names.keys():
                _add_names(names, row, line)

    def rows() -> Parts:
        with file.translate_errors():
            yield from _parts(_checked(row, line, names) for line, row in json_rows(source, file.limits))

    with ExitStack() as stack:
        source = file.open(stack)
        return FileSource(tuple(names.names), rows, stack.pop_all())


def _add_names(names: ColumnNames, row: dict[str, Any], line: int) -> None:
    try:
        names.add(row, f"line {line}")
    except ValueError as error:
        raise InputError(str(error), line) from None
    if len(names.names) > _MOST_COLUMNS:
        raise InputError(f"up to this line the file has more than {_MOST_COLUMNS:,} different column names", line)


def _checked(row: dict[str, Any], line: int, names: ColumnNames) -> dict[str, Any]:
    if not row.keys() <= names.names.keys():
        raise InputError("the file was changed while it was read; run again", line)
    return row


def _parts(rows: Iterator[dict[str, Any]]) -> Parts:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == ROWS:
            yield part
            part = []
    if part:
        yield part


def _open_parquet(url: str, filesystem: AbstractFileSystem | None, *, rendered: bool) -> FileSource:
    try:
        system, path = _filesystem_and_path(url, filesystem)
    except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
        raise WarehouseConfigError(f"cannot read the source {shown_url(url)}: {_reason(error, url)}") from None
    found = ParquetFiles(system, path, url, rendered=rendered)
    return FileSource(found.columns, found.rows, ExitStack(), found.blocks)


def _filesystem_and_path(url: str, filesystem: AbstractFileSystem | None) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a URL, and the path in it."""
    if filesystem is not None:
        return filesystem, filesystem._strip_protocol(url)
    system, path = fsspec.core.url_to_fs(local_path(url))
    return system, path


def _reason(error: Exception, url: str) -> str:
    words = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
    hint = "; check source.url" if isinstance(error, FileNotFoundError) else ""
    return Redactor(url_secrets(url))(words) + hint


_MOST_COLUMNS = 10_000
TEXT_FILES = {".csv": _open_csv, ".jsonl": _open_json_lines, ".ndjson": _open_json_lines}
