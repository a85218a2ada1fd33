"""Commands whose store is in the database of the source: ``store: {in: source}`` in a SYNC.yml."""

from __future__ import annotations

import json
from contextlib import closing

import duckdb
import pytest

from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_singer.settings.secret import Secret

SOURCE = {"url": "duckdb:///w.duckdb", "sql": "SELECT id FROM vips"}
VIP = {"sink": "audience_members", "audience": 1, "mode": "mirror", "key": "id", "create_profiles": "allow"}
GUARDS = {"max_delete_share": 1, "max_reject_share": 1}


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """Return a working folder with a DuckDB file of three customers, and an empty audience."""
    server.reset()
    _audience(server)
    monkeypatch.chdir(tmp_path)
    account(server)
    _fill("a", "b", "c")
    return tmp_path


@pytest.fixture
def sync(here):
    """Return a function that writes the SYNC.yml."""

    def write(*, log_to=None, **changes):
        syncs = {"vip": {"source": SOURCE, **VIP, **GUARDS, **changes}}
        (here / "s.yml").write_text(json.dumps({"store": {"in": "source"}, "log_to": log_to, "syncs": syncs}))

    write()
    return write


@pytest.fixture
def command(in_process):
    """Run ``talon-one``, which must succeed, and return its output."""

    def run(*arguments):
        done = in_process(*arguments)
        assert 0 == done.code, done.err
        return done.out

    return run


def _audience(server):
    config = ClientConfig(base_url=server.url, api_key=Secret(server.api_key))
    with TalonOneClient(config) as client:
        client.create_audience_v2({"name": "VIP"})


def _run(statement):
    with closing(duckdb.connect("w.duckdb")) as db:
        return db.execute(statement).fetchall()


def _fill(*ids):
    _run("CREATE OR REPLACE TABLE vips (id VARCHAR)")
    for one in ids:
        _run(f"INSERT INTO vips VALUES ('{one}')")


def _members(server):
    state = server.state("memberships", "profiles")
    names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}


def _acknowledged():
    return {key for (key,) in _run("SELECT key FROM talon_one_sync.acknowledged_1")}


@pytest.mark.usefixtures("sync")
def test_a_push_keeps_its_store_beside_the_source(here, command, server):
    """A push leaves the acknowledged rows in the source and no store in the folder, and the next one compares."""
    command("push", "s.yml")
    _fill("b", "c", "d")
    (figures,) = json.loads(command("push", "s.yml", "--json"))["destinations"].values()
    assert (1, 1, 2) == (figures["adds"], figures["removes"], figures["same"])
    assert {"b", "c", "d"} == _members(server) == _acknowledged()
    assert not (here / "talon-one-store.duckdb").exists()


@pytest.mark.usefixtures("sync")
def test_a_plan_is_applied(command, server):
    """A plan changes nothing, and its file is applied."""
    command("plan", "s.yml", "--output", "plan.json")
    assert set() == _members(server)
    command("apply", "plan.json")
    assert {"a", "b", "c"} == _members(server) == _acknowledged()


@pytest.mark.usefixtures("sync")
def test_a_verification_heals(command, in_process, server):
    """A verification finds the member that somebody else has removed, and adds it again."""
    command("push", "s.yml")
    server.reset()
    _audience(server)
    assert 4 == in_process("verify", "s.yml").code
    command("verify", "s.yml", "--heal")
    assert {"a", "b", "c"} == _members(server)


def test_the_history_is_that_of_the_source(command, in_process, sync):
    """The option --sync of ``runs`` and ``retry`` finds the runs in the source, and one that is not there."""
    _run("CREATE OR REPLACE TABLE vips AS SELECT * FROM (VALUES ('a'), (NULL)) AS v (id)")
    sync(mode="upsert")
    command("push", "s.yml")
    (run,) = json.loads(command("runs", "--sync", "s.yml", "--json"))
    shown = json.loads(command("runs", "show", run["id"], "--sync", "s.yml", "--json"))
    assert ["invalid"] == [row["kind"] for row in shown["rejects"]]
    assert "refused 1 row" in command("retry", run["id"], "--sync", "s.yml")
    missing = in_process("runs", "show", "nosuch", "--sync", "s.yml")
    assert 2 == missing.code
    assert "there is no run nosuch in duckdb:///w.duckdb (schema talon_one_sync)" in missing.err


def test_the_log_is_written_into_the_same_file(here, command, sync):
    """The history of ``log_to`` and the store share a DuckDB file and a schema."""
    sync(log_to="duckdb:///w.duckdb")
    command("push", "s.yml")
    assert [("push",)] == _run("SELECT command FROM talon_one_sync.sync_runs")
    assert {"a", "b", "c"} == _acknowledged()


@pytest.mark.usefixtures("sync")
def test_an_erasure_reaches_the_source(command):
    """The option --sync of ``erase`` deletes the customer's acknowledged row from the database of the source."""
    command("push", "s.yml")
    counts = json.loads(command("erase", "--ids", "a", "--sync", "s.yml", "--local-only", "--yes", "--json"))
    assert 1 == counts["rows"]
    assert {"b", "c"} == _acknowledged()


