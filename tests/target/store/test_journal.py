"""The journal beside a store: rows that were acknowledged and not yet saved are not sent again."""

from __future__ import annotations

import pytest

from target_talon_one.errors import StoreError
from target_talon_one.store.opening import open_store
from tests.target.store_content import acknowledged_keys

OPS = [["add", "update"]]


class Slot:
    """Keeps one value, and counts how often it was written."""

    def __init__(self):
        self.value, self.writes = None, 0

    def read(self):
        """See JournalSlot."""
        return self.value

    def write(self, value):
        """See JournalSlot."""
        self.value, self.writes = dict(value), self.writes + 1


@pytest.fixture
def slot():
    """An empty slot for a journal."""
    return Slot()


def compared(store, names):
    """Stage names, compare them, and return the number of the destination."""
    number = store.destinations.number_of("somewhere", "vip")
    store.staging.start(number)
    store.staging.add(number, list(names), None, ["row"] * len(names))
    store.changes.compare(number, OPS, diff=True, grouped=False, ordered=False)
    return number


def killed(store_folder, names, acknowledged, journal):
    """Return a run over a store in a folder that is killed after this many rows, before its next save."""
    store = open_store(f"file://{store_folder}", journal=journal)
    number = compared(store, names)
    store.acks.begin(number, 0, len(names), non_idempotent=False)
    if acknowledged:
        store.acks.acknowledge(number, [(0, acknowledged)])
    sent = {one.key for one in store.changes.read(number, 0, acknowledged).changes()}
    store._persistence.folder.cleanup()  # the disk of the worker is gone; what the backend has stays as it is
    return sent


def left(store_folder, names, journal):
    """Return the keys that the next try would send."""
    with open_store(f"file://{store_folder}", journal=journal) as store:
        number = compared(store, names)
        return {one.key for one in store.changes.read(number, 0, 1000).changes()}


def test_what_was_acknowledged_since_the_last_save_is_not_sent_again(tmp_path, slot):
    """The next try sends only the rows that the journal does not name as acknowledged."""
    sent = killed(tmp_path / "store", "abcdef", 4, slot)
    assert 4 == len(sent)
    assert set("abcdef") - sent == left(tmp_path / "store", "abcdef", slot)


def test_without_a_journal_it_is_sent_again(tmp_path):
    """Without a journal the next try sends all rows since the last save again, which is safe."""
    killed(tmp_path / "store", "abcdef", 4, None)
    assert set("abcdef") == left(tmp_path / "store", "abcdef", None)


def test_a_journal_is_of_its_own_changes_only(tmp_path, slot):
    """After changes are committed, a note about them is not applied to later changes with the same numbers."""
    killed(tmp_path / "store", "abcdef", 4, slot)
    note = slot.value
    left(tmp_path / "store", "abcdef", slot)
    killed(tmp_path / "store", "uvwxyz", 0, Slot())
    slot.value = note
    with open_store(f"file://{tmp_path}/store", journal=slot) as store:
        known = acknowledged_keys(store)
    assert not known & set("uvwxyz")


def test_a_store_in_a_file_on_another_worker_is_not_taken_for_the_one_of_before(tmp_path, slot):
    """A task that has recorded rows in one store is refused when it opens another store."""
    with open_store(str(tmp_path / "worker-1.duckdb"), journal=slot) as store:
        store.acks.begin(compared(store, "ab"), 0, 2, non_idempotent=False)
    with pytest.raises(StoreError, match=r"another store than .*worker-2\.duckdb"):
        open_store(str(tmp_path / "worker-2.duckdb"), journal=slot)
    open_store(str(tmp_path / "worker-1.duckdb"), journal=slot).close()
    open_store(str(tmp_path / "worker-2.duckdb")).close()  # it is not left locked


def test_a_try_that_sent_nothing_binds_to_no_store(tmp_path, slot):
    """A try that has only compared rows leaves the slot empty, so that the next one may use any store."""
    with open_store(str(tmp_path / "a.duckdb"), journal=slot) as store:
        compared(store, "ab")
    assert 0 == slot.writes
    open_store(str(tmp_path / "b.duckdb"), journal=slot).close()


def test_scattered_rows_are_left_to_the_next_save(tmp_path, slot):
    """The journal keeps at most 1,000 ranges, so that its value stays small."""
    names = [f"n{number}" for number in range(2400)]
    with open_store(f"file://{tmp_path}/store", journal=slot) as store:
        number = compared(store, names)
        store.acks.begin(number, 0, len(names), non_idempotent=False)
        store.acks.acknowledge(number, [(n, n + 1) for n in range(0, 1900, 2)])
        store.acks.acknowledge(number, [(n, n + 1) for n in range(1900, 2400, 2)])
    assert 950 == len(slot.value["done"])
