"""Every console block of the documentation: it runs, or says why not, and its commands exist with their options."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import click
import pytest

from talon_one_cli.main import cli
from talon_one_emulator.__main__ import cli as emulator
from talon_one_singer.cli.tap_cli import tap_command
from talon_one_singer.cli.target_cli import target_command
from tap_talon_one.tap import definition as tap
from target_talon_one.target import definition as target
from tests.project.guide_runner import commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in [*PAGES, "README.md", "CONTRIBUTING.md"]}
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]+) -->\n+)?^```console\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAMS = {
    "talon-one": cli,
    "talon-one-emulator": emulator,
    "tap-talon-one": tap_command(tap()),
    "target-talon-one": target_command(target()),
}
NOTHING_TO_RUN = ("pip install", "pipx install", "git clone", "export")
EXTRAS = re.compile(r"talon-one-connector\[([\w,]*)\]")
ASSIGNMENT = re.compile(r"[A-Z_]+=")


def blocks(name: str) -> list[re.Match[str]]:
    """Return the console blocks of a page, each with the mark above it."""
    return list(BLOCK.finditer(TEXTS[name]))


def calls(name: str) -> list[list[str]]:
    """Return the program and arguments of each call in the console blocks of a page."""
    found = []
    for block in blocks(name):
        for command in commands(block["text"]):
            lexer = shlex.shlex(command.text.replace("\\\n", " "), posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            call: list[str] = []
            for word in [*lexer, ";"]:
                if set(word) <= set("|&;<>()"):
                    found.append(call)
                    call = []
                elif call or not (ASSIGNMENT.match(word) or word in {"do", "exec"}):
                    call.append(word)
    return found


def resolved(program: click.Command, arguments: list[str]) -> tuple[click.Command, list[str]]:
    """Return the innermost command that arguments name, and its arguments."""
    context = click.Context(program)
    while isinstance(program, click.Group) and arguments and not arguments[0].startswith("-"):
        inner = program.get_command(context, arguments[0])
        assert inner is not None, f"no command {arguments[0]}"
        program, arguments = inner, arguments[1:]
    return program, arguments


@pytest.mark.parametrize("page", PAGES)
def test_every_console_block_runs_or_says_why_not(page):
    """A block is marked as run or as not run for a reason, unless it only installs or sets variables."""
    silent = []
    for block in blocks(page):
        only_prepares = all(one.text.startswith(NOTHING_TO_RUN) for one in commands(block["text"]))
        if not only_prepares and not re.match(r"run$|not run: \w", block["mark"] or ""):
            silent.append(block["text"])
    assert [] == silent


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_of_a_console_block_exists(page):
    """Commands of this project have the options and arguments with which the page shows them."""
    wrong = []
    for name, *arguments in filter(None, calls(page)):
        if name in PROGRAMS:
            try:
                command, rest = resolved(PROGRAMS[name], arguments)
                command.make_parser(click.Context(command)).parse_args(rest)
            except (AssertionError, click.UsageError) as error:
                wrong.append((name, arguments, str(error)))
    assert [] == wrong


@pytest.mark.parametrize("page", TEXTS)
def test_every_extra_of_a_page_exists(page):
    """Wherever a page names the package with extras, they are those of setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    named = {extra for found in EXTRAS.findall(TEXTS[page]) for extra in found.split(",")}
    assert set() == named - set(parser["options.extras_require"])


@pytest.mark.parametrize("page", TEXTS)
def test_every_make_target_of_a_page_exists(page):
    """Targets in console blocks are those of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for call in calls(page) if call[:1] == ["make"] for target in call[1:]}
    assert set() == named - targets
