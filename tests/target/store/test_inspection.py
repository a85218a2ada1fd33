"""The inspection of a store."""

from __future__ import annotations

from target_talon_one.store.inspection import inspect_store
from target_talon_one.store.opening import open_store


def test_a_store_without_a_table_of_a_destination_is_damaged(tmp_path):
    """A table that is gone is named; a run that never ended is the one that was broken off."""
    with open_store(str(tmp_path / "st.duckdb")) as store:
        assert (0, "", []) == (
            inspect_store(store).refused,
            inspect_store(store).broken_off,
            inspect_store(store).damage,
        )
        number = store.destinations.number_of('["x", "audience_members"]', "vip")
        store.runs.start("r1", "push", "2026-01-01T00:00:00Z")
        report = inspect_store(store)
        assert {"vip": 0} == report.acknowledged
        assert "r1" == report.broken_off
        store.database.run(f"DROP TABLE begun_{number}")
        assert [f"vip: the table begun_{number} is missing"] == inspect_store(store).damage
        store.database.run(f"CREATE TABLE begun_{number} (first BIGINT, past BIGINT, once BOOLEAN)")
