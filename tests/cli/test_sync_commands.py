"""``talon-one plan``, ``apply``, ``push``, ``verify``, ``retry``, ``runs`` and ``erase`` against the emulator."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from talon_one_emulator import Emulator
from tests import commands

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator(seed="empty", management_rate=0) as emulator:
        yield emulator


class Project:
    """A folder with a warehouse, a SYNC.yml and a store."""

    def __init__(self, emu: Emulator, folder: Path) -> None:
        self.emu, self.folder = emu, folder
        self.management = True
        self.sync(vip={"source": {"url": "duckdb:///w.duckdb", "table": "vip"}, **MEMBERS})
        self.segment("a", "b", "c")

    def sync(self, **syncs: Any) -> None:
        """Write SYNC.yml."""
        (self.folder / "SYNC.yml").write_text(json.dumps({"syncs": syncs}))  # JSON is YAML

    def segment(self, *names: str) -> None:
        """Return the rows of the table ``vip``."""
        with duckdb.connect(str(self.folder / "w.duckdb")) as db:
            db.execute("CREATE OR REPLACE TABLE vip (id VARCHAR)")
            for name in names:
                db.execute("INSERT INTO vip VALUES (?)", [name])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder."""
        settings = {"base_url": self.emu.url, "api_key": self.emu.api_key, "management_requests_per_second": 100_000}
        if self.management:
            settings["management_key"] = self.emu.management_key
        (self.folder / "config.json").write_text(json.dumps(settings))
        config = [] if arguments[0] == "runs" else ["--config", "config.json"]
        command = [sys.executable, "-m", "talon_one_cli", *arguments, *config]
        done = commands.run(command, cwd=self.folder, capture_output=True, text=True)
        assert "Traceback" not in done.stderr
        return done

    def good(self, *arguments: str) -> str:
        """Return the output of a command that must succeed."""
        done = self.run(*arguments)
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def members(self) -> set[str]:
        """Return the members of an audience."""
        state = self.emu.state("memberships", "profiles")
        names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
        return {names[row["profile"]] for row in state["memberships"]}

    def writes(self) -> int:
        """Return the requests that changed something."""
        return sum(one["method"] != "GET" for one in self.emu.requests())


MEMBERS = {
    "sink": "audience_members",
    "audience": {"name": "VIP", "integration": "warehouse", "integration_id": "vip"},
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}


@pytest.fixture
def project(server: Emulator, tmp_path: Path) -> Project:
    """An empty account and a segment of three."""
    server.reset()
    server.clear_requests()
    return Project(server, tmp_path)


def test_a_plan_is_applied_exactly(project):
    """Apply sends what the plan says, and a second plan has nothing to send."""
    planned = json.loads(project.good("plan", "SYNC.yml", "-o", "plan.json", "--json"))["destinations"][0]
    assert 3 == planned["adds"]
    assert 0 == planned["updates"]
    assert 0 == planned["removes"]
    assert 0 == project.writes()
    done = json.loads(project.good("apply", "plan.json", "--json"))["destinations"]["vip"]
    assert {"a", "b", "c"} == project.members()
    assert 3 == done["sent"]
    assert planned["requests"] == done["requests"] == project.writes()
    again = json.loads(project.good("plan", "SYNC.yml", "--json"))["destinations"][0]
    assert 0 == again["adds"]
    assert 3 == again["same"]
    assert 0 == again["requests"]


def test_a_plan_whose_source_or_store_has_moved_is_refused(project):
    """A plan is refused, and nothing is sent, if source or store have changed."""
    project.good("plan", "SYNC.yml", "-o", "plan.json")
    project.segment("a", "b", "d")
    moved = project.run("apply", "plan.json")
    assert 0 != moved.returncode
    assert "the rows of the source have changed since the plan was made; plan again" in moved.stderr
    assert 0 == project.writes()
    project.segment("a", "b", "c")
    project.good("push", "SYNC.yml")
    again = project.run("apply", "plan.json")
    assert 0 != again.returncode
    assert "plan again" in again.stderr


def test_a_printed_plan_shows_rows_and_samples(project):
    """The plan is printed as a table with some of its rows."""
    text = project.good("plan", "SYNC.yml")
    assert "What a push would change" in text
    assert "vip: add" in text


def test_a_push_sends_the_difference(project):
    """A push sends only the rows that changed."""
    project.good("push", "SYNC.yml")
    project.segment("b", "c", "d")
    project.emu.clear_requests()
    done = json.loads(project.good("push", "SYNC.yml", "--json"))["destinations"]["vip"]
    assert 1 == done["adds"]
    assert 1 == done["removes"]
    assert 2 == done["same"]
    assert 1 == project.writes()
    assert {"b", "c", "d"} == project.members()


