"""Programs whose standard streams are closed or full, and whose output has another encoding than UTF-8."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = {"talon_one_cli": ["--help", "--version"], "tap_talon_one": ["--help", "--version", "--about", "--discover"]}
PROGRAMS |= {"target_talon_one": ["--help", "--version", "--about"]}
CASES = [(module, option) for module, options in PROGRAMS.items() for option in options]


def run(module, *arguments, **options):
    """Runs a program to its end with the given standard output and error."""
    return subprocess.run([sys.executable, "-m", module, *arguments], timeout=60, **options)


@pytest.mark.parametrize(("module", "option"), CASES)
def test_a_full_output_is_reported_in_one_line(module, option):
    """A full output device ends the program with exit code 1 and without a traceback."""
    with Path("/dev/full").open("wb") as full:
        done = run(module, option, stdout=full, stderr=subprocess.PIPE, text=True)
    assert 1 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert done.stderr.startswith("Error: cannot write the output: No space left on device")


@pytest.mark.parametrize(("module", "option"), CASES)
def test_a_closed_output_is_reported_in_one_line(module, option):
    """A program that is started without standard output reports it in one line."""
    done = run(module, option, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: os.close(1))
    assert 1 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert done.stderr.startswith("Error: cannot write the output: standard output is closed")


@pytest.mark.parametrize("module", PROGRAMS)
def test_without_standard_error_a_program_still_works(module):
    """Without standard error, messages are lost, but the program does its work."""
    done = run(module, "--version", stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2))
    assert 0 == done.returncode
    assert b" v" in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437", "utf-16"])
@pytest.mark.parametrize("module", PROGRAMS)
def test_the_encoding_of_the_output_ends_no_program(module, encoding):
    """Characters that the output's encoding lacks are replaced, also in arguments that click quotes."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = run(module, "--łódź", stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert 2 == done.returncode
    assert b"Traceback" not in done.stderr


def test_arguments_that_are_quoted_back_are_redacted_and_printable():
    """Messages about arguments are redacted and escaped, because schedulers keep standard error."""
    done = run("talon_one_cli", "load", "--ftp://u:Canary77@h/x\x1b[31m", stderr=subprocess.PIPE, text=True)
    assert 2 == done.returncode
    assert "Canary77" not in done.stderr
    assert "\x1b" not in done.stderr


def test_only_one_module_writes_to_standard_output():
    """All output for users is written by ``say`` and related functions, which redact and escape."""
    words = re.compile(r"click\.echo|(?<![.\w])print\(|sys\.std(out|err)\b")
    allowed = {
        "cli/talon_one_cli/main.py",  # the version
        "cli/talon_one_cli/formatting.py",  # the console, which writes through it
        "singer/talon_one_singer/cli/output.py",
        "singer/talon_one_singer/reporting/logs.py",
        "singer/talon_one_singer/cli/guarded.py",
        "singer/talon_one_singer/cli/target_cli.py",
        "singer/talon_one_singer/cli/run.py",
        "singer/talon_one_singer/protocol/message_writer.py",  # names it in a docstring
        "singer/talon_one_singer/reporting/progress.py",
    }
    packages = ("client", "singer", "schemas", "tap", "target", "warehouse", "loading", "cli", "provider")
    found = {
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if words.search(path.read_text(encoding="utf-8"))
    }
    assert set() == found - allowed
