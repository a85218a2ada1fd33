"""Rows out of a warehouse or a file, for syncs: in parts, so that memory stays flat."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol, Self

from talon_one_singer.reporting.redaction import redact, shown_url
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_singer.settings.local_paths import FileUrlError
from talon_one_singer.values.column_names import repeated_name
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem

FILES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".parquet")
DATABASES = ("duckdb://", "postgresql://", "postgres://", "sqlite://", "adbc://", "adbc+")


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where rows come from.

    Attributes:
        url: a database: ``duckdb:///file``, ``postgresql://…``, ``sqlite:///file``, ``adbc+DRIVER://…``; or a file:
            CSV, JSON Lines or Parquet, or a folder of Parquet files, as a path or any fsspec URL.
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
        """All rows, once, in parts of at most some ten thousand.

        Values are str, int, Decimal, float, bool, date, datetime (with zone), lists, dicts and None; columns of JSON
        are decoded.

        Raises:
            WarehouseError: the rest cannot be read.
        """

    def close(self) -> None:
        """Give it back."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


def source_spec(given: Any, place: str) -> SourceSpec:
    """The source that settings tell.

    Args:
        given: a path, or an object with ``url`` and ``sql`` or ``table``.
        place: of the setting, for messages.

    Raises:
        WarehouseConfigError: it is none; names the place.
    """
    if isinstance(given, str):
        given = {"url": given}
    if not isinstance(given, dict):
        raise WarehouseConfigError(f"{place} must be a file, or an object with url and sql or table")
    for name in given:
        if name not in SourceSpec.__slots__:
            near = get_close_matches(str(name), SourceSpec.__slots__, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; it has url, sql and table"
            raise WarehouseConfigError(f"{place}: {name!r} is no setting of a source{hint}")
    for name in SourceSpec.__slots__:
        if given.get(name) is not None and not isinstance(given[name], str):
            raise WarehouseConfigError(f"{place}.{name} must be text")
    spec = SourceSpec(given.get("url") or "", given.get("sql"), given.get("table"))
    check_source(spec, place)
    return spec


def open_source(
    spec: SourceSpec,
    *,
    filesystem: AbstractFileSystem | None = None,
    limits: InputLimits | None = None,
    rendered: bool = False,
) -> Source:
    """Open a source; its columns are known then, and no name of a column comes twice.

    Args:
        spec: the source.
        limits: of files; the defaults of the settings without it.
        filesystem: of fsspec, with the keys for a file's URL; without it they come from the environment.
        rendered: read by other eyes than a push does: the database renders every value as text, which is decoded by
            what the database calls its type. DuckDB is the database of local Parquet files. CSV and JSON Lines are
            text already, and of other drivers there is one way only.

    Raises:
        WarehouseConfigError: it cannot be opened, the query is none, or two columns have one name.
        WarehouseError: it cannot be read.
    """
    source = _opened(spec, filesystem, limits or InputLimits(), rendered=rendered)
    twice = repeated_name(source.columns)
    if twice is not None:
        source.close()
        raise WarehouseConfigError(
            f"the source {shown_url(spec.url)} has two columns named {twice!r}; rename one with AS"
        )
    return source


def _opened(spec: SourceSpec, filesystem: AbstractFileSystem | None, limits: InputLimits, *, rendered: bool) -> Source:
    try:
        if not spec.url.startswith(DATABASES):
            from talon_one_warehouse.sources.files import open_file

            return open_file(spec.url, limits, filesystem, rendered=rendered)
        from talon_one_warehouse.sources.databases import open_database

        return open_database(spec, rendered=rendered)
    except FileUrlError as error:
        raise WarehouseConfigError(f"source.url: {error}") from None
    except ModuleNotFoundError as error:
        raise WarehouseConfigError(
            f"{error.name} is not installed; run: pip install 'talon-one-connector[warehouse]'"
        ) from None


def _known_schemes() -> frozenset[str]:
    """Schemes of file systems that fsspec knows."""
    from fsspec import available_protocols

    return frozenset(available_protocols())


def check_source(spec: SourceSpec, place: str) -> None:
    """Check the URL of a source, and whether it has the query or table that its kind needs.

    Args:
        spec: the source.
        place: the setting that names it, for messages.

    Raises:
        WarehouseConfigError: it cannot be used.
    """
    if not spec.url:
        raise WarehouseConfigError(f"{place}: 'url' is missing; give a file or a database")
    if spec.url.startswith(DATABASES):
        if (spec.sql is None) == (spec.table is None):
            raise WarehouseConfigError(f"{place}: a database needs either sql or table")
        return
    scheme, separator, _ = spec.url.partition("://")
    if separator and "::" not in scheme and scheme.lower() not in _known_schemes():
        raise WarehouseConfigError(
            f"{place}: {redact(scheme)}:// is not supported; a source is a file or a database at "
            f"{', '.join(DATABASES)} (any other database by its ADBC driver: adbc+DRIVER://)"
        )
    if spec.sql is not None or spec.table is not None:
        raise WarehouseConfigError(
            f"{place}: a file has neither sql nor table; to query files use url: duckdb:///:memory: and read_parquet(…)"
        )
