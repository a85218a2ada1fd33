"""A plan and a verification create no store and save nothing in one, wherever it is."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from tests.examples import slow
from tests.target.source_databases import SERVERS, SourceDatabase

SYNC = {"sink": "audience_members", "mode": "mirror", "key": "id", "create_profiles": "allow", "max_delete_share": 1}
KINDS = ("file", "folder", "s3", "postgresql", "in duckdb", "in postgresql", slow("in snowflake"), slow("in bigquery"))


class Place:
    """A store of some kind, and the source of its sync."""

    def __init__(self, kind, request, folder):
        self.kind, self.folder, self.source = kind, folder, "p.csv"
        if kind.startswith("in "):
            of_server = SERVERS.get(kind.removeprefix("in "))
            url = request.getfixturevalue(of_server) if of_server else f"duckdb:///{folder}/source.duckdb"
            self.database = SourceDatabase(url)
            self.source, self.store = {"url": url, "sql": "SELECT id FROM segment"}, {"in": "source"}
        elif kind == "postgresql":
            self.store = request.getfixturevalue("postgres_url")
            self.database = SourceDatabase(self.store)
        else:
            self.files = request.getfixturevalue("s3") if kind == "s3" else None
            self.store = {"file": "st.duckdb", "folder": f"file://{folder}/store", "s3": "s3://bucket/store"}[kind]

    def fill(self, *names):
        """Write the source."""
        if self.kind.startswith("in "):
            self.database.fill_ids(names)
        else:
            (self.folder / "p.csv").write_text("\n".join(("id", *names)))

    def content(self):
        """Return what the store holds, or nothing if there is none; of a file, which lists its runs, whether it is."""
        if self.kind == "file":
            return [*self.folder.glob("st*")]
        if self.kind == "folder":
            return sorted(self.folder.glob("store/**"))
        if self.kind == "s3":
            return sorted(self.files.find("bucket"))
        if self.kind == "postgresql":
            there = self.database.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            return there and self.database.run("SELECT ctid::text, table_name FROM talon_one_sync_store ORDER BY 1")
        with suppress(Exception):  # each database has its own for a table that is missing
            return self.database.run("SELECT store, files FROM talon_one_sync.stores")
        return []


@pytest.fixture(params=KINDS)
def place(request, tmp_path, monkeypatch, server, account):
    """An empty account, and a source of two rows whose sync has a store of some kind."""
    server.reset()
    monkeypatch.chdir(tmp_path)
    account(server)
    found = Place(request.param, request, tmp_path)
    found.fill("ada", "ben")
    syncs = {"vip": {"source": found.source, **SYNC, "audience": {"name": "VIP"}}}
    Path("s.yml").write_text(json.dumps({"store": found.store, "syncs": syncs}))
    return found


def test_a_plan_and_a_verification_leave_no_trace(place, in_process):
    """A new store is empty for them, and is not made; an existing one stays as the push has left it."""

    def planned():
        done = in_process("plan", "s.yml", "--json")
        assert 0 == done.code, done.err
        (one,) = json.loads(done.out)["destinations"]
        return one["adds"], one["removes"], one["same"]

    assert (2, 0, 0) == planned()
    assert 5 == in_process("verify", "s.yml").code  # the audience does not exist yet
    assert [] == place.content()
    assert 0 == in_process("push", "s.yml").code
    place.fill("ben", "cleo")
    left = place.content()
    assert left
    assert (1, 1, 1) == planned()
    assert 4 == in_process("verify", "s.yml").code
    assert left == place.content()
    assert 0 == in_process("push", "s.yml").code
    assert (0, 0, 2) == planned()
