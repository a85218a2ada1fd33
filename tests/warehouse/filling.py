"""Merges into a warehouse until its disk is full."""

import os

from talon_one_warehouse import WarehouseError, to_arrow


def merges_until_full(warehouse, table):
    """Merge until an error; return the number of merges and the error."""
    for done in range(100):
        ids = range(done * 500, done * 500 + 500)
        rows = [b'{"id":%d,"text":"%s"}' % (i, os.urandom(200).hex().encode()) for i in ids]
        try:
            warehouse.merge({"ledger": [to_arrow(table, rows)]}, {"fill": {"done": done + 1}})
        except WarehouseError as error:
            return done, error
    raise AssertionError("100 merges did not fill the disk")
