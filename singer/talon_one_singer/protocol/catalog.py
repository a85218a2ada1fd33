"""The catalog: the streams that exist, and the selection of streams and fields.

https://github.com/singer-io/getting-started/blob/master/docs/DISCOVERY_MODE.md
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import nearest, read_json_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_singer.protocol.catalog_entry import CatalogEntry


@dataclass(frozen=True, slots=True)
class Catalog:
    """All streams, in the order in which they are read."""

    entries: tuple[CatalogEntry, ...] = ()

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], source: str = "the catalog") -> Catalog:
        """Return the catalog in an object like ``{"streams": [...]}``.

        Raises:
            ConfigError: the object is not a catalog; the message names ``source`` and the position in it.
        """
        from talon_one_singer.protocol.catalog_file import parse_catalog  # imports msgspec

        return cls(tuple(parse_catalog(value, source)))

    @classmethod
    def from_file(cls, path: str) -> Catalog:
        """Read a catalog file.

        Raises:
            ConfigError: the file cannot be read, is not JSON, or is not a catalog.
        """
        return cls.from_dict(read_json_object(path, "catalog"), source=f"the catalog file {path}")

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"streams": [...]}``, which ``--discover`` prints."""
        return {"streams": [entry.to_dict() for entry in self.entries]}

    def __iter__(self) -> Iterator[CatalogEntry]:
        return iter(self.entries)

    def get(self, tap_stream_id: str) -> CatalogEntry | None:
        """Return the entry with this id; None if there is none."""
        return next((e for e in self.entries if e.tap_stream_id == tap_stream_id), None)

    def chosen_by(self, given: Catalog, source: str = "the catalog") -> Catalog:
        """Return the streams of the given catalog, in the order of this discovered one, with the given selection.

        Keys, forced method and ``inclusion`` stay as discovered. The schema of a field comes from the given catalog if
        it is there (users override types in it); fields that a catalog of an older version lacks are added.

        Raises:
            ConfigError: a stream does not exist, or does not have the given method or replication key.
        """
        from talon_one_singer.protocol.catalog_file import merged_entry  # imports msgspec

        self._check_known(given, source)
        pairs = ((entry, given.get(entry.tap_stream_id)) for entry in self.entries)
        return replace(self, entries=tuple(merged_entry(entry, chosen, source) for entry, chosen in pairs if chosen))

    def _check_known(self, given: Catalog, source: str) -> None:
        known = [entry.tap_stream_id for entry in self.entries]
        unknown = [entry.tap_stream_id for entry in given if entry.tap_stream_id not in known]
        if unknown:
            hints = (nearest(name, known) or "; --discover lists all streams" for name in unknown)
            problems = zip(unknown, hints, strict=True)
            raise ConfigError(
                *(f"{source} names the stream {name!r}, which does not exist{hint}" for name, hint in problems)
            )
