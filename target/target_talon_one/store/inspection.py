"""The inspection of a store: reads every table, and says what is damaged and what waits for somebody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talon_one_singer.reporting.amounts import counted
from target_talon_one.config.identity import described
from target_talon_one.errors import StoreError

if TYPE_CHECKING:
    from target_talon_one.store.store import Store


@dataclass(slots=True)
class StoreReport:
    """What an inspection found.

    Attributes:
        acknowledged: number of acknowledged rows by the name of the destination; of several destinations with one name,
            by the name with what tells them apart.
        refused: number of refused rows that are kept.
        broken_off: id of the last run if it did not end, else "".
        damage: what is wrong with the content.
    """

    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    broken_off: str = ""
    damage: list[str] = field(default_factory=list)


def inspect_store(store: Store) -> StoreReport:
    """Read every row of a store, so that DuckDB compares the checksum of every block, and return what was found."""
    report, database = StoreReport(), store.database
    tables = {name for (name,) in database.run("SELECT table_name FROM duckdb_tables() WHERE NOT temporary")}
    for table in sorted(tables):
        try:
            database.run(f"SELECT count(*), bit_xor(hash(t)) FROM {table} AS t")
        except StoreError as error:
            report.damage.append(f"the table {table} cannot be read: {error}")
            return report
    found = database.run("SELECT id, name, identity FROM destinations ORDER BY id")
    several = {name for name, count in Counter(name for _, name, _ in found).items() if count > 1}
    for number, name, identity in found:
        missing = [
            table for kind in ("sent", "changes", "done", "begun") if (table := f"{kind}_{number}") not in tables
        ]
        if missing:
            report.damage.append(f"{name}: the table {missing[0]} is missing")
            continue
        shown = f"{name} ({described(identity) or number})" if name in several else name
        report.acknowledged[shown] = report.acknowledged.get(shown, 0) + store.acks.count(number)
        keys = database.count(f"SELECT count(*) FROM (SELECT key FROM sent_{number} GROUP BY key HAVING count(*) > 1)")
        if keys:
            report.damage.append(f"{name}: {counted(keys, 'row is', 'rows are')} acknowledged more than once")
    report.refused = database.count("SELECT count(*) FROM rejects")
    last = database.run("SELECT id, status FROM runs ORDER BY started DESC, id DESC LIMIT 1")
    if last and last[0][1] in ("running", "broken off"):
        report.broken_off = last[0][0]
    return report
