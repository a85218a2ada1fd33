"""Merges without end until it is killed: merge i holds the rows i*100 to i*100+99 and changes row 0."""

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


if not sys.argv[1].startswith("databricks"):  # whose client needs it
    sys.meta_path.insert(0, NoPandas)
table = table_spec("ledger", {"properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}, ["id"])
with open_warehouse(sys.argv[1]) as warehouse:
    if sys.argv[1].startswith("duckdb"):
        warehouse.query("SET wal_autocheckpoint = '1MB'")
    warehouse.prepare(table)
    done = warehouse.state("loop")
    for i in count(done["merge"] + 1 if done else 0):
        rows = [b'{"id":%d,"text":"%064d"}' % (k, k * i) for k in range(i * 100, i * 100 + 100)]
        first = [b'{"id":0,"text":"%d"}' % i]
        batches = {"ledger": [to_arrow(table, rows), to_arrow(table, first)]}
        warehouse.merge(batches, {"loop": {"merge": i}})
        sys.stdout.write(f"{i}\n")
        sys.stdout.flush()
