"""100,000 cards: a state of constant size, flat memory, and little work lost to a SIGKILL."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from talon_one_emulator import Emulator
from tests import commands

CARDS = 100_000
STREAM = "loyalty_card_transactions"
pytestmark = pytest.mark.slow


class Lines:
    """Reads the tap's messages as they arrive, and keeps what the tests compare."""

    def __init__(self, process: subprocess.Popen[bytes], kill_after: int | None = None) -> None:
        self.process, self.kill_after = process, kill_after
        self.cards: list[str] = []
        self.states: list[tuple[int, float, dict]] = []  # cards before it, when, value
        self.memory_kb: dict[int, int] = {}

    def read(self) -> None:
        """Read until the process ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b'{"type":"RECORD"'):
                self.cards.append(json.loads(line)["record"]["cardIdentifier"])
                if len(self.cards) % 10_000 == 0:
                    self.memory_kb[len(self.cards)] = resident_kb(self.process.pid)
                if len(self.cards) == self.kill_after:
                    self.process.kill()
            elif line.startswith(b'{"type":"STATE"'):
                self.states.append((len(self.cards), time.monotonic(), json.loads(line)["value"]))


def resident_kb(pid: int) -> int:
    """Return the current memory of a process; 0 where there is no /proc."""
    path = Path(f"/proc/{pid}/statm")
    return int(path.read_text().split()[1]) * 4 if path.exists() else 0


def run(tmp_path: Path, settings: dict, state: dict | None, kill_after: int | None = None) -> Lines:
    """One run of the command; stops reading when it ends."""
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "state.json").write_text(json.dumps(state or {}))
    command = [sys.executable, "-m", "tap_talon_one", "--config", tmp_path / "config.json"]
    command += ["--state", tmp_path / "state.json", "--catalog", tmp_path / "catalog.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        lines = Lines(process, kill_after)
        reader = threading.Thread(target=lines.read)
        reader.start()
        reader.join()
    return lines


def catalog(tmp_path: Path) -> None:
    """The discovered catalog with the card ledgers selected."""
    found = json.loads(
        commands.run([sys.executable, "-m", "tap_talon_one", "--discover"], capture_output=True, check=True).stdout
    )
    for stream in found["streams"]:
        stream["metadata"][0]["metadata"]["selected"] = stream["stream"] == STREAM
    (tmp_path / "catalog.json").write_text(json.dumps(found))


def test_a_hundred_thousand_cards(tmp_path):
    """After a SIGKILL at 60,000 cards the next run completes them, and at most 30 seconds of reading are lost."""
    with Emulator(seed="synthetic", cards=CARDS, transactions=1, profile_transactions=0, management_rate=0) as emu:
        catalog(tmp_path)
        settings = {
            "base_url": emu.url,
            "api_key": emu.api_key,
            "management_key": emu.management_key,
            "management_requests_per_second": 1000,
            "loyalty_program_ids": [1],
            "transactions_strategy": "per_entity",
        }
        started = time.monotonic()
        first = run(tmp_path, settings, None, kill_after=60_000)
        killed = time.monotonic()
        known, _, state = first.states[-1]
        second = run(tmp_path, settings, state)
        names = {card["identifier"] for card in emu.state("cards")["cards"]}
    rate = 60_000 / (killed - started)
    repeated = set(first.cards) & set(second.cards)
    assert CARDS == len(names)
    assert names == set(first.cards) | set(second.cards)
    assert len(second.cards) == len(set(second.cards))
    assert known + len(second.cards) == CARDS
    assert len(repeated) / rate <= 30
    sizes = [len(json.dumps(value)) for *_, value in [*first.states, *second.states]]
    assert max(sizes) < 2_000
    early, late = first.memory_kb[10_000], first.memory_kb[50_000]
    assert 0 < late < 1.1 * early
    sys.stderr.write(
        f"{rate:.0f} cards/s, {len(repeated)} read twice, state {max(sizes)} bytes, {early} and {late} kB of memory\n"
    )
