"""Alerts of push, verify and load, received by a webhook on this machine."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("apprise")

from talon_one_cli.alerts.settings import ALERT_SETTINGS
from talon_one_emulator import Emulator

TOKEN = "hook-4f9ac27e"
NAMES = ["ann", "bob"]


@pytest.fixture(scope="module")
def server():
    """A local Talon.One with two profiles and two cards."""
    with Emulator(seed="synthetic", cards=2, transactions=3, management_rate=0) as emulator:
        emulator.add("profiles", *({"integrationId": name} for name in NAMES))
        yield emulator


class Webhook:
    """A server that keeps the messages it gets, and answers with a status.

    Attributes:
        messages: title, body and type of each.
        status: of the answers.
        to: its URL for apprise, with a token.
    """

    def __init__(self, http):
        self.messages, self.status = [], 200
        self.to = f"json://127.0.0.1:{http.server_port}/{TOKEN}?format=markdown"

    def take(self):
        """Return the messages so far, and forget them."""
        taken, self.messages = self.messages, []
        return taken


@pytest.fixture(scope="module")
def webhook():
    """A webhook on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.messages.append((message["title"], message["message"], message["type"]))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        hook = Webhook(http)
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield hook
        http.shutdown()
        thread.join()


@pytest.fixture
def here(tmp_path, monkeypatch, server, account, webhook):
    """Work in a folder, with the account and the webhook in the environment."""
    monkeypatch.chdir(tmp_path)
    account(server)
    monkeypatch.setenv("TALON_ONE_RETRY_BUDGET_SECONDS", "1")
    monkeypatch.setenv("HOOK", webhook.to)
    webhook.take()
    webhook.status = 200
    before = logging.getLogger().handlers[:]
    yield tmp_path
    logging.getLogger().handlers[:] = before


def write(rows, *, alerts=None, of_file=None, name="vip", **more):
    """Write a SYNC.yml with one sync of an audience, and its rows."""
    Path(f"{name}.jsonl").write_text("".join(json.dumps({"id": row}) + "\n" for row in rows))
    sync = {"source": f"{name}.jsonl", "sink": "audience_members", "mode": "mirror", "key": "id"}
    sync |= {"max_reject_share": 1, "allow_empty": True}
    sync |= {"audience": {"name": name, "integration": "test", "integration_id": name}, **more}
    content = {"store": "store.duckdb", "syncs": {name: sync | ({} if alerts is None else {"alerts": alerts})}}
    Path("s.yml").write_text(json.dumps(content | ({} if of_file is None else {"alerts": of_file})))


@pytest.mark.parametrize(
    ("command", "alerts", "rows", "expected"),
    [
        ("push", {}, [*NAMES, None], ""),
        ("push", {"refused_share": 0.5}, [*NAMES, None], ""),
        ("push", {"refused_share": 0.3}, [*NAMES, None], "- refused: 1 of 3 rows, 33.3%, more than 30.0%"),
        ("push", {"duration_seconds": 0}, NAMES, " s, more than 0 s"),
        ("push", {"duration_seconds": 3600}, NAMES, ""),
        ("push", {"empty_source": True}, [], "- empty: the source has no rows"),
        ("push", {"empty_source": True}, NAMES, ""),
        ("push", {}, [], ""),
        ("push", {"summary": True}, NAMES, "2 read, 2 added, 0 changed, 0 removed, 0 unchanged, 2 sent, 0 refused"),
        ("push", {}, None, "- failed: `s.yml: syncs.for-push: cannot read the source for-push.jsonl"),
        ("push", {"failure": False}, None, ""),
        ("verify", {}, NAMES, "- drift: 1 missing, 0 changed, 0 to remove"),
        ("verify", {"drift": False}, NAMES, ""),
        ("verify", {}, None, "- failed: `s.yml: syncs.for-verify: cannot read the source for-verify.jsonl"),
    ],
)
def test_an_alert_is_sent_if_its_condition_holds(here, in_process, webhook, command, alerts, rows, expected):
    """Each condition sends one message in Markdown if it holds, and none if not or if it is switched off."""
    if command == "verify":
        write(NAMES[:1], name="for-verify")
        in_process("push", "s.yml")
    write(rows or [], alerts={"to": "${HOOK}", **alerts}, name=f"for-{command}")
    if rows is None:
        Path(f"for-{command}.jsonl").unlink()
    done = in_process(command, "s.yml")
    sent = webhook.take()
    assert bool(expected) == len(sent), done.err
    assert all(expected in body and f"**for-{command}**" in body for _, body, _ in sent), sent
    assert TOKEN not in done.out + done.err


def test_an_alert_shows_no_value_of_a_row(here, in_process, webhook):
    """The terminal shows an example of the rows for which a push fails, and the message of a chat does not."""
    write([*NAMES, "planted" * 300], alerts={"to": "${HOOK}"}, name="strict", max_reject_share=0)
    done = in_process("push", "s.yml")
    ((_, body, _),) = webhook.take()
    assert "planted" in done.out + done.err
    assert "33.3% of the rows were refused" in body
    assert "planted" not in body


def test_a_load_that_ends_at_a_row_shows_no_value_of_it(here, in_process, account, webhook):
    """The terminal shows the value that does not fit its column, alert and report name the column only."""
    Path("c.json").write_text(json.dumps({"alerts": {"to": "${HOOK}"}}))
    load = ("load", "--to", "duckdb:///w.duckdb", "--config", "c.json", "--streams", "loyalty_card_transactions")
    with Emulator(seed="synthetic", cards=2, transactions=3, management_rate=0) as emulator:
        account(emulator)
        row = {"program": 1, "card": "card-000001", "amount": 77 * 10**37, "created": "2024-01-02T00:00:00Z"}
        emulator.add_transactions([row])
        done = in_process(*load, "--report", "r.html")
    ((_, body, _),) = webhook.take()
    planted = "77" + "0" * 20
    assert planted in done.out + done.err
    assert "loyalty_card_transactions.amount: a value" in body
    assert planted not in body + Path("r.html").read_text()


