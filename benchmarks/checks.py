"""Check what a measured program has written, in a process of its own.

``python checks.py KIND PATH ROWS CENTS BALANCES`` compares the number of rows, their distinct ids, the sum of their
amounts in hundredths and the number of balances with those expected. KIND is ``lines`` (rows as JSON in a file or in
the files of a folder), ``duckdb`` (PATH is ``file.duckdb::table``), ``parquet`` (a glob pattern) or ``delta`` (the
folder of a Delta table, of which only the live files count), or ``url`` (PATH is ``url::table`` of a warehouse).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_ID = re.compile(rb'"id": ?(\d{13})\b')
_AMOUNT = re.compile(rb'"amount": ?([\d.]+)')
_BALANCE = re.compile(rb'"active_?[Pp]oints": ?["\d]')
_BLOCK = 64 << 20


def in_lines(path: Path) -> tuple[int, int, int, int]:
    """Return rows, distinct ids, the sum of the amounts in hundredths, and balances."""
    count, total, balances, ids = 0, 0, 0, set()
    for file in sorted(path.rglob("*jsonl")) if path.is_dir() else [path]:
        with file.open("rb") as lines:
            while block := lines.read(_BLOCK):
                block += lines.readline()
                found = _ID.findall(block)
                count += len(found)
                ids.update(found)
                total += sum(round(float(amount) * 100) for amount in _AMOUNT.findall(block))
                balances += len(_BALANCE.findall(block))
    return count, len(ids), total, balances


def in_sql(source: str, database: str = ":memory:") -> tuple[int, int, int, int]:
    """Return the same for a table or for Parquet files."""
    import duckdb

    with duckdb.connect(database, read_only=database != ":memory:") as connection:
        query = f"SELECT count(*), count(DISTINCT id), round(sum(amount) * 100)::BIGINT FROM {source}"  # noqa: S608
        found = connection.execute(query).fetchone()
    assert found is not None
    return *found, 0


def in_warehouse(table: str, url: str) -> tuple[int, int, int, int]:
    """Return the same for a table of a warehouse of this connector, whoever has written it."""
    from talon_one_warehouse import open_warehouse

    query = f"SELECT count(*), count(DISTINCT id), round(sum(amount) * 100) FROM {table}"  # noqa: S608
    with open_warehouse(url) as warehouse:
        ((rows, ids, cents),) = warehouse.query(query)
    return int(rows), int(ids), int(cents), 0


def main() -> int:
    """Return 1 if something differs."""
    kind, path, rows, cents, balances = *sys.argv[1:3], *map(int, sys.argv[3:])
    if kind == "lines":
        found = in_lines(Path(path))
    elif kind == "duckdb":
        found = in_sql(path.split("::")[1], path.split("::")[0])
    elif kind == "url":
        found = in_warehouse(path.split("::")[1], path.split("::")[0])
    elif kind == "delta":
        from deltalake import DeltaTable

        found = in_sql(f"read_parquet({DeltaTable(path).file_uris()})")
    else:
        found = in_sql(f"read_parquet('{path}')")
    expected = (rows, rows, cents, balances)
    if found != expected:
        print(f"rows, distinct ids, hundredths, balances: expected {expected}, found {found}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
