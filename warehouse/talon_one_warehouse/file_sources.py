"""CSV, JSON Lines and Parquet as sources."""

from __future__ import annotations

import csv
import gzip
import io
import json
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from talon_one_warehouse.arrow_parts import ROWS, rows_of
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fsspec import AbstractFileSystem

    Parts = Iterator[list[dict[str, Any]]]


class FileSource:
    """A file that is read once."""

    def __init__(self, columns: tuple[str, ...], rows: Callable[[], Parts], stack: ExitStack) -> None:
        self.columns = columns
        self._rows, self._stack = rows, stack

    def rows(self) -> Parts:
        """See Source."""
        return self._rows()

    def close(self) -> None:
        """See Source."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_file(url: str, filesystem: AbstractFileSystem | None = None) -> FileSource:
    """A file by its name's end; a folder is one of Parquet files.

    Args:
        url: a path or any URL that fsspec knows.
        filesystem: the one that has the keys for it; without it they come from the environment.

    Raises:
        WarehouseConfigError: there is none, or of another kind.
    """
    plain = url.removesuffix(".gz")
    if plain.endswith(".csv"):
        return _open_csv(url, filesystem)
    if plain.endswith((".jsonl", ".ndjson")):
        return _open_json_lines(url, filesystem)
    if url.endswith(".parquet") or "." not in url.rsplit("/", 1)[-1]:
        return _open_parquet(url, filesystem)
    raise WarehouseConfigError(f"{url}: a source is a database or a file that ends with .csv, .jsonl or .parquet")


def _text(url: str, filesystem: AbstractFileSystem | None, stack: ExitStack) -> io.TextIOBase:
    try:
        system, path = _at(url, filesystem)
        file = stack.enter_context(system.open(path, "rb"))
        raw = stack.enter_context(gzip.GzipFile(fileobj=file)) if url.endswith(".gz") else file
        return stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))
    except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
        raise WarehouseConfigError(f"cannot read the source {url}: {_why(error)}") from None


def _open_csv(url: str, filesystem: AbstractFileSystem | None) -> FileSource:
    with ExitStack() as stack:
        reader = csv.reader(_text(url, filesystem, stack), strict=True)
        try:
            header = next(reader, [])
        except (csv.Error, UnicodeDecodeError, OSError) as error:
            raise WarehouseConfigError(f"{url} line 1: {error}") from None
        if not any(header):
            raise WarehouseConfigError(f"{url} has no header; the first line must name the columns")
        twice = next((name for name in header if header.count(name) > 1), None)
        if twice is not None:
            raise WarehouseConfigError(f"{url} has two columns named {twice!r}; rename one")

        def rows() -> Parts:
            part: list[dict[str, Any]] = []
            for line, row in _checked(reader, url):
                if len(row) != len(header):
                    raise WarehouseError(f"{url} line {line}: {len(row)} fields instead of {len(header)}")
                part.append(dict(zip(header, (value or None for value in row), strict=True)))
                if len(part) == ROWS:
                    yield part
                    part = []
            if part:
                yield part

        return FileSource(tuple(header), rows, stack.pop_all())


def _checked(reader: Any, url: str) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            row = next(reader, None)
        except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
            raise WarehouseError(f"{url} line {reader.line_num}: {error}") from None
        if row is None:
            return
        if row:
            yield reader.line_num, row


def _open_json_lines(url: str, filesystem: AbstractFileSystem | None) -> FileSource:
    with ExitStack() as stack:
        file = _text(url, filesystem, stack)
        lines = enumerate(file, 1)
        first = _objects(lines, url, 1)
        columns = tuple(first[0]) if first else ()

        def rows() -> Parts:
            if first:
                yield first
            while part := _objects(lines, url, ROWS):
                yield part

        return FileSource(columns, rows, stack.pop_all())


def _objects(lines: Iterator[tuple[int, str]], url: str, size: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    try:
        for number, line in lines:
            if not line.strip():
                continue
            row = json.loads(line, parse_float=Decimal)
            if not isinstance(row, dict):
                raise WarehouseError(f"{url} line {number}: not a JSON object")
            found.append(row)
            if len(found) == size:
                break
    except (ValueError, OSError, EOFError) as error:
        raise WarehouseError(f"{url}: a line after {len(found)} good ones is no JSON: {error}") from None
    return found


def _open_parquet(url: str, filesystem: AbstractFileSystem | None) -> FileSource:
    import pyarrow as pa
    import pyarrow.dataset as ds

    try:
        system, path = _at(url, filesystem)
        dataset = ds.dataset(path, filesystem=system, format="parquet", partitioning="hive")
    except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
        raise WarehouseConfigError(f"cannot read the source {url}: {_why(error)}") from None

    def rows() -> Parts:
        try:
            yield from rows_of(
                dataset.to_batches(batch_size=ROWS, batch_readahead=2, fragment_readahead=1), dataset.schema
            )
        except (pa.ArrowException, OSError) as error:
            raise WarehouseError(f"{url}: {_why(error)}") from None

    return FileSource(tuple(dataset.schema.names), rows, ExitStack())


def _at(url: str, filesystem: AbstractFileSystem | None) -> tuple[AbstractFileSystem, str]:
    """The file system of a URL, and the path in it."""
    if filesystem is not None:
        return filesystem, filesystem._strip_protocol(url)
    import fsspec

    system, path = fsspec.core.url_to_fs(url if "://" in url else str(Path(url).expanduser()))
    return system, path


def _why(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
