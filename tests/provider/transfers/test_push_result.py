"""XCom of pushes, plans and verifications: figures, and never a row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.transfers.verify import VerifySyncOperator

pytestmark = pytest.mark.usefixtures("database", "connection")


@pytest.fixture
def segment(tmp_path):
    """Return the arguments of a push of two members."""
    (tmp_path / "vip.csv").write_text("id\nplanted-a\nplanted-b\n")
    folders = {name: str(tmp_path / name) for name in ("rejects_directory", "results_directory")}
    return {"source_url": str(tmp_path / "vip.csv"), "store": str(tmp_path / "store.duckdb"), **folders}


def test_a_plan_has_its_rows_in_a_file(emu, push_members, segment, tmp_path):
    """XCom has the counts and the path of the file with a few rows."""
    with (tmp_path / "vip.csv").open("a") as file:
        file.write("planted" * 300 + "\n")
    done = push_members(**segment, plan_only=True, max_reject_share=1)
    assert (2, 1) == (done.returned["adds"], done.returned["invalid"])
    assert done.returned["reasons"]
    assert "planted" not in json.dumps(done.returned)
    rows = [json.loads(line) for line in Path(done.returned["samples"]).read_text().splitlines()]
    kinds, ids = {one["kind"] for one in rows}, {one["row"]["profileIntegrationId"] for one in rows}
    assert ({"add"}, {"planted-a", "planted-b"}) == (kinds, ids)
    assert [] == emu.state("memberships")["memberships"]


def test_masked_rows_are_in_no_file(push_members, segment):
    """With mask_rejects a plan has no file of rows."""
    returned = push_members(**segment, plan_only=True, settings={"mask_rejects": True}).returned
    assert None is returned["samples"]
    assert not Path(segment["results_directory"]).exists()


def test_a_verification_has_its_keys_in_a_file(emu, push_members, run_task, segment):
    """The keys of foreign members are in the file, and neither in XCom nor in the error of a difference."""
    push_members(**segment)
    options = {"audience": {"name": "VIP"}, "key": "id", **segment}
    found = run_task(VerifySyncOperator, **options).returned
    assert ("equal", None) == (found["verdict"], found["examples"])
    emu.add("profiles", {"integrationId": "planted-c"})
    with TalonOneHook().client as client:
        member = {"action": "add", "profileIntegrationId": "planted-c", "audienceId": 1}
        client.update_customer_profile_audiences({"data": [member]})
    found = run_task(VerifySyncOperator, **options).returned
    assert 1 == found["foreign_members"]
    assert "planted" not in json.dumps(found)


def test_a_verification_of_what_is_not_known_fails(push_members, run_task, segment, tmp_path):
    """A store that knows no row, which is not created, and an audience that does not exist are errors that say so."""
    push_members(**segment)
    (tmp_path / "vip.csv").write_text("id\nplanted-a\n")
    options = {"audience": {"name": "VIP"}, "key": "id", **segment, "store": str(tmp_path / "other.duckdb")}
    assert "unknown" == run_task(VerifySyncOperator, **options, allow_unknown=True).returned["verdict"]
    with pytest.raises(AirflowFailException, match=r"other.duckdb knows no row of this sync"):
        run_task(VerifySyncOperator, **options)
    assert not (tmp_path / "other.duckdb").exists()
    with pytest.raises(AirflowFailException, match=r"the audience 999 does not exist at Talon.One; check its id"):
        run_task(VerifySyncOperator, **options | {"audience": 999})


def test_a_push_has_its_figures_once(push_members, segment):
    """The result has run, sent, refused, rejects and the other counts; a push that works leaves no second copy."""
    done = push_members(**segment)
    assert ["run", "sent", "refused", "rejects", "figures"] == [*done.returned]
    assert 2 == done.returned["sent"] == done.returned["figures"]["sent"]
    assert not hasattr(done, "figures")
