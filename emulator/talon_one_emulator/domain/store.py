"""The SQLite database of the account: schema, transactions, copies.

Instants are integer microseconds. Amounts and prices are TEXT with the digits that were received. Attributes are JSON.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Increase it whenever the tables or the rows of a seed change: cached seeds of other versions are not read.
SCHEMA_VERSION = 10

_TABLES = """
CREATE TABLE applications (id INTEGER PRIMARY KEY, created INTEGER NOT NULL, name TEXT NOT NULL);
CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'enabled',
    starts INTEGER, ends INTEGER, body TEXT NOT NULL DEFAULT '{}');
CREATE TABLE attributes (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, entity TEXT NOT NULL, event_type TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL, type TEXT NOT NULL, UNIQUE (entity, event_type, name));
CREATE TABLE programs (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    card_based INTEGER NOT NULL, users_per_card INTEGER NOT NULL DEFAULT 0, tiers TEXT NOT NULL DEFAULT '[]',
    codes TEXT);
CREATE TABLE profile_tiers (
    program INTEGER NOT NULL, profile INTEGER NOT NULL, subledger TEXT NOT NULL, tier TEXT NOT NULL,
    starts INTEGER NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (program, profile, subledger)) WITHOUT ROWID;
CREATE TABLE imports (id INTEGER PRIMARY KEY, created INTEGER NOT NULL, entity TEXT NOT NULL, amount INTEGER NOT NULL);
CREATE TABLE program_members (
    program INTEGER NOT NULL, profile INTEGER NOT NULL, joined INTEGER NOT NULL,
    PRIMARY KEY (program, profile)) WITHOUT ROWID;
CREATE TABLE profiles (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, integration_id TEXT NOT NULL UNIQUE,
    attributes TEXT NOT NULL DEFAULT '{}', closed_sessions INTEGER NOT NULL DEFAULT 0,
    total_sales TEXT NOT NULL DEFAULT '0', last_activity INTEGER NOT NULL, visible INTEGER NOT NULL DEFAULT 1);
CREATE TABLE cards (
    id INTEGER PRIMARY KEY, program INTEGER NOT NULL, identifier TEXT NOT NULL, created INTEGER NOT NULL,
    modified INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'active', batch TEXT NOT NULL DEFAULT '',
    attributes TEXT NOT NULL DEFAULT '{}', UNIQUE (program, identifier));
CREATE TABLE card_profiles (
    card INTEGER NOT NULL, profile INTEGER NOT NULL, linked INTEGER NOT NULL,
    PRIMARY KEY (card, profile)) WITHOUT ROWID;
CREATE INDEX card_profiles_profile ON card_profiles (profile);
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY, program INTEGER NOT NULL, card INTEGER, profile INTEGER, created INTEGER NOT NULL,
    addition INTEGER NOT NULL, amount TEXT NOT NULL, starts INTEGER NOT NULL, expires INTEGER NOT NULL,
    subledger TEXT NOT NULL, session TEXT, uuid TEXT NOT NULL, kind TEXT NOT NULL,
    head TEXT NOT NULL, rule TEXT NOT NULL, extra TEXT NOT NULL, log TEXT NOT NULL, owner TEXT NOT NULL,
    flags TEXT NOT NULL DEFAULT '');
CREATE INDEX ledger_card ON ledger (card, created, id, subledger, addition, amount, starts, expires)
    WHERE card IS NOT NULL;
CREATE INDEX ledger_profile ON ledger (profile, created, id, program, subledger, addition, amount, starts, expires)
    WHERE profile IS NOT NULL;
