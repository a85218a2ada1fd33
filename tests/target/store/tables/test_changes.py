"""Staged rows are compared with the acknowledged ones and become numbered changes."""

from __future__ import annotations

import pytest

from target_talon_one.errors import StoreError
from target_talon_one.store.opening import open_store
from target_talon_one.store.tables.changes import Difference

OPS = [["remove"], ["add", "update"]]


@pytest.fixture
def store(tmp_path):
    """A store with one destination that has acknowledged the rows a, b and c."""
    with open_store(str(tmp_path / "store.duckdb")) as opened:
        number = opened.destinations.number_of("somewhere", "vip")
        compare(opened, {"a": 1, "b": 1, "c": 1})
        opened.acks.begin(number, 0, 3, non_idempotent=False)
        opened.acks.acknowledge(number, [(0, 3)])
        opened.acks.commit_acknowledged(number)
        yield opened


def compare(store, rows):
    """Stage rows by key and compare them; return the difference."""
    store.staging.start(1)
    store.staging.add(1, list(rows), [b'{"value":%d}' % value for value in rows.values()], ["row"] * len(rows))
    return store.changes.compare(1, OPS, diff=True, grouped=False, ordered=True)


def test_each_row_is_added_updated_removed_or_the_same(store):
    """The difference counts rows by what is to be done with them."""
    found = compare(store, {"b": 2, "c": 1, "d": 1})
    assert Difference(adds=1, updates=1, removes=1, same=1, known=3) == found


def test_changes_are_numbered_in_the_order_of_their_ops(store):
    """Removes are numbered before adds and updates, and numbers have no gaps."""
    found = compare(store, {"b": 2, "c": 1, "d": 1})
    changes = store.changes.read(1, 0, found.changes).changes()
    assert [(0, "remove", "a"), (1, "update", "b"), (2, "add", "d")] == [
        (one.sequence, one.op, one.key) for one in changes
    ]


def test_the_digest_does_not_depend_on_the_order_of_rows(store):
    """The same changes in another order have the same digest."""
    compare(store, {"d": 1, "e": 2})
    digest = store.changes.digest(1)
    compare(store, {"e": 2, "d": 1})
    assert digest == store.changes.digest(1)


@pytest.mark.parametrize("rows", [{"d": 2, "e": 1}, {"d": 1}, {"d": 1, "e": 2, "f": 1}])
def test_other_changes_have_another_digest(store, rows):
    """A row that is changed, missing or new changes the digest."""
    compare(store, {"d": 1, "e": 2})
    digest = store.changes.digest(1)
    compare(store, rows)
    assert digest != store.changes.digest(1)


def test_requests_are_counted_by_ops_that_mix(store):
    """Removes take requests of their own; adds and updates share requests."""
    found = compare(store, {"b": 2, "c": 1, "d": 1, "e": 1})
    assert 4 == found.changes
    assert 3 == store.changes.count_requests(1, OPS, 2)


KNOWN = 120_000  # enough for the comparison of hashes


def test_of_many_rows_exactly_those_that_differ_become_changes(store):
    """Added, changed, removed and uncertain rows are found among many that are the same."""
    rows = {f"row-{number}": 1 for number in range(KNOWN)}
    found = compare(store, rows)
    store.acks.begin(1, 0, found.changes, non_idempotent=False)
    store.acks.acknowledge(1, [(0, found.changes - 1)])  # the last change is uncertain
    (uncertain,) = store.changes.read(1, found.changes - 1, 1).changes()
    store.acks.commit_acknowledged(1)
    del rows["row-7"]
    found = compare(store, rows | {"row-8": 2, "new": 1})
    assert Difference(adds=2, updates=1, removes=1, same=KNOWN - 3, known=KNOWN) == found
    expected = {("remove", "row-7"), ("update", "row-8"), ("add", "new"), ("add", uncertain.key)}
    assert expected == {(one.op, one.key) for one in store.changes.read(1, 0, found.changes).changes()}


@pytest.mark.parametrize("compared", [True, False])
def test_the_last_of_many_rows_with_one_key_counts(store, compared):
    """Of rows with one key the last one is compared, also among many rows."""
    keys = [f"row-{number}" for number in range(KNOWN)]
    store.staging.start(1)
    store.staging.add(
        1, [*keys, "row-3"], [b'{"value":%d}' % (n == KNOWN) for n in range(KNOWN + 1)], ["row"] * (KNOWN + 1)
    )
    assert 1 == store.staging.drop_duplicates(1, compared=compared)
    store.changes.compare(1, OPS, diff=True, grouped=False, ordered=True)
    (found,) = store.database.run("SELECT fields FROM pending_1 WHERE key = 'row-3'")
    assert ('{"value":1}',) == found


def acknowledged(store, rows):
    """Stage rows and acknowledge all of them."""
    found = compare(store, rows)
    store.acks.begin(1, 0, found.changes, non_idempotent=False)
    store.acks.acknowledge(1, [(0, found.changes)])
    store.acks.commit_acknowledged(1)


