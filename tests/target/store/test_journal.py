"""A store and the journal beside it: what was acknowledged and not yet saved is not sent again."""

from __future__ import annotations

import pytest

from target_talon_one.errors import StoreError
from target_talon_one.store.opening import open_store
from tests.target.store_content import acknowledged_keys

OPS = [["add", "update"]]


class Place:
    """One value, and how often it was written."""

    def __init__(self):
        self.value, self.writes = None, 0

    def read(self):
        """See JournalSlot."""
        return self.value

    def write(self, value):
        """See JournalSlot."""
        self.value, self.writes = dict(value), self.writes + 1


@pytest.fixture
def place():
    """A place for a journal."""
    return Place()


def compared(store, names):
    """Stages names and compares; the destination's number."""
    number = store.destinations.number_of("somewhere", "vip")
    store.staging.start(number)
    store.staging.add(number, list(names), None, ["row"] * len(names))
    store.changes.compare(number, OPS, diff=True, grouped=False, ordered=False)
    return number


def killed(home, names, acknowledged, journal):
    """A run over a store in a folder that is killed after so many rows, before its next save."""
    store = open_store(f"file://{home}", journal=journal)
    number = compared(store, names)
    store.acks.begin(number, 0, len(names), non_idempotent=False)
    if acknowledged:
        store.acks.acknowledge(number, [(0, acknowledged)])
    sent = {one.key for one in store.changes.read(number, 0, acknowledged)}
    store._persistence.folder.cleanup()  # the disk of the worker is gone; what is at home stays as it is
    return sent


def left(home, names, journal):
    """Keys that the next try would send."""
    with open_store(f"file://{home}", journal=journal) as store:
        number = compared(store, names)
        return {one.key for one in store.changes.read(number, 0, 1000)}


def test_what_was_acknowledged_since_the_last_save_is_not_sent_again(tmp_path, place):
    """The store was saved before the first request only."""
    sent = killed(tmp_path / "home", "abcdef", 4, place)
    assert 4 == len(sent)
    assert set("abcdef") - sent == left(tmp_path / "home", "abcdef", place)


def test_without_a_journal_it_is_sent_again(tmp_path):
    """Which is safe, but takes requests."""
    killed(tmp_path / "home", "abcdef", 4, None)
    assert set("abcdef") == left(tmp_path / "home", "abcdef", None)


def test_a_journal_is_of_its_own_changes_only(tmp_path, place):
    """After they are folded, a note of them says nothing about changes with the same numbers."""
    killed(tmp_path / "home", "abcdef", 4, place)
    note = place.value
    left(tmp_path / "home", "abcdef", place)
    killed(tmp_path / "home", "uvwxyz", 0, Place())
    place.value = note
    with open_store(f"file://{tmp_path}/home", journal=place) as store:
        known = acknowledged_keys(store)
    assert not known & set("uvwxyz")


def test_a_store_in_a_file_on_another_worker_is_not_taken_for_the_one_of_before(tmp_path, place):
    """A mirror would remove nobody that the other store knows of."""
    with open_store(str(tmp_path / "worker-1.duckdb"), journal=place) as store:
        store.acks.begin(compared(store, "ab"), 0, 2, non_idempotent=False)
    with pytest.raises(StoreError, match=r"another store than .*worker-2\.duckdb"):
        open_store(str(tmp_path / "worker-2.duckdb"), journal=place)
    open_store(str(tmp_path / "worker-1.duckdb"), journal=place).close()
    open_store(str(tmp_path / "worker-2.duckdb")).close()  # it is not left locked


def test_a_try_that_sent_nothing_binds_to_no_store(tmp_path, place):
    """Its plan may have looked at one."""
    with open_store(str(tmp_path / "a.duckdb"), journal=place) as store:
        compared(store, "ab")
    assert 0 == place.writes
    open_store(str(tmp_path / "b.duckdb"), journal=place).close()


def test_scattered_rows_are_left_to_the_next_save(tmp_path, place):
    """The value stays small."""
    names = [f"n{number}" for number in range(2400)]
    with open_store(f"file://{tmp_path}/home", journal=place) as store:
        number = compared(store, names)
        store.acks.begin(number, 0, len(names), non_idempotent=False)
        store.acks.acknowledge(number, [(n, n + 1) for n in range(0, 1900, 2)])
        store.acks.acknowledge(number, [(n, n + 1) for n in range(1900, 2400, 2)])
    assert 950 == len(place.value["done"])


def test_a_store_in_memory_has_no_journal(place):
    """Every try has a new one."""
    for _ in range(2):
        with open_store(":memory:", journal=place) as store:
            store.acks.begin(compared(store, "ab"), 0, 2, non_idempotent=False)
    assert 0 == place.writes
