"""``--select``, folders of sync files, and ``depends_on``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PROFILES = {"source": "p.csv", "sink": "customer_profiles", "mode": "upsert", "key": "id"}
MEMBERS = {"source": "p.csv", "sink": "audience_members", "mode": "mirror", "key": "id"}


def members(name, **more):
    """Return a sync of an audience."""
    return {**MEMBERS, "audience": {"name": name}, **more}


@pytest.fixture
def write(tmp_path, monkeypatch, server, account):
    """Return a function that writes a file of syncs, in a folder with a source of two rows and an empty account."""
    server.reset()
    server.add("attributes", {"entity": "CustomerProfile", "name": "city", "type": "string"})
    server.clear_requests()
    monkeypatch.chdir(tmp_path)
    account(server)
    (tmp_path / "p.csv").write_text("id,city\nada,Ulm\nben,Bern\n")
    (tmp_path / "syncs").mkdir()

    def file(path, **syncs):
        (tmp_path / path).write_text(json.dumps({"syncs": syncs}))
        return str(tmp_path / path)

    return file


def written(server):
    """Return the paths of the requests that changed something, in their order."""
    return [one["path"] for one in server.requests() if one["method"] != "GET"]


def test_selected_syncs_run_and_no_others(write, in_process, server):
    """plan, push and verify take the syncs that --select names."""
    path = write("s.yml", vip=members("vip", create_profiles="allow"), lapsing=members("lapsing"), shoppers=PROFILES)
    planned = json.loads(in_process("plan", path, "--select", "vip, shoppers", "--json", "-o", "p.json").out)
    assert ["vip", "shoppers"] == [one["name"] for one in planned["destinations"]]
    assert ["vip", "shoppers"] == planned["select"]
    done = in_process("push", path, "--json", "--select", "vip")
    assert 0 == done.code, done.err
    assert ["vip"] == list(json.loads(done.out)["destinations"])
    found = in_process("verify", path, "--json", "--select", "vip")
    assert [("vip", "equal")] == [(one["name"], one["verdict"]) for one in json.loads(found.out)]
    assert "the syncs vip, shoppers" not in in_process("apply", "p.json").err  # moved, and not of other syncs


@pytest.mark.parametrize(
    ("select", "words"), [("vpi", "did you mean 'vip'?"), ("vip,other", "no sync 'other'"), (" , ", "names no sync")]
)
def test_a_selection_of_nothing_that_is_there_is_refused(write, in_process, server, select, words):
    """A name that no sync has is an error, so that a typing error does not run nothing or everything."""
    done = in_process("push", write("s.yml", vip=members("vip")), "--select", select)
    assert 2 == done.code
    assert words in done.err
    assert [] == server.requests()


def test_a_folder_is_pushed_in_the_order_of_its_dependencies(write, in_process, server):
    """Profiles are sent before the audience of another file that depends on them, so that none is created there."""
    write("syncs/a.yml", vip=members("vip", depends_on="shoppers"))
    write("syncs/b.yaml", shoppers=PROFILES)
    write("syncs/notes.txt", not_read={})
    planned = in_process("plan", "syncs")
    assert 0 == planned.code, planned.err
    assert "vip: is sent after shoppers" in planned.out
    assert [] == written(server)
    refused = in_process("plan", "syncs", "-o", "p.json")
    assert 2 == refused.code
    assert "(shoppers | vip); use --select for each" in refused.err
    done = in_process("push", "syncs", "--json")
    assert 0 == done.code, done.err
    report = json.loads(done.out)
    assert [["shoppers"], ["vip"]] == [list(run["destinations"]) for run in report["runs"]]
    assert ({}, {}) == (report["failed"], report["skipped"])
    paths = written(server)
    assert paths.index("/v2/customer_profiles") < paths.index("/v2/customer_audiences")
    found = in_process("verify", "syncs")
    assert 0 == found.code, found.err
    assert "shoppers: not compared: Talon.One has no list" in found.out
    assert "vip: equal" in found.out
    assert 5 == in_process("verify", "syncs", "--select", "shoppers").code
    assert 0 == in_process("plan", "syncs", "--select", "vip", "-o", "p.json").code
    assert 0 == in_process("apply", "p.json").code


def test_dependents_of_a_failed_sync_are_skipped_and_named(write, in_process, server):
    """What depends on a failed sync, directly or not, is not sent; everything else is."""
    write(
        "syncs/a.yml",
        shoppers=PROFILES,
        vip=members("vip", depends_on=["shoppers"], source="nowhere.csv"),
        best=members("best", depends_on=["vip"]),
        top=members("top", depends_on=["best", "shoppers"]),
    )
    write("syncs/b.yml", lapsing=members("lapsing", depends_on=["shoppers"]))
    done = in_process("push", "syncs", "--json")
    assert 2 == done.code
    report = json.loads(done.out)
    assert {"best": "vip", "top": "best"} == report["skipped"]
    assert ["vip"] == list(report["failed"])
    assert [["shoppers"], ["lapsing"]] == [list(run["destinations"]) for run in report["runs"]]
    assert "Error: best: skipped, because it depends on vip" in done.err
    assert "Error: 1 of 5 syncs failed: vip, and 2 skipped: best, top" in done.err


def test_only_the_dependents_of_the_sync_that_failed_are_skipped(write, in_process, server, tmp_path):
    """In a run of two syncs the one that was sent counts as done; a refused row is not sent, and fails its sync."""
    (tmp_path / "bad.csv").write_text("id\nada\n" + "x" * 1001 + "\n")
    path = write(
        "s.yml",
        shoppers=PROFILES,
        bad={
            **PROFILES,
            "source": "bad.csv",
            "max_reject_share": 0,
            "sink": "audience_members",
            "audience": {"name": "b"},
        },
        vip=members("vip", depends_on=["shoppers"]),
        top=members("top", depends_on=["bad"]),
    )
    done = in_process("push", path, "--json", "--guard", "create_profiles=allow")
    assert 1 == done.code
    report = json.loads(done.out)
    assert {"top": "bad"} == report["skipped"]
    assert ["bad"] == list(report["failed"])
    assert {"shoppers", "vip"} <= {name for run in report["runs"] for name in run["destinations"]}


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"a": ["c"], "b": ["a"], "c": ["b"]}, "in a circle: a → c → b → a"),
        ({"a": ["a"], "b": [], "c": []}, "in a circle: a → a"),
        ({"a": ["d"], "b": [], "c": []}, "syncs.a.depends_on: there is no sync 'd'"),
        ({"a": {"b": 1}, "b": [], "c": []}, "syncs.a.depends_on must be an array"),
    ],
)
def test_dependencies_that_cannot_be_ordered_are_refused_by_name(write, in_process, server, needs, words):
    """A circle names its syncs in order; nothing is read and nothing is sent."""
    done = in_process("push", write("s.yml", **{name: members(name, depends_on=on) for name, on in needs.items()}))
    assert 2 == done.code
    assert words in done.err
    assert [] == server.requests()


def test_files_of_a_folder_have_syncs_of_different_names(write, in_process):
    """Two files with one name are an error that names both; so is a folder without any file."""
    assert "has no file that ends with .yml or .yaml" in in_process("plan", "syncs").err
    write("syncs/a.yml", vip=members("vip"))
    write("syncs/b.yml", vip=members("vip"))
    done = in_process("plan", "syncs")
    assert 2 == done.code
    assert "syncs/a.yml and syncs/b.yml both have a sync 'vip'" in done.err


def test_two_syncs_of_a_folder_do_not_write_to_one_destination(write, in_process, server):
    """Two mirrors of one audience would undo each other; it does not matter how each names the audience."""
    write("syncs/a.yml", vip=members("vip", create_profiles="allow"))
    assert 0 == in_process("push", "syncs").code
    write("syncs/b.yml", same=members("vip"))
    done = in_process("plan", "syncs")
    assert 2 == done.code
    assert "vip and same write to the same audience_members (audience vip); let only one" in done.err
    (number,) = [one["id"] for one in server.state("audiences")["audiences"]]
    write("syncs/b.yml", same={**MEMBERS, "audience": number, "source": "other.csv"})
    (Path.cwd() / "other.csv").write_text("id\nada\n")
    server.clear_requests()
    done = in_process("push", "syncs")
    assert 2 == done.code
    assert f"vip and same write to the same audience_members (audience {number}); let only one" in done.err
    assert [] == written(server)
    write("s.yml", renamed=members("vip", max_delete_share=1))
    Path("p.csv").write_text("id\nada\n")
    done = in_process("push", "s.yml")
    assert 0 == done.code, done.err
    assert "renamed: another sync, vip, has last written to this destination (audience_members at " in done.err
    assert f", audience {number}): this push removes 1 of the rows that they have added" in done.err
    assert "another sync" not in in_process("push", "s.yml").err
