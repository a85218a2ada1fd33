"""Ledgers of a warehouse, range by range of their owners."""

from __future__ import annotations

import pytest

from talon_one_loading.reports import ledgers
from talon_one_warehouse import WarehouseError, open_warehouse

AT = "2026-01-01T00:00:00.000000Z"
OWNERS = ["a", "b", "c", "it's", "ü", 'x"', "y", "z"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 8, 100])
def test_every_owner_is_read_once(tmp_path, monkeypatch, at_once):
    """However many owners a range has, each of them is read once, those with a quote in their names too."""
    monkeypatch.setattr(ledgers, "OWNERS_AT_ONCE", at_once)
    zeros = ", ".join(f"0 AS {name}_points" for name in ("active", "pending", "spent", "expired", "negative"))
    with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
        warehouse.query(
            "CREATE TABLE loyalty_card_transactions AS SELECT 1 AS program_id, '' AS card_identifier, '' AS "
            f"subledger_id, TIMESTAMPTZ '{AT}' AS created, 1 AS id, 1.5 AS amount, 'addition' AS type, '' AS "
            "start_kind, created AS start_at, '' AS expiry_kind, created AS expiry_at WHERE 1 = 0"
        )
        owners = ", ".join(map(warehouse.literal, OWNERS))
        warehouse.query(
            f"CREATE TABLE loyalty_card_balances AS SELECT 1 AS program_id, unnest([{owners}]) AS card_identifier, "
            f"'' AS subledger_id, {zeros}, '' AS source, TIMESTAMPTZ '{AT}' AS as_of"
        )
        found = [key.owner for key, _, _ in ledgers.LedgerReader(warehouse, ledgers.KINDS[0], AT).ledgers()]
    assert sorted(OWNERS) == sorted(found)


def test_a_warehouse_that_does_not_answer_has_not_lost_a_table(tmp_path):
    """A missing table is left out; a warehouse whose connection has ended is an error, and no table is left out."""
    with open_warehouse(f"duckdb:///{tmp_path}/w.duckdb") as warehouse:
        warehouse.query("CREATE TABLE there AS SELECT 1 AS id")
        assert ledgers.can_select(warehouse, "id", "there")
        assert not ledgers.can_select(warehouse, "name", "there")
        assert not ledgers.can_select(warehouse, "1", "nowhere")
    with pytest.raises(WarehouseError):
        ledgers.can_select(warehouse, "id", "there")
