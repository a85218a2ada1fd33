"""The streams that a command reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_singer import Catalog, ConfigError
from talon_one_singer.protocol.selection import selected_streams
from talon_one_singer.settings.json_files import nearest
from tap_talon_one.tap import catalog, warn_of_left_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_singer import CatalogEntry


def select_streams(
    settings: Mapping[str, Any], streams: str | None, catalog_file: str | None = None, *, argument: str = "--streams"
) -> list[CatalogEntry]:
    """Return the catalog entries of ``--streams`` and ``--catalog``; without them the default that can be read.

    Streams of the default that are left out because a key is missing are named in a warning.

    Args:
        settings: of the tap.
        streams: names of streams, with commas between them.
        catalog_file: path of a catalog.
        argument: what gives the streams, for messages.

    Raises:
        ConfigError: a stream does not exist, or the catalog file cannot be used.
    """
    available: Catalog = catalog(settings)
    if streams is None and not catalog_file:
        warn_of_left_out(settings)
    if catalog_file:
        available = available.chosen_by(Catalog.from_file(catalog_file), f"the catalog file {catalog_file}")
    if streams is None:
        return selected_streams(available)
    names = [name.strip() for name in streams.split(",") if name.strip()]
    if not names:
        raise ConfigError(f"{argument} names no stream; name some, or leave it out to read all that have ids")
    unknown = [name for name in names if available.get(name) is None]
    if unknown:
        known = [entry.tap_stream_id for entry in available]
        hint = nearest(unknown[0], known) or f"; the streams are {', '.join(known)}"
        raise ConfigError(f"{argument}: there is no stream {unknown[0]!r}{hint}")
    return [entry for entry in available if entry.tap_stream_id in names]
