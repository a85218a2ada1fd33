"""The memory that a large mirror needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "benchmarks" / "mirror.py"


@pytest.mark.slow
def test_ten_million_members_take_less_than_300_megabytes():
    """A mirror of 10 million members, of which 1,000 leave and 500 join, takes two requests and less than 300 MB."""
    done = subprocess.run([sys.executable, SCRIPT, "10000000", "1000", "500"], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    assert 2 == found["requests"]
    assert found["peak_mb"] < 300
