"""Fixtures of the command's tests: a config file for an emulator, and the command as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from talon_one_emulator import Emulator


@pytest.fixture
def config_for(tmp_path: Path) -> Callable[..., Path]:
    """Writes a config file for an emulator: ``config_for(emu, name=value, ...)``; None leaves a setting out."""

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
    """Runs ``talon-one`` with arguments, to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "talon_one_cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run
