"""What a shell completes."""

from __future__ import annotations

import pytest
from click.shell_completion import BashComplete

from talon_one_cli.main import cli


@pytest.mark.parametrize(
    ("words", "incomplete", "expected"),
    [
        ([], "pl", [("plain", "plan")]),
        (["push", "s.yml"], "--sel", [("plain", "--select")]),
        (["push"], "s", [("file", "s")]),
        (["doctor"], "s", [("file", "s")]),
        (["check", "--config"], "c", [("file", "c")]),
    ],
)
def test_a_shell_completes_commands_options_and_files(words, incomplete, expected):
    """Commands and options are completed by their names, and files by the shell."""
    completed = BashComplete(cli, {}, "talon-one", "_TALON_ONE_COMPLETE").get_completions(words, incomplete)
    assert expected == [(one.type, one.value) for one in completed]
