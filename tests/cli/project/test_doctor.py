"""``talon-one doctor``: what keeps commands from working, and what to do about it."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import duckdb
import pytest

VIP = {"source": "p.csv", "sink": "audience_members", "mode": "upsert", "key": "id", "create_profiles": "allow"}


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """A folder with a SYNC.yml of one audience, and an empty account."""
    server.reset()
    monkeypatch.chdir(tmp_path)
    account(server)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=5_000_000_000))
    (tmp_path / "p.csv").write_text("id\nada\n" + "x" * 1001 + "\n")
    sync = {"store": "st.duckdb", "syncs": {"vip": {**VIP, "audience": {"name": "vip"}, "max_reject_share": 1}}}
    (tmp_path / "s.yml").write_text(json.dumps(sync))
    return tmp_path


@pytest.fixture
def findings(in_process):
    """Return a function that runs doctor, and returns its exit code and the findings that are not ok."""

    def run(*arguments):
        done = in_process("doctor", "--json", *arguments)
        found = json.loads(done.out)["findings"]
        return done.code, [(one["check"], one["level"], one["message"], one["to_do"]) for one in found]

    return run


def checks(found, *levels):
    """Return what was looked at in the findings of these levels."""
    return [check for check, level, *_ in found if level in levels]


def test_a_healthy_project_has_no_problem(here, findings, in_process, server):
    """Everything is looked at, nothing is written at Talon.One, and the text says the same as the JSON."""
    code, found = findings("s.yml")
    assert 0 == code
    assert [] == checks(found, "problem", "warning")
    assert {"versions", "settings", "keys", "clock", "disk", "store"} == set(checks(found, "ok"))
    assert ("store", "ok", "there is no store st.duckdb yet; the first push creates it", "") in found
    assert not (here / "st.duckdb").exists()
    assert {"GET"} == {one["method"] for one in server.requests()}
    text = in_process("doctor")
    assert 0 == text.code
    assert text.out.endswith("0 problems, 0 warnings\n")


def test_the_store_is_read_and_its_refused_rows_are_named(here, findings, in_process):
    """A store that can be read is described; what waits for somebody is a warning."""
    assert 0 == in_process("push", "s.yml").code
    code, found = findings("s.yml")
    assert 0 == code
    assert ["store"] == checks(found, "warning")
    assert any("acknowledged rows: vip 1" in message for _, _, message, _ in found)
    assert any("1 refused row is kept" in message and "talon-one retry" in to_do for _, _, message, to_do in found)


def test_keys_that_do_not_work_and_missing_ones_are_named(here, findings, monkeypatch):
    """A wrong key is a problem, a missing management key a warning; each names its variable."""
    monkeypatch.setenv("TALON_ONE_API_KEY", "wrong")
    monkeypatch.delenv("TALON_ONE_MANAGEMENT_KEY")
    code, found = findings("s.yml")
    assert 1 == code
    by_level = {level: (message, to_do) for check, level, message, to_do in found if check == "keys"}
    assert by_level["problem"][0].startswith("api_key does not work: ")
    assert "set TALON_ONE_API_KEY" in by_level["problem"][1]
    assert by_level["warning"][0].startswith("management_key is not set")


def test_a_server_that_does_not_answer_is_a_problem(here, findings, monkeypatch):
    """Without an answer the keys are unknown; disk and store are looked at nevertheless."""
    monkeypatch.setenv("TALON_ONE_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TALON_ONE_RETRY_BUDGET_SECONDS", "0")
    code, found = findings("s.yml")
    assert 1 == code
    assert ["keys"] == checks(found, "problem")
    assert {"disk", "store"} <= set(checks(found, "ok"))


def test_settings_that_cannot_be_used_are_listed(here, findings, monkeypatch):
    """Each line of a wrong file is a finding; so is a missing base URL."""
    (here / "s.yml").write_text(json.dumps({"stor": "x", "syncs": {"vip": {**VIP, "audience": 1}}}))
    code, found = findings("s.yml")
    assert 1 == code
    assert any("unknown setting 'stor'" in message for _, _, message, _ in found)
    monkeypatch.delenv("TALON_ONE_BASE_URL")
    code, found = findings()
    assert 1 == code
    assert ["settings"] == checks(found, "problem")


def test_a_store_in_use_or_damaged_is_a_problem(here, findings, in_process, monkeypatch):
    """The lock names what holds it; rows that were acknowledged twice are damage, and a file of something else too."""
    assert 0 == in_process("push", "s.yml").code
    monkeypatch.setenv("TALON_ONE_STORE", "st.duckdb")
    holding = "import duckdb, sys; db = duckdb.connect('st.duckdb'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"open\n" == process.stdout.readline()
        code, found = findings()
        process.communicate()
    assert (1, ["locks"]) == (code, checks(found, "problem"))
    assert any(f"{process.pid}" in message for _, _, message, _ in found)
    assert ["wait until it has ended, then run again"] == [to_do for check, _, _, to_do in found if check == "locks"]
    with duckdb.connect("st.duckdb") as holder:
        holder.execute("INSERT INTO sent_1 SELECT * FROM sent_1")
    code, found = findings()
    assert 1 == code
    assert any("vip: 1 row is acknowledged more than once" in message for _, _, message, _ in found)
    (here / "st.duckdb").write_bytes(b"something else" * 1000)
    code, found = findings()
    assert 1 == code
    assert ["store"] == checks(found, "problem")


def test_a_folder_that_cannot_be_written_to_is_a_problem(here, findings, monkeypatch):
    """Free space and permissions are looked at where store, rejects and results are."""
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=500_000_000))
    monkeypatch.setattr("os.access", lambda path, _mode: not str(path).endswith("closed"))
    (here / "closed").mkdir()
    content = json.loads((here / "s.yml").read_text()) | {"rejects_directory": "closed/rejects"}
    (here / "s.yml").write_text(json.dumps(content))
    code, found = findings("s.yml")
    assert 1 == code
    assert [str(here / "closed") + " cannot be written to"] == [one[2] for one in found if one[1] == "problem"]
    assert {"free some space"} == {one[3] for one in found if one[1] == "warning"}
