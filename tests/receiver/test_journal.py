"""The journal: what is added is kept, once, until it is loaded; nobody else uses it."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from talon_one_receiver.journal import Journal, JournalError
from talon_one_receiver.notification import Notification
from talon_one_singer.errors import ConfigError

NOW = datetime(2026, 11, 26, tzinfo=UTC)
DAY_US = 86_400 * 1_000_000


def made(message_id, body=b"{}", days=0):
    """Return a notification that came so many days after now."""
    return Notification.of_request(message_id, body, NOW + timedelta(days=days))


def test_what_is_added_is_in_a_copy_of_the_files(tmp_path):
    """After ``add`` has returned, the files hold the notification, as after a kill or a loss of power."""
    with Journal(tmp_path / "j", "w") as journal:
        assert ["new", "new"] == journal.add([made("a"), made("b", b"[1]")])
        for path in tmp_path.glob("j*"):
            shutil.copy(path, tmp_path / path.name.replace("j", "copy", 1))
    with Journal(tmp_path / "copy", "w") as copy:
        assert [made("a"), made("b", b"[1]")] == [one.notification for one in copy.pending(10, 1000)]
        assert 2 == copy.pending_count


def test_loaded_notifications_are_remembered_for_a_day(tmp_path):
    """An id that is loaded stays known for a day, and is forgotten then."""
    with Journal(tmp_path / "j", "w") as journal:
        journal.add([made("a")])
        (pending,) = journal.pending(10, 1000)
        journal.loaded([pending.sequence], made("a").received_at + DAY_US)
        assert (0, [], ["repeated"]) == (journal.pending_count, journal.pending(10, 1000), journal.add([made("a")]))
        journal.loaded([], made("a").received_at + DAY_US + 1)
        assert ["new"] == journal.add([made("a")])


def test_pending_notifications_come_in_order_and_in_parts(tmp_path):
    """At most so many notifications and bytes come at once, the oldest first, and always one."""
    with Journal(tmp_path / "j", "w") as journal:
        journal.add([made(f"{n}", b"x" * 10) for n in range(5)])
        parts = [journal.pending(*limits) for limits in ((2, 1000), (10, 25), (10, 1))]
        assert [["0", "1"], ["0", "1", "2"], ["0"]] == [[one.notification.id for one in part] for part in parts]


def test_a_journal_belongs_to_one_process_and_one_warehouse(tmp_path):
    """A second receiver, another warehouse while notifications are pending, and a foreign file are refused."""
    with Journal(tmp_path / "j", "w1") as journal:
        journal.add([made("a")])
        with pytest.raises(JournalError, match="two receivers cannot share a journal"):
            Journal(tmp_path / "j", "w1")
    with pytest.raises(ConfigError, match="has 1 notification for w1"):
        Journal(tmp_path / "j", "w2")
    with Journal(tmp_path / "j", "w1") as journal:
        journal.loaded([one.sequence for one in journal.pending(10, 1000)], made("a").received_at)
    with Journal(tmp_path / "j", "w2") as journal:
        assert ["new"] == journal.add([made("a")])
    with sqlite3.connect(tmp_path / "other") as db:
        db.execute("CREATE TABLE t (x)")
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(ConfigError, match="not a journal of this version"):
        Journal(tmp_path / "other", "w")
    with pytest.raises(ConfigError, match="cannot open the journal"):
        Journal(tmp_path / "text", "w")
    with pytest.raises(ConfigError, match="cannot open the journal"):
        Journal(tmp_path / "nowhere" / "j", "w")


@pytest.mark.parametrize("kind", ["ABORT", "ROLLBACK"])
def test_a_journal_that_cannot_be_written_keeps_what_it_has(tmp_path, kind):
    """A failed write raises JournalError with its cause, and the count of pending notifications stays."""
    with Journal(tmp_path / "j", "w") as journal:
        journal.add([made("a")])
        with sqlite3.connect(tmp_path / "j") as db:
            db.execute(
                f"CREATE TRIGGER full BEFORE INSERT ON notifications BEGIN SELECT RAISE({kind}, 'disk full'); END"
            )
        with pytest.raises(JournalError, match="disk full"):
            journal.add([made("b")])
        assert 1 == journal.pending_count == len(journal.pending(10, 1000))


def test_a_closed_journal_keeps_nothing(tmp_path):
    """Nothing is acknowledged after the end of the journal."""
    with Journal(tmp_path / "j", "w") as journal:
        pass
    with pytest.raises(JournalError, match="closed database"):
        journal.add([made("a")])
