"""Loads of a process that may have only a few files open."""

import json
import resource
import subprocess
import sys

import pytest

from tests.examples import mostly_slow

SETTINGS = {"base_url": "http://127.0.0.1:9", "api_key": "k", "retry_budget_seconds": 0}
SETTINGS |= {"loyalty_program_ids": [1], "card_ids": ["a"]}


@pytest.mark.parametrize("files", mostly_slow(range(8, 17), {12}))
def test_few_open_files_are_named_without_a_traceback(tmp_path, files):
    """A load into a lake ends with an error that names the shortage or the server, whichever library meets it first."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(SETTINGS))
    command = [sys.executable, "-m", "talon_one_cli", "load", "--config", str(config)]
    done = subprocess.run(
        [*command, "--to", str(tmp_path / "lake"), "--streams", "loyalty_card_transactions"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )
    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stderr
    assert "\nError: " in "\n" + done.stderr