def test_every_kind_of_alert_has_a_case():
    """A new kind of alert fails here until the test above has a case for it."""
    (mark,) = test_an_alert_is_sent_if_its_condition_holds.pytestmark
    assert {"to", *(name for case in mark.args[1] for name in case[1])} == {*ALERT_SETTINGS}


def test_titles_say_what_failed(here, in_process, webhook):
    """A title has the command and the number of problems, and its type is that of a failure or a success."""
    write(NAMES, alerts={"to": ["${HOOK}"], "summary": True})
    in_process("push", "s.yml")
    Path("vip.jsonl").unlink()
    in_process("push", "s.yml")
    heads = [(title, kind) for title, _, kind in webhook.take()]
    assert [("talon-one push: nothing is wrong", "success"), ("talon-one push: 1 problem", "failure")] == heads


def test_alerts_of_the_file_hold_for_what_a_sync_leaves_out(here, in_process, webhook):
    """Receivers of the file serve every sync, whose own settings win; a skipped sync is a failure too."""
    write([], of_file={"to": "${HOOK}", "empty_source": True}, alerts={"empty_source": False})
    in_process("push", "s.yml")
    write([], of_file={"to": "${HOOK}", "empty_source": True}, alerts=None)
    in_process("push", "s.yml")
    assert ["- empty"] == [body.splitlines()[1][:7] for _, body, _ in webhook.take()]
    content = json.loads(Path("s.yml").read_text())
    content["syncs"]["later"] = content["syncs"]["vip"] | {"depends_on": ["vip"], "source": "later.jsonl"}
    content["syncs"]["later"]["audience"] = {"name": "later", "integration": "test", "integration_id": "later"}
    Path("s.yml").write_text(json.dumps(content))
    Path("vip.jsonl").unlink()
    in_process("push", "s.yml")
    bodies = [body for _, body, _ in webhook.take()]
    assert "**later**\n- failed: `skipped, because it depends on vip`" in bodies
    assert 2 == len(bodies)


def test_a_load_alerts(here, in_process, webhook, server):
    """The alerts of a load are in its config file, where variables of the environment stand for secrets too."""
    config, to = Path("c.json"), f"duckdb:///{here}/w.duckdb"
    config.write_text(json.dumps({"alerts": {"to": ["${HOOK}"], "empty_source": True}}))
    load = ("load", "--to", to, "--config", "c.json", "--streams", "loyalty_card_transactions")
    codes = [in_process(*load).code for _ in range(2)]
    server.fault("*", "403", count=0)
    try:
        codes.append(in_process(*load).code)
    finally:
        server.clear_faults()
    assert [0, 0, 2] == codes
    first, second = webhook.take()
    assert "- empty: the source has no rows" in first[1]
    assert "0 rows read, 0 new, 0 changed, 0 refused" in first[1]
    assert "- failed: `" in second[1]


@pytest.mark.parametrize("reachable", [True, False])
def test_an_alert_that_cannot_be_delivered_changes_nothing_but_a_line(
    here, in_process, webhook, monkeypatch, reachable
):
    """A receiver that refuses a message or is not there is named in one line, and the exit code stays the same."""
    monkeypatch.setenv("TALON_ONE_LOGLEVEL", "DEBUG")
    webhook.status = 500
    if not reachable:
        monkeypatch.setenv("HOOK", f"json://user:pass-{TOKEN}@127.0.0.1:1/{TOKEN}?+X-Key={TOKEN}")
    write(NAMES, alerts={"to": ["${HOOK}"], "summary": True})
    done = in_process("push", "s.yml")
    (line,) = [line for line in done.err.splitlines() if "not delivered" in line]
    assert 0 == done.code
    assert "was not delivered to receiver 1 (json); the exit code stays the same" in line
    assert TOKEN not in done.out + done.err


@pytest.mark.parametrize(
    ("alerts", "reason"),
    [
        ({"empty_source": True}, "alerts.to is missing"),
        ({"to": []}, "alerts.to is missing"),
        ({"to": f"nosuch://{TOKEN}/{TOKEN}"}, "receiver 1 is not a URL of apprise"),
        ({"to": ["json://127.0.0.1:1", f"slack://{TOKEN}"]}, "receiver 2 is not a URL of apprise"),
        ({"to": "json://x", "refused_share": 5}, "alerts.refused_share must be a share between 0 and 1"),
        ({"to": "json://x", "failures": True}, "unknown setting 'failures'; did you mean 'failure'?"),
        ({"to": {"x": f"slack://{TOKEN}"}}, "alerts.to must be an array"),
        ([f"slack://{TOKEN}"], "alerts must be an object"),
    ],
)
def test_alerts_that_cannot_be_used_are_refused_before_anything_is_sent(here, in_process, server, alerts, reason):
    """The message names the setting and no part of a URL, for a sync, a file and a load."""
    before = server.counters()
    write(NAMES, alerts=alerts)
    Path("c.json").write_text(json.dumps({"alerts": alerts}))
    found = [in_process("push", "s.yml"), in_process("load", "--to", "duckdb:///w.duckdb", "--config", "c.json")]
    write(NAMES, of_file=alerts)
    found.append(in_process("push", "s.yml"))
    for done in found:
        assert 2 == done.code
        assert reason.removeprefix("alerts") in done.err, done.err
        assert TOKEN not in done.out + done.err
    assert before == server.counters()