def test_a_guard_stops_plan_and_push_with_exit_code_3(project):
    """The message has the numbers, and nothing was sent."""
    strict = {name: value for name, value in MEMBERS.items() if name != "max_delete_share"}
    project.sync(vip={"source": {"url": "duckdb:///w.duckdb", "table": "vip"}, **strict})
    project.good("push", "SYNC.yml")
    project.segment("a")
    project.emu.clear_requests()
    for command in ("plan", "push"):
        done = project.run(command, "SYNC.yml")
        assert 3 == done.returncode
        assert "2 of 3" in done.stderr
    assert 0 == project.writes()


def test_an_empty_source_removes_nobody(project):
    """An empty source is an error unless allow_empty is set."""
    project.good("push", "SYNC.yml")
    project.segment()
    done = project.run("push", "SYNC.yml")
    assert 3 == done.returncode
    assert "allow_empty" in done.stderr
    assert {"a", "b", "c"} == project.members()


def test_a_file_without_a_row_has_no_columns_and_is_an_empty_source(project):
    """JSON Lines without a line names no column; that is no row, and not a column that is missing."""
    project.good("push", "SYNC.yml")
    (project.folder / "vip.jsonl").write_text("")
    project.sync(vip={"source": "vip.jsonl", **MEMBERS})
    done = project.run("push", "SYNC.yml")
    assert 3 == done.returncode
    assert "allow_empty" in done.stderr
    project.sync(vip={"source": "vip.jsonl", **MEMBERS, "allow_empty": True, "max_delete_share": 1})
    project.good("push", "SYNC.yml")
    assert set() == project.members()


def test_verify_tells_drift_and_heals_it(project):
    """Healing adds the members that someone removed, and keeps those that someone else added."""
    project.good("push", "SYNC.yml")
    assert 0 == project.run("verify", "SYNC.yml").returncode
    number = project.emu.state("audiences")["audiences"][0]["id"]
    from talon_one_client.client import TalonOneClient
    from talon_one_client.connection.config import ClientConfig
    from talon_one_singer.settings.secret import Secret

    changes = [("delete", "b"), ("add", "foreign")]
    data = [{"action": action, "profileIntegrationId": name, "audienceId": number} for action, name in changes]
    with TalonOneClient(ClientConfig(base_url=project.emu.url, api_key=Secret(project.emu.api_key))) as client:
        client.update_customer_profile_audiences({"data": data})
    done = project.run("verify", "SYNC.yml", "--json")
    (found,) = json.loads(done.stdout)
    assert 4 == done.returncode
    assert "drift" == found["verdict"]
    assert 1 == found["missing"]
    assert 1 == found["foreign_members"]
    assert 1 == found["strangers"]  # alias
    assert found["stale_rows"] == found["left"]
    assert 0 == project.run("verify", "SYNC.yml", "--heal").returncode
    assert {"a", "b", "c", "foreign"} == project.members()


def test_verify_without_a_management_key_says_unknown(project):
    """Without a management key the verdict is never "equal"."""
    project.good("push", "SYNC.yml")
    project.management = False
    done = project.run("verify", "SYNC.yml")
    assert 5 == done.returncode
    assert "vip: unknown" in done.stdout


def bad_items(project, **more):
    """Return a catalog sync of three items: one with an invalid price, one with an attribute unknown to Talon.One."""
    (project.folder / "items.jsonl").write_text(
        '{"sku":"a","price":1,"brand":"x"}\n{"sku":"b","price":"many","brand":"x"}\n{"sku":"c","price":3,"brand":null}\n'
    )
    given = {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "max_reject_share": 1, **more}
    project.management = False
    project.sync(
        items={"source": "items.jsonl", "map": {"sku": "sku", "price": "price", "attributes": ["brand"]}, **given}
    )


def test_refused_rows_are_reported_kept_and_retried(project):
    """A refused row is in runs and in the rejects file, and retry sends it once the reason is gone."""
    bad_items(project)
    report = json.loads(project.good("push", "SYNC.yml", "--json"))
    figures = report["destinations"]["items"]
    assert 1 == figures["sent"]
    assert 1 == figures["rejected"]
    assert 1 == figures["invalid"]
    lines = (project.folder / "rejects" / report["run"] / "items.jsonl").read_text().splitlines()
    assert {("b", "invalid"), ("a", "rejected")} == {(row["key"], row["kind"]) for row in map(json.loads, lines)}
    shown = json.loads(project.good("runs", "show", report["run"], "--json"))
    assert {"a", "b"} == {row["key"] for row in shown["rejects"]}
    assert "refused items row 2: b: " in project.good("runs", "show", report["run"])
    project.emu.add("attributes", {"entity": "CartItem", "name": "brand", "type": "string"})
    again = json.loads(project.good("retry", report["run"], "--json"))["destinations"]["items"]
    assert 1 == again["sent"]
    assert 1 == again["invalid"]
    assert {"a", "c"} == {row["sku"] for row in project.emu.state("items")["items"]}


