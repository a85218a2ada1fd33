"""Parquet files and folders of them as sources; each file is read by its own schema."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from talon_one_singer.blocks.arrow_block import ArrowBlock
from talon_one_singer.blocks.row_block import record_blocks
from talon_one_singer.values import int96
from talon_one_singer.values.column_names import ColumnNames, repeated_name
from talon_one_warehouse.arrow.arrow_to_rows import ROWS, rows_of
from talon_one_warehouse.duckdb.parquet_rendering import can_render, rendered_rows
from talon_one_warehouse.errors import SourceDataError, WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fsspec import AbstractFileSystem

    from talon_one_singer.blocks.row_block import RowBlock

    Parts = Iterator[list[dict[str, Any]]]

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_OPENED_AT_ONCE = 8


class ParquetFiles:
    """The Parquet files of a source.

    Args:
        system: the file system.
        root: the file, or the folder.
        url: the source, for messages.
        rendered: see open_source; for local files whose types DuckDB has.

    Attributes:
        columns: the names of all files' columns, and those of folders like ``name=value``, whose values are text.

    Raises:
        WarehouseConfigError: a file is not a Parquet file, or two files do not fit together.
    """

    def __init__(self, system: AbstractFileSystem, root: str, url: str, *, rendered: bool = False) -> None:
        self._system, self._root, self._url = system, root.rstrip("/"), url
        self._rendered = rendered and "file" in (
            [system.protocol] if isinstance(system.protocol, str) else system.protocol
        )
        self._files = _files_below(system, self._root, url)
        self._partitions = [_partitions(path[len(self._root) :]) for path in self._files]
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            self._schemas: list[pa.Schema] = list(pool.map(self._schema, self._files))
        self.columns = self._all_columns()

    def rows(self) -> Parts:
        """Read all rows, file by file, each with the types of its own file."""
        for block in self.blocks():
            yield block.rows(range(len(block)))

    def blocks(self) -> Iterator[RowBlock]:
        """Read all rows as blocks, see ``rows``."""
        for path, schema, partitions in zip(self._files, self._schemas, self._partitions, strict=True):
            with self._translate_errors(path, WarehouseError), self._system.open(path, "rb") as opened:
                file = pq.ParquetFile(opened, buffer_size=1 << 20)
                if file.schema_arrow != schema:
                    raise WarehouseError(f"{path} was changed while the source was read; run again")
                if self._rendered and can_render(schema, path):
                    parts = rendered_rows(path, schema, lambda: _parts(opened, schema))  # noqa: B023 - read at once
                    yield from record_blocks([row | partitions for row in part] for part in parts)
                else:
                    yield from _blocks(opened, schema, partitions)

    def _schema(self, path: str) -> pa.Schema:
        with self._translate_errors(path, WarehouseConfigError), self._system.open(path, "rb") as opened:
            schema = pq.ParquetFile(opened).schema_arrow
            _plain(pa.struct(list(schema)))  # fails here if names or time zones of a damaged file are not text
            return schema

    @contextmanager
    def _translate_errors(self, path: str, kind: type[WarehouseError]) -> Iterator[None]:
        try:
            yield
        except WarehouseError:
            raise
        except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
            what = "the file was removed" if isinstance(error, FileNotFoundError) else " ".join(str(error).split())
            words = f"the file {path} cannot be read as Parquet: {what}"
            if kind is WarehouseError and _is_damage(error):
                raise SourceDataError(self._url, words) from None
            raise kind(f"{self._url}: {words}") from None

    def _all_columns(self) -> tuple[str, ...]:
        names, first = ColumnNames(), dict[str, tuple[str, pa.Field]]()
        for path, schema, partitions in zip(self._files, self._schemas, self._partitions, strict=True):
            twice = repeated_name([*schema.names, *partitions])
            if twice is not None:
                where = "in its folder's name as well" if twice in partitions else "twice"
                raise WarehouseConfigError(f"{self._url}: {path} has the column {twice!r} {where}; rename one")
            try:
                names.add([*schema.names, *partitions], path)
            except ValueError as error:
                raise WarehouseConfigError(f"{self._url}: {error}") from None
            for field in [*schema, *(pa.field(name, pa.string()) for name in partitions)]:
                other, known = first.get(field.name, (path, field))
                first[field.name] = (other, self._common(known, field, other, path))
        return tuple(names.names)

    def _common(self, one: pa.Field, two: pa.Field, path: str, other: str) -> pa.Field:
        """Return a field of a type for both fields; it only shows that they fit together, no value is converted."""
        plain = [pa.schema([pa.field(field.name, _plain(field.type))]) for field in (one, two)]
        try:
            united = pa.unify_schemas(plain, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise WarehouseConfigError(
                f"{self._url}: the column {one.name!r} is {one.type} in {path} and {two.type} in {other}; "
                "write both with one type"
            ) from None
        return united.field(0)


def _blocks(opened: Any, schema: pa.Schema, partitions: dict[str, str | None]) -> Iterator[RowBlock]:
    for batch, coarse in _batches(opened):
        if coarse is not None:
            yield from record_blocks([row | partitions for row in part] for part in _rows(batch, coarse, schema))
        elif batch.num_rows:
            arrays = [pa.array([value] * batch.num_rows, pa.string()) for value in partitions.values()]
            fields = [pa.field(name, pa.string()) for name in partitions]
            yield ArrowBlock(
                pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=pa.schema([*schema, *fields]))
            )


def _parts(opened: Any, schema: pa.Schema) -> Parts:
    for batch, coarse in _batches(opened):
        yield from _rows(batch, coarse, schema)


def _batches(opened: Any) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch | None]]:
    return int96.batches(opened, ROWS, buffer_size=1 << 20, page_checksum_verification=True)


def _rows(batch: pa.RecordBatch, coarse: pa.RecordBatch | None, schema: pa.Schema) -> Parts:
    for part in rows_of([batch], schema):
        yield part if coarse is None else _exact(part, coarse)


def _is_damage(error: Exception) -> bool:
    """Return whether the content is at fault; errors of the system have a number, those of networks their own types."""
    if isinstance(error, MemoryError | pa.ArrowCancelled):
        return False
    return isinstance(error, pa.ArrowException | ValueError) or (type(error) is OSError and error.errno is None)


def _exact(rows: list[dict[str, Any]], coarse: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows with their exact 96-bit times, of which ``coarse`` has the microseconds."""
    (again,) = rows_of([coarse], coarse.schema)
    return [
        row | {name: int96.exact(row[name], value) for name, value in times.items()}
        for row, times in zip(rows, again, strict=True)
    ]


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values, whatever their encoding in the file."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _plain(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.timestamp(kind.unit, "UTC")
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _plain(field.type)) for field in kind])
    return next((plain for matches, plain in _PLAIN_TYPES if matches(kind)), kind)


