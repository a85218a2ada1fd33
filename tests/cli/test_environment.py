"""Environment variables that look like misspelled ones of the commands."""

import json

import pytest

from talon_one_cli.environment import misspelled_variables

WRONG = {
    "TALON_ONE_STOR": "TALON_ONE_STORE",
    "TALON_ONE_REQUEST_PER_SECOND": "TALON_ONE_REQUESTS_PER_SECOND",
    "TAP_TALON_ONE_APIKEY": "TAP_TALON_ONE_API_KEY",
    "TALON_ONE_MANAGEMENT_API_KEY": "TALON_ONE_MANAGEMENT_KEY",
    "TALON_ONE_LOG_LEVEL": "TALON_ONE_LOGLEVEL",
    "TALON_ONE_LISTEN_TOKN": "TALON_ONE_LISTEN_TOKEN",
    "TALON_ONE_ALERT": "TALON_ONE_ALERTS",
}


@pytest.fixture(autouse=True)
def environment(account, server, monkeypatch):
    """An account, and misspelled variables."""
    account(server)
    for name in WRONG:
        monkeypatch.setenv(name, "planted-value")


def test_a_command_names_the_nearest_variable_and_never_the_value(in_process):
    """Each misspelled variable is a warning with the one that is read."""
    done = in_process("check")
    for name, near in WRONG.items():
        assert 1 == done.err.count(f"the environment variable {name} sets nothing; did you mean {near}?")
    assert "planted-value" not in done.err + done.out


def test_doctor_reports_a_problem(in_process):
    """Doctor ends with exit code 1 and says which variable to rename."""
    done = in_process("doctor", "--json")
    problems = [one["message"] for one in json.loads(done.out)["findings"] if one["level"] == "problem"]
    assert 1 == done.code
    assert sorted(WRONG) == sorted(text.split()[3] for text in problems)


def test_variables_that_are_read_or_of_others_are_no_problem():
    """Variables of options, and such that a SYNC.yml may use, are left alone."""
    assert [] == misspelled_variables(dict.fromkeys(["TALON_ONE_TO", "TALON_ONE_LOGLEVEL", "TALON_ONE_API_KEY_2"], ""))
