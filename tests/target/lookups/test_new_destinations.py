"""Plans and pushes say which store is new, and which audiences they create."""

from __future__ import annotations

import logging

import pytest

from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import SyncConfigError
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

VIP = {
    "sink": "audience_members",
    "audience": {"name": "VIP"},
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}
ROWS = [{"id": "ada"}, {"id": "ben"}]


@pytest.fixture
def said(engine, caplog):
    """Plan and push in a store, and return for both what was said about new things."""

    def run(given=VIP, rows=ROWS, store="store"):
        caplog.set_level(logging.INFO)
        texts = []
        for command in ("plan", "push"):
            caplog.clear()
            with (
                engine.client() as client,
                open_store(str(engine.folder / f"{store}.duckdb")) as opened,
                SyncRun(client, opened, engine.options(), command=command) as sync,
            ):
                destination = sync.open(destination_from("rows", given))
                destination.add(rows, ["" for _ in rows])
                destination.close_source(complete=True)
                sync.plan()
                if command == "push":
                    sync.finish()
            texts.append([one.getMessage() for one in caplog.records if "new" in one.name])
        return texts

    return run


def test_a_mirror_with_a_new_store_warns_once(engine, said):
    """If the destination exists, plan and push warn, until a row is acknowledged; the path of the file is complete."""
    first, again = said()
    assert [f"The store {engine.folder}/store.duckdb is new"] == first[1:] == again[1:]
    assert [[], []] == said()
    for texts in said(rows=ROWS[:1], store="other"):
        assert 1 == len(texts)
        assert texts[0].startswith(
            f"The store {engine.folder}/other.duckdb is new for rows: this mirror removes no row"
        )
    assert {"ada", "ben"} == engine.members()
    assert [[], []] == said(store="other")
    items = {"sink": "catalog_items", "catalog_id": 1, "mode": "mirror", "map": {"sku": "id"}}
    assert not any("removes no row" in text for texts in said(items, store="third") for text in texts)  # it is empty
    for texts in said(items, store="other"):
        assert ["other.duckdb is new for rows: this" in text for text in texts] == [True]


@pytest.mark.parametrize("change", [{"adopt": True}, {"mode": "upsert"}])
def test_who_forgets_nothing_is_not_warned(said, change):
    """A mirror that adopts what is there knows it, and other modes remove no row that is gone from their source."""
    said()
    for texts in said(VIP | change, store="other"):
        assert not any("removes no row" in text for text in texts)


@pytest.mark.parametrize(
    ("audience", "hint"),
    [
        ({"name": "VIPP"}, "; did you mean 'VIP'?"),
        ({"name": "vip"}, "; did you mean 'VIP'?"),
        ({"name": "Loyal"}, ""),
        (
            {"name": "VIP", "integration": "w", "integration_id": "v"},
            "; the audience 1 has this name, with the integration_id None",
        ),
    ],
)
def test_a_new_audience_is_named_with_the_one_that_may_be_meant(said, engine, audience, hint):
    """Plan and push say that they create an audience; a plan does not create it, and create: false stops both."""
    said()
    with pytest.raises(SyncConfigError, match=r"there is no audience '.*' and audience.create is false"):
        said(VIP | {"audience": audience | {"create": False}})
    for texts in said(VIP | {"audience": audience}):
        assert f"rows: creates the audience {audience['name']!r}{hint}" == texts[0]
    assert 2 == len(engine.emu.state("audiences")["audiences"])
