"""The 96-bit times that Spark, Impala and Hive write to Parquet: nanoseconds of any year, without a type in Arrow.

Read as nanoseconds, years before 1678 and after 2262 become other years silently; read as microseconds, digits are
lost. Therefore these columns are read both ways, and a value keeps all its digits if both results mean the same time.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

_MICROSECONDS = len("2026-01-01T00:00:00.123456")


def batches(file: Any, rows: int, **options: Any) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch | None]]:
    """Yield the batches of a Parquet file, each with its 96-bit times read as microseconds; None if it has none.

    Args:
        file: open for reading.
        rows: maximum number of rows in a batch.
        options: options of ParquetFile.
    """
    fine = pq.ParquetFile(file, **options)
    names = _columns(fine)
    if not names:
        yield from ((batch, None) for batch in fine.iter_batches(rows))
        return
    coarse = pq.ParquetFile(file, coerce_int96_timestamp_unit="us", **options)
    yield from zip(fine.iter_batches(rows), coarse.iter_batches(rows, columns=names), strict=True)


def exact(fine: Any, coarse: Any) -> Any:
    """Return the value that a time read both ways stands for."""
    if isinstance(coarse, list) and isinstance(fine, list):
        return [exact(*pair) for pair in zip(fine, coarse, strict=True)]
    if isinstance(coarse, dict) and isinstance(fine, dict):
        return {name: exact(fine[name], value) for name, value in coarse.items()}
    if isinstance(fine, str) and len(fine) > _MICROSECONDS:
        return fine if fine[:_MICROSECONDS] == _to_microseconds(coarse) else coarse
    return coarse


def _to_microseconds(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    if not isinstance(value, str):
        return None
    second, _, fraction = value.removesuffix("Z").partition(".")
    return f"{second}.{fraction.ljust(6, '0')}"


def _columns(file: pq.ParquetFile) -> list[str]:
    """Return the columns of a file that contain such times, at any depth."""
    schema = file.schema
    leaves = [schema.column(number) for number in range(len(schema.names))]
    return list(dict.fromkeys(leaf.path.split(".")[0] for leaf in leaves if leaf.physical_type == "INT96"))
