"""Lineage of a real run: our events join with those of other operators."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("database", "connection")


@pytest.mark.slow
def test_our_events_form_one_graph_with_those_of_an_sql_operator(emu, postgres_url, tmp_path, monkeypatch):
    """Events of a real run lead from the program through load, SQL and push to the audience."""
    emu.reset("synthetic", cards=4, transactions=5)
    user, _, rest = postgres_url.removeprefix("postgresql://").partition("@")
    login, _, password = user.partition(":")
    server, _, name = rest.partition("/")
    host, _, port = server.partition(":")
    value = {"conn_type": "postgres", "login": login, "password": password, "host": host, "port": int(port)}
    monkeypatch.setenv("AIRFLOW_CONN_PG", json.dumps({**value, "schema": name}))
    events = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    environment = {
        **os.environ,
        "AIRFLOW__OPENLINEAGE__DISABLED": "False",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    }
    command = [sys.executable, "-m", "airflow", "dags", "test", "lineage_of_segments"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert 0 == done.returncode, done.stdout[-3000:] + done.stderr[-3000:]
    jobs = {}
    for line in events.read_text().splitlines():
        event = json.loads(line)
        if event["eventType"] == "COMPLETE" and "." in event["job"]["name"]:
            jobs[event["job"]["name"].rpartition(".")[2]] = event
    read, written = (
        {job: {(one["namespace"], one["name"]) for one in event[kind]} for job, event in jobs.items()}
        for kind in ("inputs", "outputs")
    )
    place = f"postgres://{server}"
    assert {(emu.url.replace("http", "talonone"), "loyalty_programs/1")} == read["load"]
    ledger, vip = (place, f"{name}.talon_one.loyalty_card_transactions"), (place, f"{name}.public.vip")
    assert [{ledger}, {ledger}] == [written["load"], read["build"]]
    assert [{vip}, {vip}] == [written["build"], read["push"]]
    assert {(emu.url.replace("http", "talonone"), "audiences/1")} == written["push"]
    (output,) = jobs["push"]["outputs"]
    assert 4 == output["outputFacets"]["outputStatistics"]["rowCount"]
    assert "SELECT id FROM vip" == jobs["push"]["job"]["facets"]["sql"]["query"]
