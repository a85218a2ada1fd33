"""Which streams a command works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_singer import Catalog, CatalogEntry


def chosen_entries(
    settings: Mapping[str, Any], streams: str | None, catalog_file: str | None = None
) -> list[CatalogEntry]:
    """The catalog entries of ``--streams`` and ``--catalog``; without them all that have ids to read.

    Raises:
        ConfigError: a stream that does not exist, or a catalog file that cannot be used.
    """
    from talon_one_singer import Catalog, ConfigError
    from talon_one_singer.protocol.selection import selected_streams
    from tap_talon_one.tap import catalog

    there: Catalog = catalog(settings)
    if catalog_file:
        there = there.chosen_by(Catalog.from_file(catalog_file), f"the catalog file {catalog_file}")
    if not streams:
        return selected_streams(there)
    names = [name.strip() for name in streams.split(",") if name.strip()]
    unknown = [name for name in names if there.get(name) is None]
    if unknown:
        from talon_one_singer.settings.json_files import nearest

        known = [entry.tap_stream_id for entry in there]
        hint = nearest(unknown[0], known) or f"; there are {', '.join(known)}"
        raise ConfigError(f"--streams: there is no stream {unknown[0]!r}{hint}")
    return [entry for entry in there if entry.tap_stream_id in names]