CREATE INDEX ledger_program ON ledger (program, created, id, kind);
CREATE TABLE last_ids (name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE audiences (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, name TEXT NOT NULL, integration TEXT, integration_id TEXT,
    body TEXT NOT NULL);
CREATE TABLE memberships (
    audience INTEGER NOT NULL, profile INTEGER NOT NULL, PRIMARY KEY (audience, profile)) WITHOUT ROWID;
CREATE INDEX memberships_profile ON memberships (profile);
CREATE TABLE catalogs (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, modified INTEGER NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1);
CREATE TABLE items (
    id INTEGER PRIMARY KEY, catalog INTEGER NOT NULL, sku TEXT NOT NULL, created INTEGER NOT NULL, price TEXT,
    attributes TEXT NOT NULL DEFAULT '{}', product TEXT, version INTEGER NOT NULL,
    adjustments TEXT NOT NULL DEFAULT '[]', UNIQUE (catalog, sku));
CREATE INDEX items_page ON items (catalog, id);
CREATE INDEX items_sku ON items (sku);
CREATE TABLE prices (
    id INTEGER PRIMARY KEY, sku TEXT NOT NULL, observed INTEGER NOT NULL, price TEXT NOT NULL,
    context TEXT NOT NULL DEFAULT '', reference TEXT NOT NULL DEFAULT '', type TEXT NOT NULL DEFAULT '');
CREATE INDEX prices_sku ON prices (sku, observed);
CREATE TABLE coupons (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, campaign INTEGER NOT NULL, value TEXT NOT NULL UNIQUE,
    usage_limit INTEGER NOT NULL, body TEXT NOT NULL DEFAULT '{}');
CREATE INDEX coupons_campaign ON coupons (campaign, id);
CREATE TABLE reservations (
    coupon INTEGER NOT NULL, profile INTEGER NOT NULL, PRIMARY KEY (coupon, profile)) WITHOUT ROWID;
CREATE TABLE referrals (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, campaign INTEGER NOT NULL, advocate TEXT NOT NULL,
    code TEXT NOT NULL UNIQUE, usage_limit INTEGER NOT NULL, body TEXT NOT NULL DEFAULT '{}');
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, integration_id TEXT NOT NULL UNIQUE, profile TEXT NOT NULL, created INTEGER NOT NULL,
    updated INTEGER NOT NULL, state TEXT NOT NULL, update_count INTEGER NOT NULL, first_session INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX sessions_profile ON sessions (profile);
CREATE TABLE returns (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL, created INTEGER NOT NULL, items TEXT NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, profile TEXT NOT NULL, type TEXT NOT NULL,
    attributes TEXT NOT NULL, store TEXT, integration_id TEXT UNIQUE, session TEXT);
CREATE INDEX events_page ON events (created, id);
CREATE TABLE effects (
    id INTEGER PRIMARY KEY, event INTEGER NOT NULL, campaign INTEGER NOT NULL, ruleset INTEGER NOT NULL,
    rule_index INTEGER NOT NULL, rule TEXT NOT NULL, type TEXT NOT NULL, coupon INTEGER, props TEXT NOT NULL);
CREATE INDEX effects_event ON effects (event, id);
CREATE INDEX effects_coupon ON effects (coupon, type) WHERE coupon IS NOT NULL;
CREATE TABLE achievements (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, campaign INTEGER NOT NULL, name TEXT NOT NULL,
    title TEXT NOT NULL, target TEXT NOT NULL, starts INTEGER, ends INTEGER, body TEXT NOT NULL DEFAULT '{}');
CREATE TABLE achievement_progress (
    id INTEGER PRIMARY KEY, achievement INTEGER NOT NULL, profile INTEGER NOT NULL, progress TEXT NOT NULL,
    started INTEGER NOT NULL, completed INTEGER, ends INTEGER);
CREATE INDEX achievement_progress_profile ON achievement_progress (profile, achievement);
CREATE TABLE stores (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
    integration_id TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL, campaigns TEXT NOT NULL);
CREATE TABLE collections (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, campaign INTEGER);
CREATE TABLE collection_items (
    collection INTEGER NOT NULL, item TEXT NOT NULL, PRIMARY KEY (collection, item)) WITHOUT ROWID;
CREATE TABLE giveaways (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, pool INTEGER NOT NULL, code TEXT NOT NULL, starts INTEGER,
    ends INTEGER, attributes TEXT NOT NULL, used INTEGER NOT NULL, profile INTEGER);
CREATE TABLE changes (
    id INTEGER PRIMARY KEY, created INTEGER NOT NULL, user INTEGER NOT NULL, application INTEGER, entity TEXT NOT NULL,
    old TEXT, new TEXT, management_key INTEGER);
CREATE INDEX changes_page ON changes (created, id);
CREATE TABLE replays (
    operation TEXT NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL, request BLOB NOT NULL,
    status INTEGER NOT NULL, media TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (operation, key)) WITHOUT ROWID;
"""

TABLES = tuple(line.split()[2] for line in _TABLES.splitlines() if line.startswith("CREATE TABLE"))


class Store:
    """One connection to the data of the account, for use by one thread at a time."""

    def __init__(self, path: Path | None = None) -> None:
        self.db = _open(str(path) if path else ":memory:")
        if not self.scalar("SELECT count(*) FROM sqlite_master"):
            self._create()
        elif self.scalar("PRAGMA user_version") != SCHEMA_VERSION:
            self.db.close()
            raise ValueError(f"{path} is not a database of this version of the emulator; name a new file")

    def _create(self) -> None:
        self.db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.db.execute(sql, args).fetchall()

    def row(self, sql: str, args: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        found: tuple[Any, ...] | None = self.db.execute(sql, args).fetchone()
        return found

    def scalar(self, sql: str, args: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        found = self.row(sql, args)
        return found[0] if found else None

    def insert(self, table: str, **values: Any) -> int:
        """Insert a row and return its id."""
        marks = ", ".join("?" * len(values))
        cursor = self.db.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})",  # noqa: S608 - constants
            tuple(values.values()),
        )
        return int(cursor.lastrowid or 0)

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """Run one atomic change, which may be nested. It is rolled back on an exception, or if not ``keep``."""
        self.db.execute("SAVEPOINT change")
        try:
            yield
        except BaseException:
            self._undo()
            raise
        if keep:
            self.db.execute("RELEASE change")
        else:
            self._undo()

    def _undo(self) -> None:
        self.db.execute("ROLLBACK TO change")
        self.db.execute("RELEASE change")

    def clear(self) -> None:
        """Delete every row."""
        with self.transaction():
            for table in TABLES:
                self.db.execute(f"DELETE FROM {table}")  # noqa: S608 - constants

    def copy_from(self, path: Path) -> None:
        """Replace all data by that of a database file. Raise ValueError if another version wrote it."""
        source = sqlite3.connect(path)
        try:
            if source.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                raise ValueError(f"{path} was written by another version of the emulator")
            source.backup(self.db)
        finally:
            source.close()

    def close(self) -> None:
        """Close the connection."""
        self.db.close()


def _open(target: str) -> sqlite3.Connection:
    db = sqlite3.connect(target, check_same_thread=False, isolation_level=None, cached_statements=512)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -65536")
    db.execute("PRAGMA temp_store = MEMORY")
    return db
