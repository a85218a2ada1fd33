"""Stores with names: one database or folder holds many, and stores of earlier versions are found."""

from __future__ import annotations

import pytest

from talon_one_singer.shards import Shard
from target_talon_one.config.store_names import named_location
from target_talon_one.errors import SyncConfigError
from target_talon_one.store.opening import open_named_store, open_store


@pytest.fixture(params=["folder", "postgresql"])
def place(request, tmp_path):
    """Return the URL of an empty folder or database."""
    return f"file://{tmp_path}/stores" if request.param == "folder" else request.getfixturevalue("postgres_url")


def note(store, text=None):
    """Return the text that a store had, and save another one if it is given."""
    with store:
        found = store.values.get("note")
        if text is not None:
            store.values.set("note", text)
        return found


def default(place, name, **options):
    """Open the store of a default name."""
    return open_named_store(place, name, is_default=True, **options)


def chosen(place, name, **options):
    """Open the store of a chosen name."""
    return open_named_store(place, name, is_default=False, **options)


def test_stores_of_one_place_are_open_at_the_same_time(place):
    """Each name has a store and a lock of its own."""
    with default(place, "a") as a, chosen(place, "b") as b:
        a.values.set("note", "of a")
        b.values.set("note", "of b")
    assert ["of a", "of b", None] == [note(default(place, name)) for name in "abc"]


def test_the_location_with_the_name_is_that_store(place):
    """The command line opens a named store by its location, and messages show it."""
    with default(place, "dag.a") as store:
        store.values.set("note", "of a")
        assert store.location.endswith("/dag.a")
    assert "of a" == note(open_store(named_location(place, "dag.a")))


def test_a_store_of_an_earlier_version_is_used_by_default_names(place):
    """What a store without a name knows is not forgotten, and all tasks go on using it."""
    note(open_store(place), "old")
    assert "old" == note(default(place, "a"), "newer")
    assert "newer" == note(default(place, "b"))
    assert "newer" == note(open_store(place))


def test_a_chosen_name_begins_with_a_copy_of_the_store_without_a_name(place):
    """From then on the two are apart; a run that was killed before it saved leaves the copy to the next one."""
    note(open_store(place), "old")
    chosen(place, "a").discard()
    assert "old" == note(chosen(place, "a"), "of a")
    assert "old" == note(chosen(place, "b"))
    assert ["of a", "of a"] == [note(chosen(place, "a")), note(default(place, "a"))]
    assert "old" == note(open_store(place))


def test_shards_have_names_too(place):
    """Each shard of a name has a store; another number of shards of this name is refused, and other names are free."""
    for number in (1, 2):
        note(default(place, "a", shard=Shard(number, 2)), f"shard {number}")
    assert "shard 2" == note(default(place, "a", shard=Shard(2, 2)))
    with pytest.raises(SyncConfigError, match="has 2 shards, and this push has 3"):
        default(place, "a", shard=Shard(1, 3))
    assert None is note(default(place, "b", shard=Shard(1, 3)))


def test_shards_of_an_earlier_version_are_found(place):
    """By default they are used; with a chosen name each shard begins with its own copy."""
    for number in (1, 2):
        note(open_store(place, shard=Shard(number, 2)), f"shard {number}")
    for opened in (default, chosen):
        assert ["shard 1", "shard 2"] == [note(opened(place, "a", shard=Shard(number, 2))) for number in (1, 2)]
    with pytest.raises(SyncConfigError, match="has 2 shards, and this push has 3"):
        default(place, "b", shard=Shard(1, 3))


def test_a_file_holds_one_store(tmp_path):
    """A default name is ignored for a file, and a chosen one is refused."""
    file = str(tmp_path / "s.duckdb")
    note(default(file, "a"), "of all")
    assert "of all" == note(open_store(file))
    with pytest.raises(SyncConfigError, match="is a file, which holds one store; leave out its name 'a'"):
        chosen(file, "a")
