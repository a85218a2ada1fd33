"""What a shell completes."""

from __future__ import annotations

import click
import pytest
from click.shell_completion import BashComplete

from talon_one_cli.main import COMMANDS, cli


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


@pytest.mark.parametrize("name", COMMANDS)
def test_a_mistyped_command_is_answered_with_the_right_one(in_process, name):
    """A command with two letters swapped, doubled or left out gets a hint."""
    for wrong in (f"{name[1]}{name[0]}{name[2:]}", f"{name}{name[-1]}", name[1:]):
        done = in_process(wrong)
        assert (2, True) == (done.code, f"No such command {wrong!r}; did you mean " in done.err)
    assert f"did you mean {name!r}?" in in_process(f"{name}{name[-1]}").err


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_errors_name_the_variable_of_an_option(name, in_process, monkeypatch):
    """An option that a variable can give says so in the help, and in the error if both are missing."""
    monkeypatch.delenv("TALON_ONE_TO", raising=False)
    command = cli.get_command(click.Context(cli), name)
    for option in (one for one in command.params if isinstance(one, click.Option) and one.envvar):
        assert option.envvar in in_process(name, "--help").out
        if option.required:
            assert f"Missing option '{option.opts[0]}' (env var: '{option.envvar}')" in in_process(name).err
