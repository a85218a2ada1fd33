"""Every task says what it did: one summary, a warning for what it left out, and the progress of long work."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.notifications import RejectsNotifier
from airflow_provider_talon_one.reporting.summaries import Work
from airflow_provider_talon_one.sensors.talon_one import AudienceSizeSensor
from airflow_provider_talon_one.transfers.singer import SingerOperator
from airflow_provider_talon_one.transfers.verify import VerifySyncOperator
from talon_one_singer.reporting import progress
from target_talon_one.errors import IncompleteError

pytestmark = pytest.mark.usefixtures("connection")


def timeless(texts):
    """Return texts with their durations and speeds replaced."""
    return [re.sub(r"[\d,.]+ (s|rows/s)\b", r"… \1", text) for text in texts]


@pytest.mark.parametrize(
    ("work", "line"),
    [
        (Work("x", {}, None, 1, 0, 0.25), "x: 1 request in 0.2 s"),
        (Work("x", {"rows": 0}, 0, 2, 0, 0), "x: 0 rows; 2 requests in 0.0 s"),
        (
            Work("x", {"added": 1200}, 1200, 3, 1, 2),
            "x: 1,200 added; 3 requests, 1 of them retries, in 2.0 s, 600 rows/s",
        ),
    ],
)
def test_a_summary_is_one_line(work, line):
    """Counts, requests, seconds and speed are in one line."""
    assert line == work.line()


def test_a_load_says_what_it_read_and_left_out(emu, load, summaries, tmp_path):
    """The summary has rows, requests and speed; a second load of the same rows has nothing new."""
    emu.reset("synthetic", cards=3, transactions=10)
    url = f"duckdb:///{tmp_path}/w.duckdb"
    settings = {"loyalty_program_ids": [1], "settle_seconds": 0, "card_ids": ["card-000001", "nobody"]}
    load(warehouse_url=url, settings=settings)
    rest = "0 removed, 1 ids left out, 0 rejected; 3 requests in … s, … rows/s"
    assert [f"load: 10 rows read, 10 added, 0 changed, {rest}"] == timeless(summaries())
    done = load(warehouse_url=url, settings=settings, full_refresh=True)
    assert [f"load: 10 rows read, 0 added, 0 changed, {rest}"] == timeless(summaries())
    assert {"loyalty_card_transactions": 1} == done.returned["left_out"]


@pytest.fixture
def rejecting(emu, tmp_path):
    """Arguments of a load that rejects one of two rows."""
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add_transactions(
        [{"program": 1, "card": "card-1", "amount": "1e40"}, {"program": 1, "card": "card-1", "amount": "1"}]
    )
    settings = {"loyalty_program_ids": [1], "settle_seconds": 0, "bad_rows": "reject"}
    streams = ["loyalty_card_transactions", "loyalty_cards"]
    return {"warehouse_url": f"duckdb:///{tmp_path}/w.duckdb", "streams": streams, "settings": settings}


def test_a_load_says_why_rows_were_rejected(rejecting, load, summaries):
    """Rejected rows are a warning with their reason and number, and every stream has its line."""
    done = load(**rejecting, allow_rejected=True)
    said = timeless(summaries())
    assert "loyalty_card_transactions: 2 rows read, 1 added, 0 changed" in said
    assert "loyalty_cards: 1 row read, 1 added, 0 changed" in said
    (warned, reason) = [text for text in said if text.startswith("WARNING")]
    assert "WARNING loyalty_card_transactions: 1 row does not fit its columns and is in talon_one.rejected" in warned
    assert "rejected 1 row: amount: " in reason
    assert "1 rejected" in said[-1]
    assert (1, "talon_one.rejected_rows") == (done.returned["refused"], done.returned["rejects"])


@pytest.mark.parametrize("fault", [None, "500"])
def test_a_load_whose_rows_were_rejected_fails_for_good(emu, rejecting, load, summaries, pushed, fault):
    """The error counts the rejected rows once, also beside a stream that a retry could read; XCom has the figures."""
    if fault:
        emu.fault("get_loyalty_cards", fault, count=0)
        rejecting["settings"]["transactions_strategy"] = "program_feed"
    with pytest.raises(AirflowFailException, match=r"1 row does not fit .* set allow_rejected=True") as failed:
        load(**rejecting)
    assert 1 == "\n".join([str(failed.value), *summaries()]).count("does not fit its columns")
    assert ("loyalty_cards" in str(failed.value)) is bool(fault)
    figures = pushed["figures"]
    assert (1, {"loyalty_card_transactions": 1}) == (figures["refused"], figures["rejected"])
    said = []
    ti = SimpleNamespace(dag_id="d", task_id="t", run_id="r", xcom_pull=lambda key, **_: pushed.get(key))
    RejectsNotifier(said.append).notify({"ti": ti})
    assert ["d.t: 1 rows were refused in run r; see talon_one.rejected_rows"] == said


@pytest.fixture
def source(emu, tmp_path):
    """A file with four members, of whom one has no profile, and one row without a key."""
    emu.add("profiles", *({"integrationId": name} for name in "abc"))
    (tmp_path / "vip.jsonl").write_text("".join(f'{{"id": "{name}"}}\n' for name in "abcd") + '{"id": null}\n')
    options = {"create_profiles": "skip", "max_reject_share": 0.5}
    return {"source_url": str(tmp_path / "vip.jsonl"), "store": str(tmp_path / "s.duckdb"), "options": options}


def test_a_push_says_what_it_did(source, push_members, summaries):
    """A plan, a push and a second push tell rows, reasons and what was left out."""
    push_members(**source, plan_only=True)
    *before, planned = timeless(summaries())
    assert "task: a push would send 2 requests" in " ".join(before)
    assert planned.startswith("plan task: 5 rows read, 3 to add, 0 to change, 0 to remove, 0 unchanged, 1 left out")
    push_members(**source)
    *warned, pushed = timeless(summaries())
    assert [
        "WARNING task: refused 1 row: ",
        "WARNING task: 1 row was left out, because their profiles do not exist (create_profiles: skip)",
    ] == [warned[0][:29], warned[1]]
    assert pushed.startswith(
        "push task: 5 rows read, 3 added, 0 changed, 0 removed, 0 unchanged, 1 left out, 1 refused; "
    )
    push_members(**source)
    assert "0 added, 0 changed, 0 removed, 3 unchanged" in summaries()[-1]


@pytest.mark.parametrize("plan_only", [True, False])
def test_the_reasons_of_refused_rows_are_said_once(source, push_members, summaries, pushed, plan_only):
    """A plan and a push that fail because of refused rows have the reasons in the log, and not in the error too."""
    options = {"create_profiles": "skip", "max_reject_share": 0.1}
    with pytest.raises(AirflowFailException, match="rows were refused, and max_reject_share is") as failed:
        push_members(**source | {"options": options}, plan_only=plan_only)
    assert 1 == "\n".join([str(failed.value), *summaries()]).count("is null")
    assert 1 == pushed["figures"]["invalid"]


def test_a_push_that_failed_says_how_far_it_came(emu, connection, source, push_members, summaries):
    """Rows that were not sent are in the summary, and nothing is called added."""
    connection(retry_budget_seconds=0)
    emu.fault("update_customer_profile_audiences", "500", count=0)
    with pytest.raises(IncompleteError):
        push_members(**source)
    assert "3 to add, 0 to change, 0 to remove, 0 unchanged, 0 sent, 3 not sent, 1 left out" in summaries()[-1]


def test_a_verification_says_what_it_compared(source, push_members, run_task, summaries, tmp_path):
    """The summary counts what differs, and what the sync does not manage."""
    push_members(**source)
    summaries()
    given = {"sink": "audience_members", "mode": "mirror", "key": "id", **source}
    options = {"audience": {"name": "VIP"}, **source["options"]}
    run_task(
        VerifySyncOperator,
        **given | {"options": options},
        rejects_directory=str(tmp_path / "r"),
        results_directory=str(tmp_path / "r"),
    )
    line = timeless(summaries())[-1]
    assert "verify task: 5 rows read, 3 compared, 0 missing, 0 changed, 0 to remove, 0 not managed by this sync" in line


def test_long_work_says_where_it_is(source, push_members, monkeypatch, caplog):
    """The progress of a push is logged while it runs."""
    monkeypatch.setattr(progress.LogProgress.__init__, "__defaults__", (0.0,))
    caplog.set_level("INFO", logger=progress.__name__)
    push_members(**source)
    said = [one.getMessage() for one in caplog.records if one.name == progress.__name__]
    assert any(text.startswith("task: read: ") for text in said)


def test_a_sensor_says_what_it_looked_for(summaries):
    """Every check is a line, whether the condition is met or not."""
    task = AudienceSizeSensor(task_id="t", audience_id=1, at_least=1)
    assert not task.poke({}).is_done
    assert ["audience_of_size (audience_id 1, at_least 1) is not met yet: 1 request in … s"] == timeless(summaries())


def test_singer_processes_are_logged_while_they_run(run_task, summaries):
    """The lines of both processes and a summary are logged."""
    lines = "import sys; print('reading', file=sys.stderr)"
    run_task(SingerOperator, tap=[sys.executable, "-c", lines], target=[sys.executable, "-c", "print('{}')"])
    assert ["singer: the target emitted 1 states in … s", "tap: reading"] == sorted(timeless(summaries()))
