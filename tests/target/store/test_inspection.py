"""The inspection of a store."""

from __future__ import annotations

from target_talon_one.store.inspection import inspect_store
from target_talon_one.store.opening import open_store


def test_destinations_with_one_name_are_counted_apart(tmp_path):
    """A sync whose audience was changed has two destinations in its store, and each has its own rows."""
    with open_store(str(tmp_path / "st.duckdb")) as store:
        for which, keys in (('{"audience":7}', ["a"]), ('{"audience":{"name":"VIP"}}', ["a", "b"])):
            identity = f'["https://x.test","audience_members",{which}]'
            store.acks.adopt(store.destinations.number_of(identity, "vip"), keys)
        store.destinations.number_of('["https://x.test","catalog_items",{"catalog_id":3}]', "items")
        expected = {
            "vip (audience_members at https://x.test, audience 7)": 1,
            "vip (audience_members at https://x.test, audience VIP)": 2,
            "items": 0,
        }
        assert expected == inspect_store(store).acknowledged


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
