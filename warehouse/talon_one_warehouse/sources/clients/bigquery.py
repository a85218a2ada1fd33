"""Queries of BigQuery as sources, streamed as Arrow batches.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from talon_one_singer.values.arrow_values import Conversion
from talon_one_warehouse.arrow.arrow_to_rows import ROWS, slices
from talon_one_warehouse.connections import bigquery
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.sources.clients.client_source import ClientSource, refused_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from google.cloud.bigquery import Client, SchemaField
    from google.cloud.bigquery_storage import BigQueryReadClient

    from talon_one_warehouse.connections.client_errors import ClientErrors

_FIRST_ANSWER_S = 30
_EXACT = frozenset(
    """STRING INTEGER INT64 FLOAT FLOAT64 NUMERIC BIGNUMERIC BOOLEAN BOOL DATE DATETIME TIMESTAMP TIME JSON GEOGRAPHY
    RECORD STRUCT""".split()  # noqa: SIM905 - one a line would be a page
)


def open_query(rest: str, sql: str, *, options: Mapping[str, Any] | None = None) -> ClientSource:
    """Run a query on BigQuery.

    Args:
        rest: the URL without its scheme, see ``connections.bigquery.connect``.
        sql: the query.
        options: see ``connections.bigquery.connect``.

    Raises:
        WarehouseConfigError: the project or the query cannot be used.
        WarehouseError: BigQuery does not answer.
    """
    client, errors = bigquery.connect(rest, options), bigquery.errors(rest, options)
    with ExitStack() as stack:
        stack.callback(client.close)
        with errors.running():
            reader = bigquery.read_client(client, rest, options)
            if reader is not None:
                stack.callback(reader.transport.close)
        return run_query(client, sql, errors, reader, stack.pop_all())


def run_query(
    client: Client, sql: str, errors: ClientErrors, reader: BigQueryReadClient | None, stack: ExitStack
) -> ClientSource:
    """Run a query with an open client; ``stack`` is closed with the source, or after an error.

    Args:
        client: runs it.
        sql: the query.
        errors: translates errors of the client.
        reader: see ``connections.bigquery.read_client``.
        stack: see above.

    Raises:
        WarehouseConfigError: the query cannot be used.
        WarehouseError: BigQuery does not answer.
    """
    with stack, errors.running():
        schema = query_schema(client, sql)
        refused = {field.name: type_name(field) for field in schema if not _is_exact(field)}
        rows = client.query(_outer_query(sql, refused)).result(page_size=ROWS)
        batches = rows.to_arrow_iterable(bqstorage_client=reader, max_queue_size=1, max_stream_count=1)
        return ClientSource([field.name for field in schema], _parts(batches, schema, refused), errors, stack.pop_all())


def quoted_table(parts: Sequence[str]) -> str:
    """Return the name of a table in backticks."""
    return ".".join("`{}`".format(part.replace("\\", "\\\\").replace("`", "\\`")) for part in parts)


def query_schema(client: Client, sql: str) -> Sequence[SchemaField]:
    """Return the columns of a query without running it, for which BigQuery charges nothing."""
    from google.cloud.bigquery import DEFAULT_RETRY, QueryJobConfig

    retry = DEFAULT_RETRY.with_timeout(_FIRST_ANSWER_S)
    job = client.query(
        sql, job_config=QueryJobConfig(dry_run=True), retry=retry, job_retry=None, timeout=_FIRST_ANSWER_S
    )
    if job.statement_type != "SELECT":
        raise WarehouseConfigError(f"source.sql must be a query: a SELECT, not {job.statement_type}")
    return job.schema or ()


def _outer_query(sql: str, refused: Mapping[str, str]) -> str:
    """Return a query in which refused columns are only null or not: the client has no Arrow type for some of them."""
    if not refused:
        return sql
    shown = ", ".join(f"{quoted_table([name])} IS NOT NULL AS {quoted_table([name])}" for name in refused)
    return f"SELECT * REPLACE ({shown}) FROM (\n{sql}\n) AS q"  # noqa: S608 - quoted


def _parts(
    batches: Iterator[pa.RecordBatch], schema: Sequence[SchemaField], refused: Mapping[str, str]
) -> Iterator[list[list[Any]]]:
    for batch in batches:
        for part in slices(batch):
            columns = zip(part.columns, part.schema, schema, strict=True)
            yield [_values(array, field, about, refused.get(about.name)) for array, field, about in columns]


def _values(array: pa.Array, field: pa.Field, about: SchemaField, refused: str | None) -> list[Any]:
    if refused is not None:
        return refused_column([there or None for there in array.to_pylist()], refused)
    return Conversion(type_name=type_name(about)).values(array, marked(field, about))


def marked(field: pa.Field, about: SchemaField) -> pa.Field:
    """Return the field with marks on all texts that are JSON, those within arrays and structs too."""
    kind, mode = field.type, about.mode
    if mode == "REPEATED":
        item = _marked_item(kind.value_field, about)
        return pa.field(field.name, pa.list_(item))
    return _marked_item(field, about).with_name(field.name)


def _marked_item(field: pa.Field, about: SchemaField) -> pa.Field:
    if about.field_type == "JSON":
        return pa.field(field.name, field.type, metadata={"type": "json"})
    if about.fields:
        parts = [marked(part, one) for part, one in zip(field.type, about.fields, strict=True)]
        return pa.field(field.name, pa.struct(parts))
    return field.remove_metadata()


def _is_exact(field: SchemaField) -> bool:
    return field.field_type in _EXACT and all(map(_is_exact, field.fields))


def type_name(field: SchemaField) -> str:
    """Return the name of the type; of a struct with a part that is refused, the type of that part."""
    inner = next((part for part in field.fields if not _is_exact(part)), None)
    if inner is not None:
        return f"{field.field_type} with {type_name(inner)}"
    return f"ARRAY<{field.field_type}>" if field.mode == "REPEATED" else str(field.field_type)
