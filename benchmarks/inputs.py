"""Write the profiles that are pushed.

``python inputs.py KIND PATH ROWS``; KIND is ``singer``, ``duckdb`` or ``parquet``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

QUERY = """
    SELECT format('customer-{:07d}', n) AS integration_id, CASE WHEN n % 7 = 0 THEN 'gold' ELSE 'silver' END AS tier,
        'City ' || (n % 500) AS city, n % 2 = 0 AS newsletter, n % 1000 AS points,
        strftime(DATE '2020-01-01' + (n % 1500)::INT, '%Y-%m-%d') AS member_since
    FROM range({rows}) AS numbers(n)
"""
SCHEMA = {
    "type": "SCHEMA",
    "stream": "profiles",
    "key_properties": ["integration_id"],
    "schema": {
        "type": "object",
        "properties": {
            "integration_id": {"type": "string", "maxLength": 1000},
            "tier": {"type": ["string", "null"]},
            "city": {"type": ["string", "null"]},
            "newsletter": {"type": ["boolean", "null"]},
            "points": {"type": ["integer", "null"]},
            "member_since": {"type": ["string", "null"]},
        },
    },
}


def points(rows: int) -> int:
    """Return the sum of the points of all profiles."""
    return sum(n % 1000 for n in range(rows))


def main() -> None:
    """Write the file."""
    import duckdb

    kind, path, rows = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    query = QUERY.replace("{rows}", str(rows))
    with duckdb.connect(str(path) if kind == "duckdb" else ":memory:") as db:
        if kind == "duckdb":
            db.execute(f"CREATE TABLE profiles AS {query}")
        elif kind == "parquet":
            db.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        else:
            line = "SELECT to_json({'type': 'RECORD', 'stream': 'profiles', 'record': one})"
            found = db.execute(f"{line} FROM ({query}) AS one")
            with path.open("w", encoding="utf-8") as file:
                file.write(json.dumps(SCHEMA) + "\n")
                while block := found.fetchmany(10_000):
                    file.writelines(text + "\n" for (text,) in block)
                file.write('{"type":"STATE","value":{"bookmarks":{}}}\n')


if __name__ == "__main__":
    main()
