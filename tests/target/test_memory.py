"""How much memory a large mirror takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "benchmarks" / "mirror.py"


@pytest.mark.slow
def test_ten_million_members_take_less_than_300_megabytes():
    """From the rows to the comparison; of 10 million, 1,000 leave and 500 come: two requests."""
    done = subprocess.run([sys.executable, SCRIPT, "10000000"], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    assert 2 == found["requests"]
    assert found["peak_mb"] < 300
