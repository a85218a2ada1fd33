"""Fixtures of the Singer tests: a clock to turn by hand and a sample tap in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_TAP = [sys.executable, str(Path(__file__).with_name("sample_tap.py"))]


class Clock:
    """A monotonic clock that moves only when a test moves it."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        """Return the time in seconds."""
        return self.now_s


@pytest.fixture
def clock():
    """A clock at 1000 s."""
    return Clock()


@pytest.fixture
def tap_process():
    """Starts the sample tap; processes that still run at the end of the test are killed."""
    started = []

    def start(*arguments, env=None, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TAP_SAMPLE", "LOGLEVEL", "PYTHON"))}
        process = subprocess.Popen([*_TAP, *map(str, arguments)], env=clean | (env or {}), **options)
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def run_tap(tap_process):
    """Runs the sample tap to its end: (exit code, stdout, stderr)."""

    def run(*arguments, **options):
        process = tap_process(*arguments, **options)
        stdout, stderr = process.communicate(timeout=20)
        return process.returncode, stdout, stderr

    return run


@pytest.fixture
def write_json(tmp_path):
    """Writes a JSON file and returns its path."""

    def write(name, value):
        path = tmp_path / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return path

    return write


@pytest.fixture
def config(write_json):
    """A config file of the sample tap."""

    def write(name="config.json", **values):
        return write_json(name, {"api_key": "k3y-of-the-tap"} | values)

    return write
