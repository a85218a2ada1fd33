"""Fixtures of the dbt package's tests: loads from the emulator, and runs of dbt on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests import commands
from tests.account import settings_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "dbt"
AS_OF = "2024-01-20T00:00:00Z"
STREAMS = (
    "loyalty_card_transactions",
    "loyalty_card_balances",
    "loyalty_profile_transactions",
    "loyalty_profile_balances",
    "loyalty_program_transactions",
)


def talon_one(*arguments):
    """Run a command; return it with its output."""
    command = [sys.executable, "-m", "talon_one_cli", *map(str, arguments)]
    return commands.run(command, capture_output=True, text=True)


def load(emu, url, folder, streams=STREAMS, as_of=AS_OF, **settings):
    """Load streams with balances at ``as_of``, whose figures are complete."""
    config = folder / "config.json"
    strategies = {"transactions_strategy": "per_entity", "balances_strategy": "per_entity"}
    config.write_text(json.dumps(settings_of(emu, as_of=as_of, **strategies) | settings))
    done = talon_one("load", "--to", url, "--config", config, "--streams", ",".join(streams))
    assert 0 == done.returncode, done.stderr


def output_of(url):
    """The connection of a profile."""
    parts = urlsplit(url)
    if parts.scheme == "duckdb":
        return {"type": "duckdb", "path": parts.path.removeprefix("/"), "threads": 2}
    return {
        "type": "postgres",
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username,
        "password": parts.password,
        "dbname": parts.path.removeprefix("/"),
        "threads": 2,
    }


class Dbt:
    """Runs dbt with the package on one connection; results are in the schema ``analytics``."""

    def __init__(self, folder, output, environment="dbt", streams=STREAMS, package=PACKAGE):
        self.program = ROOT / ".venvs" / environment / "bin" / "dbt"
        if not self.program.exists():
            pytest.fail(f"dbt is not installed in .venvs/{environment}; run: make test or make test-all")
        self.folder, self.streams, self.package = folder, list(streams), package
        folder.mkdir(exist_ok=True)
        profile = {"talon_one": {"target": "test", "outputs": {"test": {"schema": "analytics", **output}}}}
        (folder / "profiles.yml").write_text(yaml.safe_dump(profile))

    def __call__(self, command, *arguments, environment=None, **variables):
        """Run a command of dbt; return it with its output."""
        given = {"talon_one_streams": self.streams, **variables}
        places = ["--profiles-dir", self.folder, "--project-dir", self.package]
        places += ["--target-path", self.folder / "target", "--log-path", self.folder / "logs"]
        return subprocess.run(
            [self.program, "--no-use-colors", command, *arguments, *places, "--vars", json.dumps(given)],
            capture_output=True,
            text=True,
            env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **(environment or {})},
        )

    def results(self):
        """The status of each model and test of the last command."""
        found = json.loads((self.folder / "target" / "run_results.json").read_text())["results"]
        return {one["unique_id"].split(".")[2]: one["status"] for one in found}

    def compiled(self):
        """The SQL of each compiled model and test."""
        paths = (self.folder / "target" / "compiled").rglob("*.sql")
        return {path.stem: path.read_text() for path in paths if path.is_file()}
