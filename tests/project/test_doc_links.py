"""Links of the documentation, in pages and in code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<text>.+?) *$", re.MULTILINE)
NAMED = re.compile(r"(?<![\w/.-])docs/[\w/-]+(?:\.md|/)")  # as code, messages and comments name a page


def tracked(*patterns: str) -> list[str]:
    """Return the tracked files that exist, as paths relative to the root."""
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


PAGES = tracked("*.md")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, spelled as GitHub makes them from headings."""
    found: set[str] = set()
    for match in HEADING.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match["text"]).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-1")
    return found


def links(page: str) -> list[str]:
    """Return the targets of a page's links that stay within the repository."""
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    targets = [match["target"] for match in LINK.finditer(text)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file(page):
    """Relative links name files or folders that exist."""
    folder = (ROOT / page).parent
    assert [] == [one for one in links(page) if not (folder / (one.split("#")[0] or page.split("/")[-1])).exists()]


@pytest.mark.parametrize("page", PAGES)
def test_every_anchor_of_a_link_is_a_heading(page):
    """The part of a link behind `#` is a heading of the page that it leads to."""
    dead = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        if anchor and target.suffix == ".md" and target.exists() and anchor not in anchors(target):
            dead.append(link)
    assert [] == dead


def test_every_page_that_code_names_exists():
    """Docstrings, messages, comments and configuration name pages that exist."""
    dead = []
    for name in tracked("*.py", "*.yml", "*.yaml", "*.toml", "*.cfg", "*.sh", "*.md", "Makefile"):
        text = (ROOT / name).read_text(encoding="utf-8")
        dead += [f"{name}: {page}" for page in NAMED.findall(text) if not (ROOT / page).exists()]
    assert [] == dead


def test_every_page_can_be_reached_from_the_readme():
    """A reader who follows links from the README comes to every page of docs/."""
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        for link in links(str(page.relative_to(ROOT))):
            target = (page.parent / link.split("#")[0]).resolve()
            waiting.append(target / "README.md" if target.is_dir() and (target / "README.md").exists() else target)
    assert [] == [name for name in tracked("docs/*.md") if ROOT / name not in seen]
