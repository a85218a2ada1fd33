"""The profiles that are known to exist at Talon.One."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.store.database import Database


class KnownProfiles:
    """Integration ids of profiles that exist."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, integration_ids: Sequence[str]) -> None:
        """Note that these profiles exist."""
        self._database.insert("profiles", pa.table({"name": pa.array(integration_ids, pa.string())}))

    def not_known(self, destination: int, field: str | None = None) -> list[str]:
        """Return the ids of the profiles of rows to add that are not known to exist.

        Args:
            destination: its number.
            field: the field that holds the id; None: the key is the id.
        """
        rows = self._database.run(f"SELECT id FROM ({_rows(destination, field)}) GROUP BY id ORDER BY min(n)")
        return [name for (name,) in rows]

    def keys_of_not_known(self, destination: int, field: str | None = None) -> list[str]:
        """Return the keys of rows to add whose profiles are not known to exist, see ``not_known``."""
        rows = self._database.run(f"SELECT key FROM ({_rows(destination, field)}) ORDER BY n")
        return [key for (key,) in rows]


def _rows(destination: int, field: str | None) -> str:
    """Return a SELECT of (id, key, n) of the rows to add whose profiles are not known to exist."""
    name = "key" if field is None else f"json_extract_string(fields, '$.{field}')"
    return (
        f"SELECT {name} AS id, key, n FROM pending_{destination} WHERE op = 'add' AND id IS NOT NULL "
        "AND id NOT IN (SELECT name FROM profiles)"
    )
