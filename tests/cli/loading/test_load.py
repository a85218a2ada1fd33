"""``talon-one load`` against the emulator: complete, idempotent, resumable, and with clear errors."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from talon_one_emulator import Emulator
from tests import commands
from tests.examples import slow
from tests.killing import Moments

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = "loyalty_card_transactions,loyalty_card_balances"
AS_OF = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def emu():
    with Emulator(seed="synthetic", cards=40, transactions=400, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def config(emu, tmp_path):
    """A config file for the emulator, with changes."""

    def write(**changes: object) -> Path:
        settings = {
            "base_url": emu.url,
            "api_key": emu.api_key,
            "management_key": emu.management_key,
            "settle_seconds": 0,
            "as_of": AS_OF,
            "management_requests_per_second": 1000,
            "transactions_strategy": "per_entity",
            "balances_strategy": "per_entity",
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps({k: v for k, v in (settings | changes).items() if v is not None}))
        return path

    return write


def command(to: object, config: Path, *more: str) -> list[str]:
    url = to if isinstance(to, str) else f"duckdb:///{to}"
    return [sys.executable, "-m", "talon_one_cli", "load", "--to", url, "--config", str(config), *more]


def load(to: object, config: Path, *more: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return commands.run(
        command(to, config, "--streams", STREAMS, *more),
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
    )


def rows(path: Path, table: str, columns: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute(f"SELECT {columns} FROM talon_one.{table} ORDER BY ALL").fetchall()


def truth(emu) -> list[tuple]:
    state = emu.state("cards", "ledger")
    names = {card["id"]: card["identifier"] for card in state["cards"]}
    return sorted((r["id"], names[r["card"]], Decimal(r["amount"])) for r in state["ledger"] if r["card"] is not None)


def loaded(path: Path) -> list[tuple]:
    return rows(path, "loyalty_card_transactions", "id, card_identifier, amount")


def test_a_load_brings_every_row_and_a_second_one_nothing_new(emu, config, tmp_path):
    """Two loads leave exactly the emulator's ledger, and the second finds no new row."""
    path = tmp_path / "w.duckdb"
    first = json.loads(load(path, config(), "--json").stdout)
    second = json.loads(load(path, config(), "--json").stdout)
    expected = truth(emu)
    assert expected == loaded(path)
    assert [len(expected), 0] == [r["streams"]["loyalty_card_transactions"]["inserted"] for r in (first, second)]
    assert 0 == second["streams"]["loyalty_card_transactions"]["read"]
    assert 0 == second["streams"]["loyalty_card_balances"]["inserted"]


def test_balances_in_the_warehouse_are_the_emulators(emu, config, tmp_path):
    """Each balance equals the one that the emulator computes independently."""
    path = tmp_path / "w.duckdb"
    load(path, config())
    found = rows(
        path,
        "loyalty_card_balances",
        "card_identifier, subledger_id, active_points, pending_points, spent_points, expired_points, negative_points",
    )
    expected = [
        (owner, sub, *map(Decimal, map(str, points))) for owner, sub, *points in emu.truth(1, AS_OF)["balances"]
    ]
    assert sorted(expected) == found


@pytest.mark.parametrize("times", [4, slow(20)])
def test_a_load_killed_at_random_moments_loses_and_doubles_nothing(emu, config, tmp_path, times):
    """After loads that SIGKILL ends at random moments, the rows equal those of the emulator."""
    path, moments = tmp_path / "w.duckdb", Moments(random.Random(20), 1.3)
    settings = config(concurrency=4, page_size=50)
    emu.fault("get_loyalty_card_transactions", "latency", count=0, seconds=0.03)
    while moments.killed < times:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        moments.kill(commands.Popen(command(path, settings, "--streams", STREAMS), **quiet))
    emu.clear_faults()
    assert 0 == load(path, settings).returncode
    assert truth(emu) == loaded(path)


