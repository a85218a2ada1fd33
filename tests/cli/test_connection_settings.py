"""Settings of the commands that read from Talon.One."""

from __future__ import annotations

import pytest

from talon_one_cli.connection_settings import load_settings
from talon_one_singer import ConfigError
from talon_one_singer.reporting.redaction import Redactor

URL = {"TALON_ONE_BASE_URL": "https://yourbaseurl.talon.one"}


def test_both_prefixes_are_read_and_the_longer_one_wins():
    """TALON_ONE_ is enough; TAP_TALON_ONE_, which Meltano sets, overrides it."""
    environ = {**URL, "TALON_ONE_CONCURRENCY": "2", "TAP_TALON_ONE_PAGE_SIZE": "50"}
    settings = load_settings([], Redactor(), environ=environ)
    assert (2, 50) == (settings["concurrency"], settings["page_size"])
    settings = load_settings([], Redactor(), environ={**environ, "TAP_TALON_ONE_CONCURRENCY": "3"})
    assert 3 == settings["concurrency"]


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "setting 'base_url' is missing; set it in a --config file, or as TALON_ONE_BASE_URL"),
        (
            {**URL, "TALON_ONE_CONCURRENCY": "x"},
            "the environment variable TALON_ONE_CONCURRENCY must be a number, not 'x'",
        ),
    ],
)
def test_a_problem_names_the_variable_that_the_commands_read(environ, problem):
    """The message names the short variable, without an option that the commands do not need."""
    with pytest.raises(ConfigError) as raised:
        load_settings([], Redactor(), environ=environ)
    assert (problem,) == tuple(raised.value.lines)
