"""What ``talon-one verify`` says of syncs that it cannot compare, or whose store knows nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from talon_one_emulator import Emulator

MEMBERS = {"source": "p.csv", "sink": "audience_members", "mode": "mirror", "key": "id", "create_profiles": "allow"}
VIP = MEMBERS | {"audience": {"name": "VIP"}}
BROKEN = {
    "audience": (MEMBERS | {"audience": 999}, "the audience 999 does not exist at Talon.One; check its id"),
    "catalog": (
        {"source": "p.csv", "sink": "catalog_items", "catalog_id": 999, "mode": "mirror", "map": {"sku": "id"}},
        "the catalog 999 does not exist at Talon.One; check catalog_id",
    ),
    "program": (
        {"source": "p.csv", "sink": "loyalty_tiers_import", "loyalty_program_id": 999, "mode": "upsert"},
        "the loyalty program 999 does not exist at Talon.One; check loyalty_program_id",
    ),
}


@pytest.fixture
def write(tmp_path, monkeypatch, server, account):
    """Return a function that writes a file of syncs beside a source of one row; the account is empty."""
    server.reset()
    monkeypatch.chdir(tmp_path)
    account(server)
    Path("p.csv").write_text("id,customerProfileId,tierName\nada,ada,Gold\n")

    def file(**syncs):
        Path("s.yml").write_text(json.dumps({"syncs": syncs}))
        return "s.yml"

    return file


@pytest.mark.parametrize(("given", "message"), BROKEN.values(), ids=list(BROKEN))
def test_a_destination_that_does_not_exist_is_named_and_the_others_are_compared(write, in_process, given, message):
    """The message has the sync and its setting, with exit code 2; the other sync of the file has its verdict."""
    assert 0 == in_process("push", write(vip=VIP)).code
    path = write(bad=given, vip=VIP)
    for options in ([], ["--heal"]):
        done = in_process("verify", path, *options)
        assert (2, f"Error: bad: {message}\n") == (done.code, done.err[done.err.index("Error: ") :])
        assert "vip: equal: 1 expected" in done.out
    found = json.loads(in_process("verify", path, "--json").out)
    assert [("vip", "equal")] == [(one["name"], one["verdict"]) for one in found]


def test_a_listing_that_is_not_there_is_named_if_the_key_may_not_look_it_up(write, in_process, server):
    """A key that may not list the audiences finds out when it reads the members."""
    server.fault("get_audiences", "403", count=0)
    done = in_process("verify", write(bad=MEMBERS | {"audience": 999}))
    server.clear_faults()
    assert 2 == done.code
    assert "Error: bad: " in done.err
    assert "check audience" in done.err


def test_the_verdict_of_a_store_that_knows_nothing_is_unknown(write, in_process):
    """Members that no row names may have been added with another store: that is said, and is not equal."""
    Path("p.csv").write_text("id\nada\nben\n")
    assert 0 == in_process("push", write(vip=VIP)).code
    Path("p.csv").write_text("id\nada\n")
    path = write(vip=VIP)
    known = in_process("verify", path)
    assert 4 == known.code
    assert "is new for vip" not in known.err
    Path("talon-one-store.duckdb").unlink()
    done = in_process("verify", path)
    assert 5 == done.code
    assert "is new for vip: this mirror removes no row that was added before" in done.err
    assert "earlier pushes may have added rows that are not in its source (1 found)" in done.out
    Path("p.csv").write_text("id\nada\nben\n")
    assert 0 == in_process("verify", path).code  # every member is in the source
    Path("p.csv").write_text("id\nada\ncleo\n")
    assert 4 == in_process("verify", path).code


def test_a_refused_row_that_was_sent_earlier_is_no_drift(write, in_process, account):
    """A mirror keeps such a row at Talon.One, so verify is equal, and --heal has nothing to do."""
    with Emulator(seed="demo", management_rate=0) as emu:
        account(emu)
        catalog = emu.state("catalogs")["catalogs"][0]["id"]
        given = {"source": "i.csv", "sink": "catalog_items", "catalog_id": catalog, "mode": "mirror"}
        given |= {"map": {"sku": "id", "price": "price"}, "max_reject_share": 1, "max_delete_share": 1}
        path = write(items=given)
        Path("i.csv").write_text("id,price\na,1\nb,2\nc,3\n")
        assert 0 == in_process("push", path).code
        Path("i.csv").write_text("id,price\na,1\nb,free\n")
        done = in_process("verify", path)
        assert (4, True) == (done.code, "1 to remove; 1 refused" in done.out)
        assert "to remove: c" in done.out
        assert 0 == in_process("push", path).code
        for options in ([], ["--heal"]):
            done = in_process("verify", path, *options)
            assert 0 == done.code
            assert "items: equal: 1 expected" in done.out
            assert "1 refused in the source" in done.out
        assert "b" in {item["sku"] for item in emu.state("items")["items"]}
