"""The intake: what is not in the journal is never acknowledged, and what waits is always answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from talon_one_receiver.errors import Busy
from talon_one_receiver.intake import Intake, Limits
from talon_one_receiver.journal import Journal
from talon_one_receiver.notification import Notification

GOOD = Notification.of_request("good", b"{}", datetime(2026, 11, 26, tzinfo=UTC))
# SQLite has no such number, which is an error that the journal does not expect.
BAD = replace(GOOD, id="bad", received_at=2**70)


@pytest.fixture
def journal(tmp_path):
    """An empty journal."""
    with Journal(tmp_path / "j", "w") as opened:
        yield opened


def kept(journal, *notifications):
    """Return the answers to notifications, each of which comes while the one before is written."""

    async def keep(intake, place, one):
        for _ in range(place):
            await asyncio.sleep(0)
        return await intake.keep(one)

    async def all_of_them():
        intake = Intake(journal, Limits())
        calls = [keep(intake, place, one) for place, one in enumerate(notifications)]
        return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)

    return asyncio.run(all_of_them())


def test_an_error_that_nobody_expects_is_sent_again(journal, caplog):
    """The request is answered with 503, the one that came meanwhile is kept, and the log has the traceback."""
    bad, good = kept(journal, BAD, GOOD)
    assert (Busy, 503, "new") == (type(bad), bad.status, good)
    assert ["good"] == [one.notification.id for one in journal.pending(10, 1000)]
    assert "OverflowError" in caplog.text


def test_a_closed_journal_acknowledges_nothing(journal):
    """After the end of the journal every request is answered with 503, those that came meanwhile too."""
    journal.close()
    assert [503, 503] == [answer.status for answer in kept(journal, GOOD, replace(GOOD, id="later"))]


def test_a_write_that_is_canceled_leaves_no_request_waiting(journal):
    """When the event loop ends, whatever waits for the write is refused, so that it is sent again."""

    async def cancel():
        intake = Intake(journal, Limits())
        calls = [asyncio.create_task(intake.keep(one)) for one in (GOOD, replace(GOOD, id="b"))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        calls.append(asyncio.create_task(intake.keep(replace(GOOD, id="c"))))
        await asyncio.sleep(0)
        intake._writing.cancel()
        return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)

    assert [503, 503, 503] == [answer.status for answer in asyncio.run(cancel())]