def test_a_reason_is_printed_once(project):
    """A failing plan, push or retry names each reason below its table, and with --json in its error."""
    bad_items(project, max_reject_share=0)
    for command in ("plan", "push"):
        done = project.run(command, "SYNC.yml")
        assert 1 == done.returncode
        assert "of the rows were refused, and max_reject_share is 0" in done.stderr
        assert 1 == (done.stdout + done.stderr).count("is not a number"), done.stdout + done.stderr
        assert 1 == project.run(command, "SYNC.yml", "--json").stderr.count("is not a number")
    run = json.loads(project.good("runs", "--json"))[0]["id"]
    assert "is not a number" not in project.run("retry", run).stderr
    project.management = True
    (project.folder / "items.jsonl").write_text('{"sku": "a", "price": 1, "brand": "x"}\n')
    given = {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "max_reject_share": 0}
    project.sync(items={"source": "items.jsonl", "map": {"price": "price", "attributes": "*"}, **given})
    refused = project.run("push", "SYNC.yml")
    assert 1 == (refused.stdout + refused.stderr).count("create it there, or list the columns to send in map")


def test_verify_names_the_refused_rows_of_the_source(project):
    """Rows that no push can send are counted beside the verdict."""
    (project.folder / "items.jsonl").write_text('{"sku": "a", "price": 1}\n{"sku": "b", "price": "cheap"}\n')
    given = {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "max_reject_share": 1}
    project.sync(items={"source": "items.jsonl", **given})
    project.good("push", "SYNC.yml")
    assert "items: equal: 1 expected, " in project.good("verify", "SYNC.yml")
    assert "; 1 refused in the source, see talon-one plan" in project.good("verify", "SYNC.yml")
    assert 1 == json.loads(project.good("verify", "SYNC.yml", "--json"))[0]["refused"]


def test_runs_are_listed_with_what_they_did(project):
    """Each run is listed with its command and status."""
    project.good("push", "SYNC.yml")
    project.good("plan", "SYNC.yml")
    listed = json.loads(project.good("runs", "--json"))
    assert {"push": 3, "plan": 0} == {one["command"]: one["destinations"]["vip"]["sent"] for one in listed}
    assert {"done"} == {one["status"] for one in listed}
    text = project.good("runs")
    assert all(one["id"] in text for one in listed)


def test_erase_leaves_no_trace(project):
    """The customer is removed at Talon.One, in the store, in rejects, results and plans."""
    project.segment("keep-1", "erase-me", "keep-2")
    project.good("push", "SYNC.yml")
    project.segment("erase-me", "keep-3", "x" * 1001)
    project.run("plan", "SYNC.yml", "-o", "plan.json")
    project.run("push", "SYNC.yml")
    refused = project.run("erase", "--ids", "erase-me")
    assert 2 == refused.returncode
    assert "--yes" in refused.stderr
    project.good("erase", "--ids", "erase-me", "--plan-file", "plan.json", "--yes")
    names = {row["integration_id"] for row in project.emu.state("profiles")["profiles"]}
    assert "erase-me" not in names
    assert "keep-3" in names
    files = [path for path in project.folder.rglob("*") if path.is_file() and path.name != "w.duckdb"]
    assert [] == [path for path in files if b"erase-me" in path.read_bytes()]


