"""Errors are printed with one line for each problem, whatever text of others is in a message."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import talon_one_cli
import talon_one_loading
import talon_one_singer
import talon_one_warehouse
import tap_talon_one
import target_talon_one
from talon_one_cli.command import guarded_run
from talon_one_client.errors import TalonOneError
from talon_one_singer import ConfigError, SingerError
from talon_one_singer.errors import ClosedPipe, Stopped
from talon_one_warehouse import WarehouseError
from target_talon_one.errors import GuardError, SyncError, VerificationError

SAID = "no\r\nError: forged\nError: again\x85Error: next\u2028Error: line\u2029Error: page\x0bError: tab\x0cError: feed"
WITHOUT_DLT = ("talon_one_loading.dlt_source",)  # dlt is in an environment of its own
PACKAGES = (talon_one_cli, talon_one_loading, talon_one_singer, talon_one_warehouse, tap_talon_one, target_talon_one)

for package in PACKAGES:
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__") and module.name not in WITHOUT_DLT:
            importlib.import_module(module.name)


def kinds(base: type[Exception]) -> list[type[Exception]]:
    """Return the class and all its subclasses in this project."""
    found = [base, *(one for child in base.__subclasses__() for one in kinds(child))]
    return [one for one in dict.fromkeys(found) if one.__module__.split(".")[0].partition("_")[0] != "tests"]


SILENT = (Stopped, ClosedPipe)
BASES = (SingerError, TalonOneError, WarehouseError)
KINDS = [kind for base in BASES for kind in kinds(base) if kind not in SILENT]


def made(kind: type[Exception], text: str) -> Exception:
    """Return an error of this kind with a text in its message."""
    if kind is GuardError:
        return GuardError(text, guard="g", destination="d", figures={})
    if kind is VerificationError:
        return VerificationError({text: SyncError(text)})
    if issubclass(kind, TalonOneError):
        return kind("HTTP 400", server_message=text, request_id=text)
    needed = [
        one
        for one in inspect.signature(kind.__init__).parameters.values()
        if one.default is one.empty and one.name != "self"
    ]
    named = {one.name: {text: text} if one.name == "key" else text for one in needed if one.kind is one.KEYWORD_ONLY}
    return kind(*[text for one in needed if one.kind is one.POSITIONAL_OR_KEYWORD] or [text], **named)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_line_break_of_others_makes_no_second_line(capsys, kind):
    """A line break from a server, a file or a database cannot start a line that looks like another message."""

    def work(*_):
        raise made(kind, SAID)

    assert guarded_run("talon-one load", work) > 0
    printed = capsys.readouterr().err
    assert 1 == printed.count("\n")
    assert 1 == len(printed.splitlines())
    assert printed.startswith("Error: ")


def test_each_problem_of_ours_has_its_line(capsys):
    """Several problems are printed at once, one per line, and a break inside one is escaped."""

    def work(*_):
        raise ConfigError("first", "second\nError: forged")

    assert 2 == guarded_run("talon-one load", work)
    assert "Error: first\nError: second\\nError: forged\n" == capsys.readouterr().err
