"""The first screen of the README, and the map of the source in CONTRIBUTING."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_first_sentence_has_at_most_twenty_words():
    """One short sentence says what the project does."""
    sentence = README.split("\n\n")[1].replace("\n", " ")
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", sentence).split()
    assert len(words) <= 20
    assert 1 == len(re.findall(r"\.(?:\s|$)", sentence))


def test_installing_comes_before_make():
    """A reader learns how to install before how to work on the repository."""
    assert README.index("pip install") < README.index("make ")


def test_five_commands_do_the_main_job():
    """The second block of the README has five commands."""
    block = re.findall(r"```console\n(.*?)```", README, re.DOTALL)[1]
    assert 5 == len(block.strip().splitlines())


def test_the_map_of_the_source_names_files_that_exist():
    """Every answer to "Where is ...?" in CONTRIBUTING is a file of the repository."""
    table = CONTRIBUTING.split("## Where is …?")[1].split("\n## ")[0]
    files = re.findall(r"`([\w/]+\.py)`", table)
    assert 12 <= len(files)
    assert [] == [name for name in files if not (ROOT / name).is_file()]


def test_every_file_that_contributing_names_exists():
    """Paths with a folder in CONTRIBUTING lead somewhere."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", CONTRIBUTING)
    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_every_test_that_the_reliability_page_names_exists():
    """Each row of the reliability page is proven by a test file that is there."""
    page = (ROOT / "docs" / "reference" / "reliability.md").read_text(encoding="utf-8")
    named = set(re.findall(r"tests/[\w/]+\.py", page))
    assert named
    assert [] == sorted(name for name in named if not (ROOT / name).is_file())


def test_every_file_of_the_life_of_a_row_exists():
    """The walks through the source lead through files that are there, at most 12 out of Talon.One and 14 into it."""
    page = (ROOT / "docs" / "explanation" / "life-of-a-row.md").read_text(encoding="utf-8")
    walks = [re.findall(r"^\| \d+ \| `([\w/]+\.py)`", part, re.MULTILINE) for part in page.split("\n## ")[1:]]
    assert [] == [name for walk in walks for name in walk if not (ROOT / name).is_file()]
    out_of_it, into_it = walks
    assert 0 < len(out_of_it) <= 12
    assert 0 < len(into_it) <= 14