def test_sigterm_merges_what_was_read_with_its_state(emu, config, tmp_path):
    """A load that is asked to end keeps what it has read, exits with 143, and the next one reads only the rest."""
    path = tmp_path / "w.duckdb"
    emu.fault("get_loyalty_card_transactions", "latency", count=0, seconds=0.05)
    try:
        process = commands.Popen(
            command(path, config(concurrency=1), "--streams", "loyalty_card_transactions"),
            stdout=subprocess.PIPE,
            text=True,
        )
        before = emu.counters().get("get_loyalty_card_transactions", {"requests": 0})["requests"]
        while emu.counters().get("get_loyalty_card_transactions", {"requests": 0})["requests"] < before + 10:
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    finally:
        emu.clear_faults()
    assert 143 == process.returncode
    part = len(loaded(path))
    assert 0 < part < len(truth(emu))
    report = json.loads(load(path, config(concurrency=1), "--json").stdout)
    assert truth(emu) == loaded(path)
    assert report["streams"]["loyalty_card_transactions"]["inserted"] == len(truth(emu)) - part


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"api_key": "wrong"}, (), ["api_key", "401"]),
        ({"base_url": "http://127.0.0.1:9"}, (), ["127.0.0.1:9", "base_url"]),
        ({"loyalty_program_ids": [99]}, (), ["99", "loyalty_program_ids"]),
        ({"loyalty_program_ids": [1], "card_ids_file": "nowhere.csv"}, (), ["card_ids_file", "nowhere.csv"]),
        ({"api_ky": "x"}, (), ["api_ky", "api_key"]),
        ({}, ("--streams", "loyalty_card_transaction"), ["loyalty_card_transactions"]),
        ({}, ("--streams", " "), ["--streams names no stream", "leave it out to read all"]),
    ],
)
def test_what_is_wrong_is_reported_in_one_line_without_a_traceback(config, tmp_path, changes, options, words):
    """Settings that cannot work end with a non-zero code and a line that names what to fix."""
    done = load(tmp_path / "w.duckdb", config(**changes), *options)
    assert 0 != done.returncode
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert [] == [word for word in words if word not in "\n".join(errors)]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("duckdb://w.duckdb", ["three slashes"]),
        ("duckbd:///w.duckdb", ["duckdb"]),
        ("duckdb:////nowhere/at/all/w.duckdb", ["/nowhere/at/all"]),
        ("duckdb:///:memory:", ["in memory", "name a file, like duckdb:///loyalty.db"]),
        ("sqlite:///:memory:", ["in memory", "name a file, like sqlite:///loyalty.db"]),
    ],
)
def test_a_warehouse_that_cannot_be_opened_is_reported_in_one_line(config, url, words):
    """A bad --to names what is wrong with it, exit code 2."""
    done = load(url, config())
    assert 2 == done.returncode
    assert [] == [word for word in words if word not in done.stderr]
    assert "Traceback" not in done.stderr


def test_no_key_shows_up_anywhere(emu, config, tmp_path):
    """Planted keys are in no output and not in the warehouse file, whether the load works or not."""
    path = tmp_path / "w.duckdb"
    good = load(path, config(), env={"TALON_ONE_LOGLEVEL": "DEBUG"})
    bad = load(tmp_path / "x.duckdb", config(api_key="planted-and-wrong"), env={"TALON_ONE_LOGLEVEL": "DEBUG"})
    text = good.stdout + good.stderr + bad.stdout + bad.stderr
    assert [] == [key for key in (emu.api_key, emu.management_key, "planted-and-wrong") if key in text]
    assert emu.api_key.encode() not in path.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_reported_in_one_line_and_mends_by_running_again(emu, config, tmp_path):
    """On a full disk the load ends with one clear line, and continues when there is room again."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        done = load(small / "w.duckdb", config())
        assert 1 == done.returncode
        assert "Traceback" not in done.stderr
        assert "disk" in done.stderr.lower() or "space" in done.stderr.lower()
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        again = load(small / "w.duckdb", config())
        assert 0 == again.returncode, again.stderr
        assert truth(emu) == loaded(small / "w.duckdb")
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_settings_come_from_the_environment_too(emu, config, tmp_path):
    """Without a config file the short TALON_ONE_ variables are enough."""
    path = tmp_path / "w.duckdb"
    env = {
        "TALON_ONE_BASE_URL": emu.url,
        "TALON_ONE_API_KEY": emu.api_key,
        "TALON_ONE_MANAGEMENT_KEY": emu.management_key,
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "talon_one_cli",
            "load",
            "--to",
            f"duckdb:///{path}",
            "--streams",
            "loyalty_card_balances",
        ],
        env={**os.environ, **env},
        check=False,
        capture_output=True,
        text=True,
    )
    assert 0 == done.returncode, done.stderr
    assert 40 == len({row[0] for row in rows(path, "loyalty_card_balances", "card_identifier")})
