"""Rejects are kept until their row is sent, is refused again, or its source says something newer."""

from __future__ import annotations

import pytest

from target_talon_one.store.opening import open_store
from target_talon_one.store.tables.rejects import Reject


@pytest.fixture
def store(tmp_path):
    """A store with one destination and two runs, ``first`` and ``second``."""
    with open_store(str(tmp_path / "store.duckdb")) as opened:
        opened.destinations.number_of("somewhere", "vip")
        opened.runs.start("first", "push", "2026-01-01T00:00:00Z")
        opened.runs.start("second", "push", "2026-01-02T00:00:00Z")
        yield opened


def reject(key, kind="rejected"):
    """Return a reject of the row with this key."""
    return Reject("vip", kind, "add", key, b"{}", None, "row 1", "no")


def kinds(store):
    """Return the kind of each reject by (run, key)."""
    return {(one["run"], one["key"]): one["kind"] for one in store.rejects.find()}


def test_a_row_that_is_refused_again_has_one_reject(store):
    """The reject of the later run replaces the earlier one, which is counted as superseded."""
    store.rejects.add("first", 1, [reject("a")])
    store.rejects.add("second", 1, [reject("a")])
    assert {("second", "a"): "rejected"} == kinds(store)
    assert {"refused": 1} == store.rejects.superseded("first")


def test_an_invalid_row_does_not_replace_an_unknown_one(store):
    """A row that Talon.One may have received stays unknown when it is refused before it is sent again."""
    store.rejects.add("first", 1, [reject("a", "unknown")])
    store.rejects.add("second", 1, [reject("a", "invalid")])
    assert {("first", "a"): "unknown", ("second", "a"): "invalid"} == kinds(store)


def test_of_two_refusals_in_one_call_the_last_one_is_kept(store):
    """A row that a run refuses twice has one reject, and rows without a key are all kept."""
    store.rejects.add("first", 1, [reject("a"), reject(None), reject("a", "invalid"), reject(None)])
    assert ["invalid", "rejected", "rejected"] == sorted(one["kind"] for one in store.rejects.find("first"))


def test_a_retry_releases_unknown_rows(store):
    """After the user asks for a retry, unknown rows of that run count as refused."""
    store.rejects.add("first", 1, [reject("a", "unknown")])
    store.rejects.release_unknown("first", 1)
    assert {("first", "a"): "rejected"} == kinds(store)


def test_rows_that_later_runs_refused_are_found(store):
    """Only rejects of runs that started later are listed."""
    store.rejects.add("first", 1, [reject("a")])
    store.rejects.add("second", 1, [reject("b")])
    assert {"b"} == store.rejects.keys_refused_after("first", 1)
