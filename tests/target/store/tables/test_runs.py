"""The history says when each run started, how it ended, and what it did."""

from __future__ import annotations

import pytest

from target_talon_one.store.opening import open_store


@pytest.fixture
def runs(tmp_path):
    """An empty history."""
    with open_store(str(tmp_path / "store.duckdb")) as store:
        yield store.runs


def test_a_run_that_never_ended_is_marked_when_the_next_one_starts(runs):
    """A run without an end is shown as broken off."""
    runs.start("first", "push", "2026-01-01T00:00:00Z")
    runs.start("second", "push", "2026-01-02T00:00:00Z")
    assert ["running", "broken off"] == [one["status"] for one in runs.find()]


def test_a_long_error_is_cut(runs):
    """The history keeps 1,000 characters of an error."""
    runs.start("first", "push", "2026-01-01T00:00:00Z")
    runs.end("first", "2026-01-01T00:01:00Z", "failed", "x" * 5000)
    assert "x" * 1000 == runs.find("first")[0]["error"]


def test_counts_of_a_destination_are_replaced(runs):
    """A run that notes its counts twice has the last ones."""
    runs.start("first", "push", "2026-01-01T00:00:00Z")
    runs.note_counts("first", 1, "vip", {"sent": 1})
    runs.note_counts("first", 1, "vip", {"sent": 2})
    assert {"vip": {"sent": 2}} == runs.find("first")[0]["destinations"]


def test_a_later_complete_read_of_the_source_is_known(runs):
    """Only a run that started later counts as a later read."""
    runs.start("first", "push", "2026-01-01T00:00:00Z")
    runs.start("second", "push", "2026-01-02T00:00:00Z")
    runs.note_complete_source("second", 1)
    assert runs.source_was_read_after("first", 1)
    assert not runs.source_was_read_after("second", 1)
