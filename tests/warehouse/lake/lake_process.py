"""Merges without end until it is killed: merge i makes 100 rows of three months and moves row 0 to another month."""

import sys
from itertools import count

from talon_one_warehouse import open_warehouse, table_spec, to_arrow


class NoPandas:
    """Hides pandas, because importing it would take longer than everything else here."""

    @staticmethod
    def find_spec(name, _path, _target=None):
        """Find no such module."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, NoPandas)
TYPES = {
    "id": {"type": "integer"},
    "created": {"type": "string", "format": "date-time"},
    "text": {"type": "string"},
}


def row(key, month, text):
    """A row of a month of 2024."""
    return b'{"id":%d,"created":"2024-%02d-01T00:00:00Z","text":"%d"}' % (key, month, text)


table = table_spec("ledger", {"properties": TYPES}, ["id"])
with open_warehouse(sys.argv[1]) as warehouse:
    warehouse.prepare(table)
    done = warehouse.state("loop")
    for i in count(done["merge"] + 1 if done else 0):
        rows = [row(key, key % 3 + 1, i) for key in range(i * 100, i * 100 + 100)]
        batches = {"ledger": [to_arrow(table, rows), to_arrow(table, [row(0, i % 12 + 1, i)])]}
        warehouse.merge(batches, {"loop": {"merge": i}})
        sys.stdout.write(f"{i}\n")
        sys.stdout.flush()
