"""The description of a source and the interface of an open one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from talon_one_singer.reporting.redaction import redact, shown_url
from talon_one_singer.settings.json_files import nearest
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.schemes import nearest_scheme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_singer.blocks.row_block import RowBlock

CLIENTS = ("snowflake://", "bigquery://", "redshift://", "mysql://")  # read by the database's own client
DATABASES = ("duckdb://", "postgresql://", "postgres://", "sqlite://", *CLIENTS, "adbc://", "adbc+")
# What a mistyped scheme can stand for.
_NAMED = (*(url.removesuffix("://") for url in DATABASES if url.endswith("://")), "file", "s3", "gs", "abfs", "https")

# Databases without a client of their own here, and what to do instead.
UNSUPPORTED: Mapping[str, str] = {
    "databricks": "write the rows into Parquet files and give their folder",
    "mssql": "export the rows to a CSV or Parquet file and give the file",
}


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source of rows.

    Attributes:
        url: a database: ``duckdb:///file``, ``postgresql://…``, ``sqlite:///file``,
            ``snowflake://…``, ``bigquery://…``, ``redshift://…``, ``mysql://…``, ``adbc+DRIVER://…``; or a file: CSV,
            JSON Lines or Parquet, or a folder of Parquet files, as a path or any fsspec URL.
        sql: the query, for a database.
        table: or a table, as ``table`` or ``schema.table``.
    """

    url: str
    sql: str | None = None
    table: str | None = None

    def __repr__(self) -> str:
        return f"SourceSpec({shown_url(self.url)!r}, sql={self.sql!r}, table={self.table!r})"


class Source(Protocol):
    """An open source. Use as a context manager."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """Read all rows once, in lists of at most some ten thousand.

        Values are str, int, Decimal, float, bool, date, datetime (with zone), lists, dicts and None; columns of JSON
        are decoded.

        Raises:
            WarehouseError: the source cannot be read to its end.
        """

    def blocks(self) -> Iterator[RowBlock]:
        """Read all rows once, as blocks of the same rows; their columns are not taken apart.

        Raises:
            WarehouseError: the source cannot be read to its end.
        """

    def close(self) -> None:
        """Close the source."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


def source_spec(given: Any, place: str) -> SourceSpec:
    """Return the source that a setting describes.

    Args:
        given: a path, or an object with ``url`` and ``sql`` or ``table``.
        place: the setting, for messages.

    Raises:
        WarehouseConfigError: the value does not describe a source.
    """
    if isinstance(given, str):
        given = {"url": given}
    if not isinstance(given, dict):
        raise WarehouseConfigError(f"{place} must be a file, or an object with url and sql or table")
    for name in given:
        if name not in SourceSpec.__slots__:
            hint = nearest(str(name), SourceSpec.__slots__) or "; it has url, sql and table"
            raise WarehouseConfigError(f"{place}: {name!r} is not a setting of a source{hint}")
    for name in SourceSpec.__slots__:
        if given.get(name) is not None and not isinstance(given[name], str):
            raise WarehouseConfigError(f"{place}.{name} must be text")
    spec = SourceSpec(given.get("url") or "", given.get("sql"), given.get("table"))
    check_source(spec, place)
    return spec


def check_source(spec: SourceSpec, place: str) -> None:
    """Check the URL of a source, and whether it has the query or table that its kind needs.

    Args:
        spec: the source.
        place: the setting that names it, for messages.

    Raises:
        WarehouseConfigError: the source cannot be used.
    """
    if not spec.url:
        raise WarehouseConfigError(f"{place}: 'url' is missing; give a file or a database")
    if spec.url.startswith(DATABASES):
        if (spec.sql is None) == (spec.table is None):
            raise WarehouseConfigError(f"{place}: a database needs either sql or table")
        if spec.table is not None and not all(part.strip() for part in spec.table.split(".")):
            raise WarehouseConfigError(
                f"{place}: 'table' must be a name like orders or schema.orders, not {spec.table!r}"
            )
        return
    scheme, separator, _ = spec.url.partition("://")
    if separator and "::" not in scheme and scheme.lower() not in _known_schemes():
        instead = UNSUPPORTED.get(scheme)
        near = "" if instead else nearest_scheme(scheme, _NAMED)
        hint = f"{instead}; " if instead else ""
        raise WarehouseConfigError(
            f"{place}: {redact(scheme)}:// is not supported{near}; {hint}a source is a file or a database at "
            f"{', '.join(DATABASES)} (any other database by its ADBC driver: adbc+DRIVER://)"
        )
    if spec.sql is not None or spec.table is not None:
        raise WarehouseConfigError(
            f"{place}: a file has neither sql nor table; to query files use url: duckdb:///:memory: and read_parquet(…)"
        )


def _known_schemes() -> frozenset[str]:
    # fsspec takes long to import, and most sources are databases or plain paths.
    from fsspec import available_protocols

    return frozenset(available_protocols())
