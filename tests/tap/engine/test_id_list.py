"""The list of ids, and how an interrupted run goes on in it."""

from types import SimpleNamespace

import pytest

from talon_one_singer import ConfigSource
from tap_talon_one.engine.bookmarks import Bookmark, OpenWindow
from tap_talon_one.engine.id_list import IdList
from tap_talon_one.engine.position import Position
from tap_talon_one.errors import IdListChanged
from tap_talon_one.ids.id_list_digest import IdListDigest
from tap_talon_one.settings import SETTINGS
from tap_talon_one.streams import STREAM_GROUPS

(CARDS,) = (group for group in STREAM_GROUPS if "loyalty_card_transactions" in {s.name for s in group.streams})


@pytest.fixture
def write(tmp_path):
    """Writes the list of ids, by a file of its own, so that who has opened the last one goes on in it."""

    def write(texts):
        (tmp_path / "new.csv").write_text("card_id\n" + "".join(f"{text}\n" for text in texts))
        (tmp_path / "new.csv").replace(tmp_path / "ids.csv")

    return write


@pytest.fixture
def ids(tmp_path, write):
    """Returns the list of ids."""

    def ids(texts):
        write(texts)
        given = {"base_url": "https://h", "api_key": "k", "card_ids_file": str(tmp_path / "ids.csv")}
        settings = SETTINGS.load([ConfigSource("config.json", given)])
        scope = SimpleNamespace(settings=settings, client=None, earliest_us=0)
        run = SimpleNamespace(scope=scope, stop=lambda: None)
        return IdList(run, CARDS, 1, Bookmark(), "cards")

    return ids


def digest_of(texts):
    """Return the digest of some ids."""
    digest = IdListDigest()
    for text in texts:
        digest.add(text)
    return digest.value


def position(done, begun, still_open):
    """Return the position of a run that has read ``begun`` but the open ones."""
    return Position(len(done), digest_of(done), len(begun), digest_of(begun), dict.fromkeys(still_open, ()))


def texts(listed, window):
    """Return the ids that are still to be read."""
    return [each.text for each in listed.listed(window)]


@pytest.mark.parametrize("later", ["abcdef", "abc", "xyz", "acdef"])
def test_a_resumed_run_reads_the_list_once(ids, write, later):
    """The ids that are open and those that follow come from the read that was compared with the position."""
    listed, found = ids("abcdef"), position("a", "abcd", [2, 4])
    assert found == listed.resumed(found)
    write(later)
    assert ["b", "d", "e", "f"] == texts(listed, OpenWindow(0, 9, position=found))


def test_the_digest_of_a_resumed_list_is_that_of_all_ids(ids):
    """The bookmark gets number and digest of the whole list, as if it had not been interrupted."""
    listed, found = ids("abcdef"), position("a", "abcd", [2, 4])
    listed.resumed(found)
    texts(listed, OpenWindow(0, 9, position=found))
    assert (6, digest_of("abcdef")) == (listed.digest.count, listed.digest.value)


def test_a_list_that_has_changed_after_the_ids_that_are_done_is_read_from_there(ids):
    """Where later ids have changed, those that were done one after the other stay done."""
    listed = ids("abXYZ")
    found = listed.resumed(position("ab", "abcd", [3]))
    assert ["X", "Y", "Z"] == texts(listed, OpenWindow(0, 9, position=found))


@pytest.mark.parametrize("now", ["a", "", "bcd", "xbXYZ", "b"])
def test_a_list_that_changes_once_more_fails_the_run(ids, write, now):
    """No other id is taken for one that is done."""
    listed = ids("abXYZ")
    found = listed.resumed(position("ab", "abcd", [3]))
    write(now)
    with pytest.raises(IdListChanged, match=r"^cards: the list of ids has changed .* run again to restart its window$"):
        texts(listed, OpenWindow(0, 9, position=found))
