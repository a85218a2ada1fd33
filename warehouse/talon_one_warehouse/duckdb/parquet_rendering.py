"""Parquet files read and rendered by DuckDB, the second way to read them, which ``verify`` uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.types as kinds

from talon_one_singer.values.arrow_extensions import extension_of
from talon_one_storage.sql_names import literal
from talon_one_warehouse.arrow.arrow_to_rows import ROWS, rows_of
from talon_one_warehouse.duckdb.rendering import rendering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa


def can_render(schema: pa.Schema, path: str) -> bool:
    """Return whether DuckDB reads all columns of a file without loss; it lacks wide decimals and some times."""
    return not any(sign in path for sign in "*?[") and all(map(_is_lossless, schema))


def rendered_rows(
    path: str, schema: pa.Schema, usual: Callable[[], Iterator[list[dict[str, Any]]]]
) -> Iterator[list[dict[str, Any]]]:
    """Read a file, in lists of rows.

    Args:
        path: a path in the local file system.
        schema: the schema of the file; see ``can_render``.
        usual: the usual way to read the file, used from the row at which DuckDB fails: at times beyond its range, and
            at texts that are not UTF-8.
    """
    done = 0
    try:
        for part in _rendered(path, schema):
            yield part
            done += len(part)
    except duckdb.Error:
        for part in usual():
            if done < len(part):
                yield part[done:]
            done = max(0, done - len(part))


def _rendered(path: str, schema: pa.Schema) -> Iterator[list[dict[str, Any]]]:
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET threads = 1")
        answer = db.sql(f"SELECT * FROM read_parquet({literal(path)}, hive_partitioning = false)")  # noqa: S608 - quoted
        shown, decoders = rendering(schema.names, list(map(str, answer.types)))
        reader = answer.project(shown).to_arrow_reader(ROWS)
        yield from rows_of(reader, reader.schema, decoders=decoders)


def _is_lossless(field: pa.Field) -> bool:
    kind = field.type.value_type if kinds.is_dictionary(field.type) else field.type
    if extension_of(field) is not None or b"json" in b"".join((field.metadata or {}).values()).lower():
        return False
    if kinds.is_decimal(kind):
        return bool(kind.precision <= 38)
    if kinds.is_timestamp(kind):
        return str(kind.unit) != "ns"
    return any(matches(kind) for matches in _LOSSLESS)


_LOSSLESS: Sequence[Callable[[pa.DataType], bool]] = (
    kinds.is_integer,
    kinds.is_float32,
    kinds.is_float64,
    kinds.is_boolean,
    kinds.is_string,
    kinds.is_large_string,
    kinds.is_string_view,
    kinds.is_date32,
)