def test_sources_of_every_kind(project, postgres_url, monkeypatch):
    """A DuckDB query, a PostgreSQL table with its password from the environment, CSV and Parquet are pushed."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE vip AS SELECT 'pg-1' AS id")
    (project.folder / "vip.csv").write_text("id\ncsv-1\n")
    duckdb.sql("SELECT 'parquet-1' AS id").write_parquet(str(project.folder / "vip.parquet"))
    monkeypatch.setenv("WAREHOUSE", postgres_url)
    sources = {
        "query": {"url": "duckdb:///w.duckdb", "sql": "SELECT id FROM vip WHERE id < 'b'"},
        "table": {"url": "${WAREHOUSE}", "table": "vip"},
        "csv": "vip.csv",
        "parquet": {"url": "vip.parquet"},
    }
    project.sync(**{name: {"source": one, **MEMBERS, "audience": {"name": name}} for name, one in sources.items()})
    done = project.run("push", "SYNC.yml")
    assert 0 == done.returncode, done.stderr
    assert {"a", "pg-1", "csv-1", "parquet-1"} == project.members()
    assert "planted" not in done.stdout + done.stderr


VIP = {"source": {"url": "duckdb:///w.duckdb", "table": "vip"}, **MEMBERS}

NULLS = {"url": "duckdb:///w.duckdb", "sql": "SELECT id, NULL::VARCHAR AS no FROM vip"}
PROFILES = {"source": NULLS, "sink": "customer_profiles", "mode": "upsert"}


@pytest.mark.parametrize(
    ("syncs", "words"),
    [
        ({}, "'syncs' must name at least one sync"),
        ({"vip": MEMBERS}, "'source' is missing"),
        ({"vip": VIP | {"sink": "audience_member"}}, "did you mean 'audience_members'?"),
        ({"vip": VIP | {"mode": "insert_only"}}, "it has mirror, upsert, add, remove"),
        (
            {"vip": VIP | {"key": "customer"}},
            "vip: key: the source has no column 'customer'; duckdb:///w.duckdb has the ",
        ),
        ({"vip": VIP | {"source": {"url": "duckdb:///w.duckdb", "table": "vp"}}}, "vp"),
        ({"vip": VIP | {"source": {"url": "duckdb:///w.duckdb", "sql": "DROP TABLE vip"}}}, "must be one query"),
        ({"vip": VIP | {"source": {"url": "duckdb:///nowhere.duckdb", "table": "vip"}}}, "nowhere.duckdb"),
        ({"vip": VIP | {"source": {"url": "duckdb:///w.duckdb"}}}, "either sql or table"),
        ({"vip": VIP | {"source": "nowhere.csv"}}, "nowhere.csv"),
        ({"vip": VIP | {"source": "${NOT_SET}"}}, "NOT_SET"),
        ({"vip": VIP, "same": VIP}, "write to the same audience_members"),
        ({"vip": {**MEMBERS, "sourc": "x.csv"}}, "'sourc' is not a known setting; did you mean 'source'?"),
        ({"vip": VIP | {"store": "s.duckdb"}}, "'store' is a setting of the whole file; write it at the top, beside"),
        (
            {"vip": VIP, "all": PROFILES | {"map": {"integrationId": "id", "attributes": {"nosuch": "no"}}}},
            "all: map.attributes: 'nosuch': Talon.One has no such attribute of CustomerProfile",
        ),
    ],
)
def test_what_is_wrong_is_reported_in_one_line_and_nothing_is_sent(project, syncs, words):
    """The exit code is 2, and the line names the sync and the setting."""
    project.sync(**syncs)
    done = project.run("push", "SYNC.yml")
    assert 2 == done.returncode, done.stderr
    assert words in done.stderr
    assert 0 == project.writes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"sync": {"vip": VIP}}, "SYNC.yml: 'sync' is not a known setting; did you mean 'syncs'?"),
        ({"syncs": {"vip": VIP}, "max_deletes": 5}, "SYNC.yml: 'max_deletes' is a setting of a sync; write it into"),
    ],
)
def test_a_setting_at_the_top_that_belongs_elsewhere_is_named(project, content, words):
    """A misspelled ``syncs``, and a guard outside of its sync, are errors that say what to write."""
    (project.folder / "SYNC.yml").write_text(json.dumps(content))
    done = project.run("plan", "SYNC.yml")
    assert 2 == done.returncode
    assert words in done.stderr


def test_a_plan_names_an_attribute_that_does_not_exist_before_anything_is_sent(project):
    """The row whose value is null does not hide it; without a management key, the attributes are not known."""
    project.sync(all=PROFILES | {"map": {"integrationId": "id", "attributes": {"nosuch": "no"}}})
    done = project.run("plan", "SYNC.yml")
    assert (2, 1) == (done.returncode, done.stderr.count("'nosuch'"))
    project.management = False
    assert '"adds": 3' in project.good("plan", "SYNC.yml", "--json")


def test_a_source_that_breaks_off_sends_nothing(project):
    """Nothing is sent if a source fails in the middle, because half a file is not the segment."""
    project.good("push", "SYNC.yml")
    (project.folder / "half.csv").write_text("id\na\nb,too many\n")
    project.sync(vip={"source": "half.csv", **MEMBERS})
    project.emu.clear_requests()
    done = project.run("push", "SYNC.yml")
    assert done.returncode in (1, 2)
    assert 0 == project.writes()
    assert "half.csv line 3" in done.stderr
    assert {"a", "b", "c"} == project.members()
