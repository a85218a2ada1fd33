"""``log_conn_id``: the history of pushes in the warehouse of an Airflow connection."""

from __future__ import annotations

import json
import logging

import duckdb
import pytest

pytestmark = pytest.mark.usefixtures("database", "connection")
HISTORY = """
SELECT r.status, r.command, c.row_key, c.operation
FROM talon_one_sync.sync_changes AS c JOIN talon_one_sync.sync_runs AS r ON r.run_id = c.run_id ORDER BY c.row_key
"""


@pytest.fixture
def push(push_members, tmp_path):
    """Push two members, with a store in a file."""
    (tmp_path / "ids.csv").write_text("id\na\nb\n")

    def run(**given):
        return push_members(source_url=str(tmp_path / "ids.csv"), store=str(tmp_path / "store.duckdb"), **given)

    return run


@pytest.fixture
def log(tmp_path, monkeypatch):
    """The file of a connection of type duckdb, ``log``."""
    path = tmp_path / "log.duckdb"
    monkeypatch.setenv("AIRFLOW_CONN_LOG", json.dumps({"conn_type": "duckdb", "host": str(path)}))
    return path


def test_the_history_is_written_through_a_connection(push, log):
    """The warehouse of the connection gets the rows of a push with their task, and nothing of a plan."""
    push(log_conn_id="{{ 'log' }}", plan_only=True)
    assert not log.exists()
    push(log_conn_id="{{ 'log' }}")
    with duckdb.connect(str(log)) as warehouse:
        rows = warehouse.sql(HISTORY).fetchall()
    assert [("done", "airflow dag.task (push)", key, "add") for key in ("a", "b")] == rows


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"log_conn_id": "nothing"}, "not written to the connection nothing: "),
        (
            {"log_conn_id": "log", "settings": {"log_to": "duckdb:///x"}},
            "not written to duckdb:///x with the connection",
        ),
    ],
)
def test_a_connection_that_cannot_be_used_fails_no_push(push, log, caplog, given, words):
    """The push is done, a warning names the connection, and the next push writes both runs."""
    with caplog.at_level(logging.WARNING):
        assert 2 == push(**given).returned["sent"]
    assert words in caplog.text
    push(log_conn_id="log")
    with duckdb.connect(str(log)) as warehouse:
        assert 2 == len(warehouse.sql(HISTORY).fetchall())
