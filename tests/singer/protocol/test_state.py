"""The state: read leniently, checked strictly, kept whole."""

import threading

import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.state import State, StateTicker


def test_an_empty_state_has_no_bookmarks():
    """The state of a first run has no bookmarks."""
    state = State()
    assert {} == state.bookmark("users")
    assert {"bookmarks": {}} == state.to_dict()
    assert state.currently_syncing is None


@pytest.mark.parametrize(
    "value",
    [
        {"bookmarks": {"users": {"at": 1}}},
        {"singer_state": {"bookmarks": {"users": {"at": 1}}}},
        {"type": "STATE", "value": {"bookmarks": {"users": {"at": 1}}}},
    ],
)
def test_a_state_may_come_wrapped(value):
    """A state may be bare, wrapped as Meltano stores it, or a complete STATE message."""
    assert {"bookmarks": {"users": {"at": 1}}} == State.from_dict(value).to_dict()


@pytest.mark.parametrize("content", ["", " \n", "{}", '{"bookmarks": null}'])
def test_an_empty_file_is_an_empty_state(write_json, content):
    """An empty file and an empty object are an empty state, with which a run reads everything."""
    assert {"bookmarks": {}} == State.from_file(str(write_json("state.json", content))).to_dict()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"bookmarks": []}, "$.bookmarks must be an object, not an array"),
        ({"bookmarks": {"users": "2026"}}, "$.bookmarks.users must be an object, not a string"),
        ({"singer_state": 1}, "$.singer_state must be an object, not a number"),
        ({"singer_state": {"bookmarks": 1}}, "$.singer_state.bookmarks must be an object, not a number"),
        ({"currently_syncing": True}, "$.currently_syncing must be a stream's name or null, not a boolean"),
    ],
)
def test_a_malformed_state_names_file_and_place(value, place):
    """A malformed state is refused with the file, the position and advice."""
    with pytest.raises(ConfigError) as raised:
        State.from_dict(value, "state.json")
    assert f"state.json is malformed: {place}" == str(raised.value).partition(";")[0]


def test_unknown_keys_are_kept():
    """Unknown keys of a state are written back unchanged."""
    value = {"bookmarks": {"gone": {"a": 1}}, "version": 3}
    state = State.from_dict(value)
    state.set_bookmark("users", {"at": 1})
    assert {"bookmarks": {"gone": {"a": 1}, "users": {"at": 1}}, "version": 3} == state.to_dict()


def test_bookmarks_are_copies():
    """Changing a returned bookmark does not change the state."""
    mine = {"seen": [1]}
    state = State()
    state.set_bookmark("users", mine)
    mine["seen"].append(2)
    state.bookmark("users")["seen"].append(3)
    state.to_dict()["bookmarks"]["users"]["seen"].append(4)
    assert {"seen": [1]} == state.bookmark("users")


def test_an_empty_bookmark_removes_the_stream():
    """An empty bookmark removes its stream, so that the state does not grow."""
    state = State({"bookmarks": {"users": {"at": 1}}})
    state.set_bookmark("users", {})
    assert {"bookmarks": {}} == state.to_dict()


def test_currently_syncing_comes_and_goes():
    """currently_syncing is removed when it is unset, not left as null."""
    state = State()
    state.currently_syncing = "users"
    during = state.to_dict()
    state.currently_syncing = None
    assert {"bookmarks": {}, "currently_syncing": "users"} == during
    assert {"bookmarks": {}} == state.to_dict()


def test_a_state_is_due_once_an_interval(clock):
    """The interval counts from the start and from each time a STATE was due."""
    ticker = StateTicker(60, clock)
    answers = []
    for step_s in (59, 1, 0, 59, 200, 0):
        clock.now_s += step_s
        answers.append(ticker.due())
    assert [False, True, False, False, True, False] == answers


def test_a_reset_ticker_counts_anew(clock):
    """A reset restarts the interval."""
    ticker = StateTicker(60, clock)
    clock.now_s += 59
    ticker.reset()
    clock.now_s += 59
    assert not ticker.due()


def test_one_of_many_threads_is_reported(clock):
    """Of eight threads that ask at once, exactly one gets True."""
    ticker = StateTicker(1, clock)
    clock.now_s += 1
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ticker.due())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == sum(answers)
