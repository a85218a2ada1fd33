"""The examples of the guides, run as a reader would: real commands, a real emulator, an empty folder."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests import commands as forks
from tests import programs
from tests.checkout import import_path
from tests.project.guide_runner import BLOCK, Command, GuideRunner, commands, missing_lines
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUIDES = sorted(f"{page.parent.name}/{page.name}" for page in DOCS.glob("g*/*.md"))
PAGES = [
    *GUIDES,
    *sorted(f"reference/{page.name}" for page in DOCS.glob("reference/*.md") if "<!-- run -->" in page.read_text()),
]
PORT, RECEIVER_PORT = "8321", "8920"  # of the emulator and of the receiver in all guides
INSTALLATION = re.compile(r"^```console\n(?:\$ (?:pip install|git clone) [^\n]+\n)+```$", re.MULTILINE)
DATABASE = "postgresql://loader:secret@localhost:5432/analytics"
SNOWFLAKE = "snowflake://loader@account/analytics?host=127.0.0.1&port=8400&protocol=http"
BIGQUERY, BIGQUERY_HOST = "bigquery://my-project/talon_one", "http://127.0.0.1:9050"
OWN = ("talon-one", "talon-one-emulator", "tap-talon-one", "target-talon-one")
EMULATOR = ("talon_one_emulator.__main__", "uvicorn.protocols.http.httptools_impl")
# With servers that only the slow tests have, or with what other tests do, too.
SLOW = (
    "guides/load-snowflake.md",
    "guides/load-bigquery.md",
    "guides/dlt.md",
    "guides/airflow.md",
    "guides/load-parquet-s3.md",
    "guides/move-in.md",
    "guides/reconcile-balances.md",
    "guides/meltano.md",
)


@pytest.fixture(scope="module")
def forked(tmp_path_factory):
    """A folder with the programs of this project, which start at once."""
    folder = tmp_path_factory.mktemp("programs") / "bin"
    forks.preload(*EMULATOR)
    programs.install(folder, OWN)
    return folder


@pytest.fixture
def environment(tmp_path, peer, forked, page):
    """Programs of this environment and those that a guide pipes into, and nothing of the caller's settings."""
    folders = [forked, Path(sys.executable).parent, peer("target-jsonl").parent, "/usr/local/bin", "/usr/bin", "/bin"]
    kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    if page == "guides/dlt.md":
        folders.insert(0, peer("dlt", "python").parent)
        kept |= {"PYTHONPATH": import_path(), "RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(tmp_path)}
    return (
        kept
        | programs.environment()
        | {
            "PATH": os.pathsep.join(map(str, folders)),
            "HOME": str(tmp_path),
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "NO_PROXY": "127.0.0.1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }
    )


@pytest.fixture
def replacements(request, page):
    """The port and the servers of this machine, for those that the guide names."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = {port: str(free_port()) for port in (PORT, RECEIVER_PORT)}
    if DATABASE in text:
        found[DATABASE] = request.getfixturevalue("postgres_url")
    if SNOWFLAKE in text:
        found[SNOWFLAKE] = request.getfixturevalue("snowflake_url").replace("/public", "")
    if BIGQUERY_HOST in text:
        found[BIGQUERY_HOST] = request.getfixturevalue("bigquery_server")
        found[BIGQUERY] = request.getfixturevalue("bigquery_url").replace("/public", "/talon_one")
    if "s3://bucket/" in text:
        request.getfixturevalue("s3")
    return found


@pytest.mark.parametrize("page", [pytest.param(page, marks=[pytest.mark.slow] * (page in SLOW)) for page in PAGES])
def test_the_examples_of_a_guide_run(page, replacements, request, tmp_path):
    """Every marked command of the guide ends with exit code 0 and prints the lines that the guide shows."""
    environment = request.getfixturevalue("environment")
    runner = GuideRunner(tmp_path, environment, replacements, (programs.descriptor(),))
    assert 0 < runner.run(DOCS / page)


@pytest.mark.parametrize("page", GUIDES)
def test_a_guide_starts_with_an_example_that_runs(page):
    """The first fenced block after the installation is one that the test above runs or writes."""
    text = INSTALLATION.sub("", (DOCS / page).read_text(encoding="utf-8"))
    first = BLOCK.search(text)
    assert first is not None
    assert text.index("```") == first.start() + first[0].index("```")


def test_commands_go_on_over_backslashes_and_quotes():
    """A command's continued lines are part of it, and the other lines are what it prints."""
    assert [Command("a \\\n  b", ["x"]), Command("echo '{\n}'", [])] == commands("$ a \\\n  b\nx\n$ echo '{\n}'\n")


def test_a_line_that_is_not_printed_is_missing():
    """Spaces count as one and an ellipsis as any text; a line that differs otherwise is reported."""
    shown = Command("x", ["rows   5 … s", "rows 6"])
    assert ["rows 6"] == missing_lines(shown, "all rows 5 in 2 s\n")
