"""A plan file of any shape is applied exactly, or refused in one line before anything is sent."""

from __future__ import annotations

import copy
import json

import pytest

from tests.examples import slow

SHOWN = {"same", "duplicates", "invalid", "known", "guard", "samples", "reasons"}
HARMLESS = {"made", "minutes"}  # the time of the plan, and how long it takes at the budget of that time
VALUES = (None, True, 0, -1, 1.5, "", "x", "\0", [], [1], {}, {"a": None}, 10**30)


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """Return a folder with a plan of two destinations."""
    server.reset()
    monkeypatch.chdir(tmp_path)
    account(server)
    (tmp_path / "v.csv").write_text("id\na\nb\n")
    members = {"source": "v.csv", "sink": "audience_members", "mode": "mirror", "key": "id", "create_profiles": "allow"}
    syncs = {name: {**members, "audience": {"name": name}} for name in ("one", "two")}
    (tmp_path / "s.yml").write_text(json.dumps({"store": "st.duckdb", "syncs": syncs}))
    return tmp_path


@pytest.fixture
def command(in_process):
    """Run ``talon-one`` and return its exit code and what standard error has besides the log."""

    def run(*arguments):
        done = in_process(*arguments)
        return done.code, "".join(one for one in done.err.splitlines(keepends=True) if " INFO talon-one " not in one)

    return run


def broken(plan):
    """Return plans in which each part is missing or has another value, at every level, with the place of the change."""
    places = [(name,) for name in plan] + [("destinations", 0)]
    places += [("destinations", 0, name) for name in plan["destinations"][0]]
    for place in places:
        for value in ("left out", *VALUES):
            changed = copy.deepcopy(plan)
            holder = changed
            for step in place[:-1]:
                holder = holder[step]
            if value == "left out":
                del holder[place[-1]]
            elif holder[place[-1]] == value and type(holder[place[-1]]) is type(value):
                continue
            else:
                holder[place[-1]] = value
            yield place[-1], changed


def holds_something_else(plan, changed, name):
    """Return whether a value that the plan shows to its reader was changed; ``erase`` may remove it."""
    one = changed["destinations"][0]
    return name in one and one[name] not in ([], {}) and one[name] != plan["destinations"][0][name]


@pytest.mark.parametrize("edited", [{"profileIntegrationId": "z"}, {"profileIntegrationId": "a", "more": 1}, "a", None])
def test_an_edited_sample_is_refused(here, command, edited):
    """A plan whose sample rows were edited is refused, because they must be rows that are sent."""
    command("plan", "s.yml", "-o", "p.json")
    plan = json.loads((here / "p.json").read_text())
    plan["destinations"][0]["samples"]["add"][0] = edited
    (here / "p.json").write_text(json.dumps(plan))
    code, said = command("apply", "p.json")
    assert 1 == code
    assert "Error: one: samples in the plan differs from what would be done now; plan again\n" == said


@pytest.mark.parametrize("every", [9, slow(1)])
def test_every_part_of_a_plan_is_checked(here, command, server, every):
    """A plan with a missing or changed part is refused without a traceback, and nothing is sent."""
    assert 0 == command("plan", "s.yml", "-o", "p.json")[0]
    plan = json.loads((here / "p.json").read_text())
    server.clear_requests()
    for name, changed in list(broken(plan))[::every]:
        if name in HARMLESS or (name in SHOWN and not holds_something_else(plan, changed, name)):
            continue
        (here / "q.json").write_text(json.dumps(changed))
        code, said = command("apply", "q.json")
        assert code in (1, 2), (name, said)
        assert said.startswith("Error: "), (name, said)
        assert "internal error" not in said, (name, said)
    assert [] == [one for one in server.requests() if one["method"] != "GET"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"{", b"\xff\xfe\x00", b"x" * 100, b'{"format": 1, "destinations": []}']
)
def test_a_file_that_is_no_plan_is_refused(here, command, content):
    """A file that is not a plan, or one of an older version, is refused in one line."""
    (here / "q.json").write_bytes(content)
    code, said = command("apply", "q.json")
    assert 2 == code
    assert said.startswith("Error: ")


def test_what_only_people_read_may_be_missing(here, command):
    """A plan from which ``erase`` has removed samples is applied."""
    command("plan", "s.yml", "-o", "p.json")
    plan = json.loads((here / "p.json").read_text())
    for one in plan["destinations"]:
        for name in {*SHOWN, "minutes"}:
            one.pop(name)
    (here / "p.json").write_text(json.dumps(plan))
    assert 0 == command("apply", "p.json")[0]
