"""Fixtures of the command's tests: a config file or environment for an emulator, and the command in several forms."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from talon_one_cli.main import cli
from talon_one_emulator import Emulator
from talon_one_singer.cli.output import run_process
from tests import commands

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def config_for(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a config file for an emulator; None leaves a setting out."""

    def write(emu: Emulator, **changes: Any) -> Path:
        settings = {
            "base_url": emu.url,
            "api_key": emu.api_key,
            "management_key": emu.management_key,
            "management_requests_per_second": 1000,
            "settle_seconds": 0,
            "retry_budget_seconds": 2,
        }
        path = tmp_path / "config-of-test.json"
        path.write_text(json.dumps({k: v for k, v in (settings | changes).items() if v is not None}))
        return path

    return write


@pytest.fixture
def talon_one() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs ``talon-one`` with arguments to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "talon_one_cli", *map(str, arguments)]
        return commands.run(command, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """Return an empty emulator for a module."""
    with Emulator(seed="empty", management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[[Emulator], None]:
    """Return a function that sets the environment variables of an emulator's account."""

    def use(emu: Emulator) -> None:
        monkeypatch.setenv("TALON_ONE_BASE_URL", emu.url)
        monkeypatch.setenv("TALON_ONE_API_KEY", emu.api_key)
        monkeypatch.setenv("TALON_ONE_MANAGEMENT_KEY", emu.management_key)
        monkeypatch.setenv("TALON_ONE_MANAGEMENT_REQUESTS_PER_SECOND", "10000")

    return use


@pytest.fixture
def in_process(capsys: pytest.CaptureFixture[str]) -> Callable[..., SimpleNamespace]:
    """Return a function that runs ``talon-one`` in this process and returns ``code``, ``out`` and ``err``."""

    def run(*arguments: str) -> SimpleNamespace:
        with pytest.raises(SystemExit) as ended:
            run_process(cli, "talon-one", arguments)
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=said.out, err=said.err)

    return run