def test_many_rows_are_compared_as_few_are(store):
    """Repeated, refused and deleted keys, in each order with their rows, give the same changes among many rows."""
    base = {f"row-{number}": 1 for number in range(KNOWN)}
    acknowledged(store, base)
    events = ["row-1", "row-2", "row-3", "new"]
    staging = store.staging
    staging.start(1)
    keys = [*base, "row-1", "row-2", "new", "row-5"]
    values = [b'{"value":%d}' % (1 + (number >= KNOWN)) for number in range(len(keys))]
    staging.add(1, keys, values, ["row"] * len(keys))
    assert 3 == staging.drop_duplicates(1, compared=True)
    staging.delete(1, events[:1], [KNOWN + 10])  # after its rows
    staging.delete(1, events[1:2], [0])  # before its rows
    staging.delete(1, events[2:3], [KNOWN + 11])
    staging.keep(1, ["row-4"], [KNOWN + 12])
    staging.leave_out(1, ["row-5", "new"])
    staging.drop_superseded(1)
    found = store.changes.compare(1, OPS, diff=True, absent=False, grouped=False, ordered=True)
    expected = {("remove", "row-1"), ("remove", "row-3"), ("update", "row-2")}
    assert expected == {(one.op, one.key) for one in store.changes.read(1, 0, found.changes).changes()}


def test_rows_that_are_all_new_are_sent_while_others_are_staged(store):
    """Changes of rows that are all to be added stay readable, in order, when the next rows are staged."""
    store.staging.start(1)
    store.staging.add(1, ["x", "y"], [b"{}", b'{"v":1}'], ["row 1", "row 2"])
    found = store.changes.compare(1, [["add", "update"]], diff=True, grouped=False, ordered=False)
    assert Difference(adds=2, updates=0, removes=0, same=0, known=3) == found
    store.changes.pending.release_staging(1)
    store.staging.start(1)
    store.staging.add(1, ["z"], [b"{}"], ["row 3"])
    assert [(0, "x", b"{}"), (1, "y", b'{"v":1}')] == [
        (one.sequence, one.key, one.fields) for one in store.changes.read(1, 0, 10).changes()
    ]


@pytest.mark.parametrize("known", [["b"], ["z", "b"]])
def test_a_known_row_among_new_ones_is_no_addition(store, known):
    """Rows are compared one with the other as soon as one of them is known."""
    store.staging.start(1)
    keys = [*(f"n{number}" for number in range(2000)), *known]
    store.staging.add(1, keys, [b'{"value":2}'] * len(keys), ["row"] * len(keys))
    found = store.changes.compare(1, [["add", "update"]], diff=True, grouped=False, ordered=False)
    assert (len(keys) - 1, 1) == (found.adds, found.updates)


def test_only_changes_that_are_begun_are_kept(store):
    """The store's file has the changes up to the last one that is about to be sent, without what they send."""
    store.staging.start(1)
    store.staging.add(1, ["x", "y", "z"], [b"{}"] * 3, ["row"] * 3)
    store.changes.compare(1, [["add", "update"]], diff=True, grouped=False, ordered=False)
    kept = "SELECT n, key, fields FROM changes_1 ORDER BY n"
    assert [] == store.database.run(kept)
    store.acks.begin(1, 0, 2, non_idempotent=False)
    assert [(0, "x", None), (1, "y", None)] == store.database.run(kept)
    store.acks.acknowledge(1, [(0, 1)])
    store.acks.commit_acknowledged(1)
    assert [("x", True), ("y", False)] == store.database.run(
        "SELECT key, fingerprint IS NOT NULL FROM sent_1 WHERE key IN ('x', 'y') ORDER BY key"
    )


def test_changes_that_must_not_be_repeated_are_kept_with_their_fields(store):
    """A run that is killed leaves rows with an unknown result as rejects, which hold what was sent."""
    store.staging.start(1)
    store.staging.add(1, ["x"], [b'{"v":1}'], ["row"])
    store.changes.compare(1, [["add"]], diff=False, grouped=False, ordered=False)
    store.acks.begin(1, 0, 1, non_idempotent=True)
    store.acks.commit_acknowledged(1)
    assert {"x": b'{"v":1}'} == store.rejects.unknown(1)


def test_changes_are_kept_although_a_note_of_them_failed_before(store):
    """A note that is rolled back takes its changes back, so that the next one keeps them with its own."""
    store.staging.start(1)
    store.staging.add(1, ["x", "y"], [b"{}"] * 2, ["row"] * 2)
    store.changes.compare(1, [["add", "update"]], diff=True, grouped=False, ordered=False)
    store.database.run("ALTER TABLE begun_1 RENAME TO begun_elsewhere")
    with pytest.raises(StoreError):
        store.acks.begin(1, 0, 2, non_idempotent=False)
    store.database.run("ALTER TABLE begun_elsewhere RENAME TO begun_1")
    store.acks.begin(1, 0, 2, non_idempotent=False)
    assert [("x",), ("y",)] == store.database.run("SELECT key FROM changes_1 ORDER BY n")
