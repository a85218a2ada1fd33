"""The store backend in a PostgreSQL database."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.shards import WHOLE
from talon_one_storage.postgresql_session import KEEP_ALIVE, lock_session
from talon_one_storage.sql_names import quoted
from target_talon_one.config.shards import check_others, is_label, label
from target_talon_one.config.store_names import slug, split_name
from target_talon_one.errors import StoreError
from target_talon_one.store.translation import backend_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from talon_one_singer.shards import Shard

_BYTES_PER_PART = 1 << 20
_TABLE = "talon_one_sync_store"


class PostgreSQLBackend:
    """Tables in PostgreSQL, as bytes; an advisory lock keeps other runs out for as long as the connection lasts.

    Everything is in one table, ``talon_one_sync_store`` (one per shard, if there are several), which is created in the
    first schema of the user's search path. A store with a name has a table of its own, like
    ``talon_one_sync_store_vip_0f1e2d3c``.
    """

    def __init__(self, url: str, shard: Shard = WHOLE) -> None:
        self._shard = shard
        self.name = shown_url(url)
        url, name = split_name(url)
        self._base = f"{_TABLE}_{slug(name)}" if name else _TABLE
        self._table = "_".join(filter(None, [self._base, label(shard).replace("-", "_")]))
        self._redact = Redactor(url_secrets(url))
        try:
            from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]
        except ImportError as error:
            raise StoreError(
                f"a store in PostgreSQL needs the package {error.name}; run: "
                "pip install 'talon-one-connector[postgresql]'"
            ) from None
        with self._errors():
            self._db: Any = dbapi.connect(url)

    def fetch(self, folder: Path, *, unsaved: bool = False) -> dict[str, Path]:
        """See StoreBackend."""
        for statement in KEEP_ALIVE:
            self._run(statement)
        endings = self._check_shards()
        with self._errors():
            lock_session(self, f"store {self._table}", f"the store {self.name}")
        if unsaved and self._table.removeprefix(self._base) not in endings:
            return {}
        if not unsaved:
            self._create()
        return self._fetched(folder)

    def _create(self) -> None:
        self._run(
            "CREATE TABLE IF NOT EXISTS @table "
            "(table_name text, part integer, data bytea, PRIMARY KEY (table_name, part))"
        )
        with self._errors():
            self._db.commit()

    def _fetched(self, folder: Path) -> dict[str, Path]:
        found = {}
        for (table,) in self.rows("SELECT DISTINCT table_name FROM @table"):
            if not re.fullmatch(r"\w+", table):
                raise StoreError(
                    f"the store {self.name} holds {table!r}, which is not a table of a store; delete those rows, or "
                    "use another database"
                )
            found[table] = folder / f"{table}.parquet"
            with found[table].open("wb") as file:
                ((parts,),) = self.rows("SELECT count(*) FROM @table WHERE table_name = $1", table)
                for part in range(parts):
                    ((data,),) = self.rows("SELECT data FROM @table WHERE table_name = $1 AND part = $2", table, part)
                    file.write(data)
        return found

    def has_content(self) -> bool:
        """Return whether a run has saved the store, or one of its shards.

        Raises:
            SyncConfigError: the stores have another number of shards.
        """
        found = [self._base + ending for ending in self._check_shards()]
        return any(self.rows(f"SELECT 1 FROM {quoted(table)} LIMIT 1") for table in found)

    def _check_shards(self) -> list[str]:
        """Return the endings of the names of the store's tables: "", or those of its shards."""
        found = self.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false)) "
            "AND starts_with(tablename, $1)",
            self._base,
        )
        endings = [name.removeprefix(self._base) for (name,) in found]
        check_others(self.name, endings, self._shard)
        return [one for one in endings if not one or is_label(one)]

    def save(self, files: Mapping[str, Path], dropped: Collection[str]) -> None:
        """See StoreBackend."""
        try:
            for table in {*files, *dropped}:
                self._run("DELETE FROM @table WHERE table_name = $1", table)
            for table, path in files.items():
                with path.open("rb") as file:
                    part = 0
                    while data := file.read(_BYTES_PER_PART):
                        self._run("INSERT INTO @table VALUES ($1, $2, $3)", table, part, data)
                        part += 1
            with self._errors():
                self._db.commit()
        except StoreError:
            with suppress(Exception):  # a dead connection has nothing to roll back
                self._db.rollback()
            raise

    def close(self) -> None:
        """See StoreBackend."""
        with self._errors():
            self._db.close()

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Return all rows of a query; ``@table`` stands for the table of the store."""
        with self._errors(), self._db.cursor() as cursor:
            cursor.execute(statement.replace("@table", self._table), values or None)
            found: list[Any] = cursor.fetchall()
            return found

    def _run(self, statement: str, *values: Any) -> None:
        with self._errors(), self._db.cursor() as cursor:
            cursor.execute(statement.replace("@table", self._table), values or None)

    def _errors(self) -> AbstractContextManager[None]:
        return backend_errors(self.name, self._redact)
