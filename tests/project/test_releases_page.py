"""The page about releases names what the owner of the repository fills in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "releases.md"


def test_the_page_lists_every_file_with_the_address_of_the_repository():
    """The placeholder stands in the files that the page lists, and in no other."""
    listed = set(re.findall(r"^- `([^`]+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    search = ["git", "grep", "--files-with-matches", "--fixed-strings", "talon-one-connector/talon-one-connector"]
    found = subprocess.run(search, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert listed == set(found) - {str(PAGE.relative_to(ROOT)), str(Path(__file__).relative_to(ROOT))}
