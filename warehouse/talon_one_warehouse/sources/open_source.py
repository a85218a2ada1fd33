"""Rows of a database or a file for syncs, streamed so that memory use stays constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_singer.settings.local_paths import FileUrlError
from talon_one_singer.values.column_names import repeated_name
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.sources.spec import CLIENTS, DATABASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fsspec import AbstractFileSystem

    from talon_one_warehouse.sources.spec import Source, SourceSpec


def open_source(
    spec: SourceSpec,
    *,
    filesystem: AbstractFileSystem | None = None,
    limits: InputLimits | None = None,
    rendered: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Source:
    """Open a source; its columns are known then, and no two of them have the same name.

    Args:
        spec: the source.
        filesystem: an fsspec file system with the keys of a file's URL; by default keys come from the environment.
        limits: limits of files; by default those of the settings.
        rendered: read values in a second, independent way, which ``verify`` uses: the database renders every value as
            text, which is decoded by the database's own name of the type. DuckDB renders local Parquet files. CSV and
            JSON Lines are text already, and for other drivers and clients there is only one way.
        options: settings of a database's own client, such as a key; they win over the URL, see
            ``talon_one_warehouse.connections``.

    Raises:
        WarehouseConfigError: the source cannot be opened, or two of its columns have the same name.
        WarehouseError: the source cannot be read.
    """
    source = _opened(spec, filesystem, limits or InputLimits(), rendered=rendered, options=options)
    twice = repeated_name(source.columns)
    if twice is not None:
        source.close()
        raise WarehouseConfigError(
            f"the source {shown_url(spec.url)} has two columns named {twice!r}; rename one with AS"
        )
    return source


_DRIVERS = {"postgres": "postgresql", **{name: name for name in ("postgresql", *(url[:-3] for url in CLIENTS), "s3")}}


def _extra(url: str) -> str:
    """Return the extra that reads a source, with what it is built on."""
    return _DRIVERS.get(url.partition("://")[0], "warehouse")


def _opened(
    spec: SourceSpec,
    filesystem: AbstractFileSystem | None,
    limits: InputLimits,
    *,
    rendered: bool,
    options: Mapping[str, Any] | None,
) -> Source:
    # The readers import pyarrow and duckdb, which are optional extras.
    try:
        if not spec.url.startswith(DATABASES):
            from talon_one_warehouse.sources.files import open_file

            return open_file(spec.url, limits, filesystem, rendered=rendered)
        from talon_one_warehouse.sources.databases import open_database

        return open_database(spec, rendered=rendered, options=options)
    except FileUrlError as error:
        raise WarehouseConfigError(f"source.url: {error}") from None
    except ModuleNotFoundError as error:
        raise WarehouseConfigError(
            f"{error.name} is not installed; run: pip install 'talon-one-connector[{_extra(spec.url)}]'"
        ) from None
