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

    def not_known(self, destination: int) -> list[str]:
        """Return the keys of rows to add whose profiles are not known to exist."""
        rows = self._database.run(
            f"SELECT key FROM changes_{destination} WHERE op = 'add' AND key NOT IN (SELECT name FROM profiles) "
            "ORDER BY n"
        )
        return [key for (key,) in rows]