_PLAIN_TYPES: Sequence[tuple[Callable[[pa.DataType], bool], pa.DataType]] = (
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_binary_view, pa.binary()),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_fixed_size_binary, pa.binary()),
)


def _files_below(system: AbstractFileSystem, root: str, url: str) -> Sequence[str]:
    """Return the file itself, or the Parquet files in the folder, without the marks of other programs."""
    try:
        if system.isfile(root):
            return [root]
        system.invalidate_cache()
        paths = sorted(system.find(root))
    except Exception as error:  # noqa: BLE001 - file systems of fsspec have errors of their own
        raise WarehouseConfigError(f"cannot read the source {url}: {' '.join(str(error).split())}") from None
    if not paths and not system.exists(root):
        raise WarehouseConfigError(f"cannot read the source {url}: there is no such file or folder")
    found = [path for path in paths if not _is_mark(path[len(root) :])]
    if not found:
        raise WarehouseConfigError(f"the source {url} is a folder without a Parquet file; check the path")
    return found


def _is_mark(path: str) -> bool:
    """Return whether a file is a mark, a checksum or hidden, like _SUCCESS and .part-0.parquet.crc."""
    parts = [part for part in path.split("/") if part]
    return any(part.startswith((".", "_")) for part in parts) or path.endswith((".crc", "_$folder$", "/"))


def _partitions(path: str) -> dict[str, str | None]:
    """Return the values in the names of folders: ``/year=2026/city=K%C3%B6ln/part-0.parquet``."""
    pairs = (part.split("=", 1) for part in path.split("/")[:-1] if "=" in part)
    return {unquote(name): None if value == _NO_VALUE else unquote(value) for name, value in pairs}
