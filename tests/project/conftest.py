"""Fixtures: programs of the registry that the tap is piped into, and an emulator that they read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from talon_one_emulator import Emulator
from tests.project.interpreters import UV

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PEERS = Path(__file__).resolve().parent.parent.parent / ".venvs"
CARDS = 20


@pytest.fixture(scope="session")
def peer() -> Callable[..., Path]:
    """Return a function that finds a program of the registry; the test fails if ``make test`` has not installed it."""

    def find(name: str, program: str | None = None) -> Path:
        path = PEERS / name / "bin" / (program or name)
        if not path.exists():
            pytest.fail(f"{path.name} is not installed; run: make test")
        return path

    return find


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", out, PEERS.parent], check=True)
    return next(out.glob("*.whl"))


@pytest.fixture
def emu() -> Iterator[Emulator]:
    """Start an emulator with 20 cards of 100 transactions each."""
    with Emulator(seed="synthetic", cards=CARDS, transactions=100, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def settings(emu: Emulator) -> dict[str, Any]:
    """Return settings that read card ledgers and balances of the emulator."""
    return {
        "base_url": emu.url,
        "api_key": emu.api_key,
        "loyalty_program_ids": [1],
        "card_ids": [f"card-{n:06}" for n in range(1, CARDS + 1)],
        "settle_seconds": 0,
        "as_of": "2026-01-01",
    }


@pytest.fixture
def pipe(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that pipes the tap into a target and returns the last state."""

    def run(
        target: Path, config: dict, settings: dict, state: dict | None = None, catalog: Path | None = None
    ) -> dict[str, Any]:
        for name, value in {"config": settings, "state": state or {}, "target": config}.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(value))
        arguments = ["--config", tmp_path / "config.json", "--state", tmp_path / "state.json"]
        arguments += ["--catalog", catalog] if catalog else []
        with subprocess.Popen(
            [sys.executable, "-m", "tap_talon_one", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as tap:
            done = subprocess.run(
                [target, "--config", tmp_path / "target.json"], stdin=tap.stdout, capture_output=True, text=True
            )
        assert 0 == done.returncode, done.stderr[-3000:]
        assert 0 == tap.returncode, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run
