"""``--report``: one HTML file about a run, which needs nothing else and shows no data of customers."""

from __future__ import annotations

import json
import logging
from html.parser import HTMLParser
from pathlib import Path

import pytest

from talon_one_cli.report.timeline import Timeline
from talon_one_emulator import Emulator

KEY = "ann@customers.example"
SYNC = {"sink": "audience_members", "mode": "mirror", "key": "id", "max_reject_share": 1, "create_profiles": "allow"}
SYNC |= {"source": "vip.jsonl", "audience": {"name": "VIP <b>&", "integration": "test", "integration_id": "vip"}}


class Page(HTMLParser):
    """The texts of a page, and everything that it would load from elsewhere."""

    def __init__(self, file):
        super().__init__()
        self.texts, self.loads, self.tags = [], [], []
        self.feed(Path(file).read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note the tag, and what it loads."""
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]

    def handle_data(self, data):
        """Note a text."""
        self.texts.append(data.strip())

    def has(self, *texts):
        """Return whether these texts follow each other."""
        found = [text for text in self.texts if text]
        return any(found[at : at + len(texts)] == list(texts) for at in range(len(found)))


@pytest.fixture(scope="module")
def server():
    """A local Talon.One with two cards."""
    with Emulator(seed="synthetic", cards=2, transactions=3, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """Work in a folder with a SYNC.yml of three rows, one of which has no key and one a key that is too long."""
    monkeypatch.chdir(tmp_path)
    account(server)
    monkeypatch.setenv("TALON_ONE_RETRY_BUDGET_SECONDS", "1")
    rows = [{"id": KEY}, {"id": None}, {"id": f"{KEY}{'x' * 2000}"}]
    Path("vip.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("s.yml").write_text(json.dumps({"store": "store.duckdb", "syncs": {"vip": SYNC}}))
    before = logging.getLogger().handlers[:]
    yield tmp_path
    logging.getLogger().handlers[:] = before


def test_the_report_of_a_push_has_counts_a_timeline_and_reasons(here, in_process):
    """The report shows what was read, sent and refused, why, and samples without their keys and values."""
    done = in_process("push", "s.yml", "--report", "r.html")
    page = Page("r.html")
    assert 0 == done.code, done.err
    assert page.has("3", "rows read", "1", "rows sent", "2", "rows refused")
    assert page.has("vip", "audience_members", "3", "1", "0", "0", "0", "1", "2", "0")
    assert page.has("Refused rows of vip")
    assert page.has("2 of these rows")
    assert {"svg", "polyline"} <= set(page.tags)
    assert KEY not in Path("r.html").read_text()
    assert [] == page.loads


def test_the_report_of_a_failure_has_its_error(here, in_process):
    """A push that fails leaves a report with its error, and the exit code stays the same."""
    Path("vip.jsonl").unlink()
    done = in_process("push", "s.yml", "--report", "r.html")
    page = Page("r.html")
    assert 2 == done.code
    assert page.has("The command has failed.")
    assert any("vip.jsonl" in text for text in page.texts)


@pytest.mark.parametrize("runs", [1, 2])
def test_the_report_of_a_failure_shows_no_value_of_a_row(here, in_process, runs):
    """The terminal shows an example of the rows for which a push fails; the report of one run or two has none."""
    strict = SYNC | {"max_reject_share": 0}
    later = {"vip": strict, "later": strict | {"audience": 9, "depends_on": "vip"}}
    syncs = later if runs == 2 else {"vip": strict}
    Path("s.yml").write_text(json.dumps({"store": "store.duckdb", "syncs": syncs}))
    done = in_process("push", "s.yml", "--report", "r.html")
    assert 1 == done.code
    assert KEY in done.out + done.err
    assert "66.7% of the rows were refused" in Path("r.html").read_text()
    assert KEY not in Path("r.html").read_text()


def test_the_report_of_a_plan_that_is_applied(here, in_process):
    """Apply writes the same report as push."""
    in_process("plan", "s.yml", "-o", "plan.json")
    done = in_process("apply", "plan.json", "--report", "r.html")
    assert 0 == done.code, done.err
    assert Page("r.html").has("1", "rows sent")


def test_the_report_of_a_load_has_its_streams(here, in_process):
    """The report of a load shows each stream with its rows."""
    streams = "loyalty_card_transactions,loyalty_card_balances"
    done = in_process("load", "--to", "duckdb:///w.duckdb", "--streams", streams, "--report", "r.html")
    page = Page("r.html")
    assert 0 == done.code, done.err
    assert page.has("loyalty_card_transactions", "6", "6", "0", "0", "0")
    assert page.has("The command has succeeded.")
    assert [] == page.loads


@pytest.mark.parametrize("file", ["nosuch/r.html", "s3://bucket/r.html", "."])
def test_a_report_that_cannot_be_written_ends_the_command_before_its_work(here, in_process, server, file):
    """Nothing is sent if the report could not be written afterward."""
    before = server.counters()
    done = in_process("push", "s.yml", "--report", file)
    assert 2 == done.code
    assert "report" in done.err
    assert before == server.counters()


def test_a_timeline_of_a_long_run_stays_small():
    """The samples of a run are closer together at its begin if it is short, and few if it is long."""
    now = [0.0]
    timeline = Timeline(clock=lambda: now[0])
    for second in range(100_000):
        now[0] = float(second)
        timeline.note(lambda: (int(now[0]),))
    assert timeline.seconds == [count for (count,) in timeline.counts]
    assert 100 <= len(timeline.seconds) <= 240
    assert timeline.seconds[0] == 0
    assert timeline.seconds[-1] > 99_000