@pytest.mark.usefixtures("sync")
def test_a_store_of_the_environment_wins(here, command, monkeypatch):
    """As with every setting, the environment and --config files win over the file."""
    monkeypatch.setenv("TALON_ONE_STORE", "st.duckdb")
    command("push", "s.yml")
    assert (here / "st.duckdb").is_file()
    assert [] == _run("SELECT 1 FROM duckdb_schemas() WHERE schema_name = 'talon_one_sync'")


@pytest.mark.parametrize(
    ("store", "source", "message"),
    [
        ({"in": "warehouse"}, SOURCE, "store.in must be source; a store in a file or at a URL is written as a text"),
        ({"schema": "x", "shema": "y"}, SOURCE, "store: 'shema' cannot be used; the object has in and schema"),
        ({"in": "source", "schema": 7}, SOURCE, "store: 'schema' cannot be used"),
        ({"in": "source"}, "v.csv", "the source v.csv cannot compare rows; that is possible in DuckDB, PostgreSQL, Sn"),
        ({"in": "source"}, {"url": "sqlite:///w.db", "table": "t"}, "the source sqlite:///w.db cannot compare rows"),
        ({"in": "source"}, {"url": "duckdb:///:memory:", "sql": "SELECT 1"}, "a database in memory"),
        ({"in": "source"}, {"url": "duckdb:///gone.duckdb", "sql": "SELECT 1"}, "there is no DuckDB file gone.duckdb"),
        ({"in": "source"}, SOURCE | {"sql": "SELECT nosuch FROM vips"}, "nosuch"),
        ({"in": "source"}, SOURCE | {"sql": "SELECT id, id FROM vips"}, "two columns named 'id'"),
        ({"in": "source"}, SOURCE | {"sql": "DELETE FROM vips"}, "must be one query: a SELECT"),
        ({"in": "source"}, SOURCE | {"sql": "SELECT 1) AS q; DROP TABLE vips; --"}, "source.sql"),
    ],
)
def test_what_cannot_be_compared_is_refused(here, in_process, server, store, source, message):
    """Nothing is sent, and the message says what is wrong and what to do."""
    (here / "v.csv").write_text("id\na\n")
    syncs = {"vip": {"source": source, **VIP}}
    (here / "s.yml").write_text(json.dumps({"store": store, "syncs": syncs}))
    done = in_process("push", "s.yml")
    assert 2 == done.code
    assert message in done.err
    assert set() == _members(server)
    assert [("a",), ("b",), ("c",)] == _run("SELECT id FROM vips ORDER BY 1")


def test_all_syncs_of_a_file_read_one_database(here, in_process, sync):
    """A second sync whose source is elsewhere is refused, and nothing is sent."""
    duckdb.connect("other.duckdb").close()
    other = VIP | {"audience": 2, "source": {"url": "duckdb:///other.duckdb", "sql": "SELECT 'x' AS id"}}
    content = json.loads((here / "s.yml").read_text())
    content["syncs"]["other"] = other
    (here / "s.yml").write_text(json.dumps(content))
    done = in_process("push", "s.yml")
    assert 2 == done.code
    assert "the source duckdb:///other.duckdb is not in duckdb:///w.duckdb (schema talon_one_sync)" in done.err


def test_a_user_who_may_only_read_gets_an_error_that_says_what_to_do(here, in_process, postgres_url):
    """A user of PostgreSQL who may not create a schema learns to get the right or to keep the store in a file."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE vips (id text)")
        cursor.execute("DROP ROLE IF EXISTS reads_only")
        cursor.execute("CREATE ROLE reads_only LOGIN PASSWORD 'Kanari7Zx9qq'")
        cursor.execute("GRANT SELECT ON vips TO reads_only")
    address = postgres_url.partition("@")[2] or postgres_url.partition("://")[2]
    url = f"postgresql://reads_only:Kanari7Zx9qq@{address}"
    syncs = {"vip": {"source": {"url": url, "table": "vips"}, **VIP}}
    (here / "s.yml").write_text(json.dumps({"store": {"in": "source"}, "syncs": syncs}))
    done = in_process("push", "s.yml")
    assert 2 == done.code
    assert "the schema talon_one_sync of the store cannot be created" in done.err
    assert "or keep the store in a file" in done.err
    assert "Kanari7Zx9qq" not in done.out + done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("push", "s.yml"),
        ("plan", "s.yml"),
        ("verify", "s.yml"),
        ("runs", "--sync", "s.yml"),
        ("retry", "r", "--sync", "s.yml"),
        ("erase", "--ids", "a", "--sync", "s.yml", "--yes", "--local-only"),
    ],
    ids=lambda arguments: arguments[0],
)
@pytest.mark.parametrize("address", ["u:Kanari7Zx9qq@127.0.0.1:1/x", "127.0.0.1:1/x?password=Kanari7Zx9qq&user=u"])
def test_no_command_tells_the_password_of_the_source(here, in_process, address, arguments):
    """The password in the URL of a source that cannot be reached is in no output."""
    syncs = {"vip": {"source": {"url": f"postgresql://{address}", "table": "vips"}, **VIP}}
    (here / "s.yml").write_text(json.dumps({"store": {"in": "source"}, "syncs": syncs}))
    done = in_process(*arguments)
    assert 0 != done.code
    assert "Kanari7Zx9qq" not in done.out + done.err
