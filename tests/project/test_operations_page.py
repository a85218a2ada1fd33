"""The page of all operations of the API: each is there once, with who uses it or why nobody does."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.operation_uses import NOT_USED, OTHER_USES
from talon_one_client import endpoints
from talon_one_emulator.api.call import HANDLERS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api-coverage.md"
UNUSED = [operation for operations in NOT_USED.values() for operation in operations]


def cells():
    """The cells of each row of the tables of the page, by operation."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    found = [(re.sub(r"[\[`]|\].*", "", row[0]), row) for row in rows if row[0] != "operation"]
    assert len(found) == len(dict(found)), "an operation is listed twice"
    return dict(found)


def test_every_operation_is_listed_once():
    """The page has the operations of the endpoint table and the others of the vendor, none twice."""
    table = {row.operation_id for row in endpoints.ALL}
    assert len(set(UNUSED)) == len(UNUSED)
    assert not table & set(UNUSED)
    assert table | set(UNUSED) == set(cells())
    assert set(OTHER_USES) <= set(endpoints.BY_NAME) == set(HANDLERS)


def test_every_operation_says_who_uses_it_or_why_nobody_does():
    """An operation of the client is read by a stream, written by a sink or has another use or a reason."""
    found = cells()
    without = [
        row.operation_id for row in endpoints.ALL if not any(cell.strip() for cell in found[row.operation_id][5:])
    ]
    assert without == []
    assert [name for name in UNUSED if not found[name][1]] == []
