"""The tap into a target of the registry: ``tap-talon-one | target-jsonl``."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from talon_one_emulator import Emulator

TARGET = Path(__file__).resolve().parent.parent.parent / ".venvs" / "target-jsonl" / "bin" / "target-jsonl"
LEDGER = "loyalty_card_transactions"


@pytest.fixture
def pipe(tmp_path):
    """Runs the tap into the target; gives the rows by stream and the last state."""
    if not TARGET.exists():
        pytest.fail("target-jsonl is not installed; run: make test")

    def run(settings: dict, state: dict | None) -> tuple[dict[str, list[dict]], dict]:
        out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        files = {"config": settings, "state": state or {}, "target": {"destination_path": str(out)}}
        for name, value in files.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(value))
        tap = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tap_talon_one",
                "--config",
                tmp_path / "config.json",
                "--state",
                tmp_path / "state.json",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        target = subprocess.run(
            [TARGET, "--config", tmp_path / "target.json"], stdin=tap.stdout, capture_output=True, text=True, check=True
        )
        tap.stdout.close()
        assert 0 == tap.wait()
        rows: dict[str, list[dict]] = {}
        for file in out.glob("*.jsonl"):
            stream = file.name.rsplit("-", 1)[0]
            rows[stream] = [json.loads(line, parse_float=Decimal) for line in file.read_text().splitlines()]
        return rows, json.loads(target.stdout.splitlines()[-1])

    return run


def test_the_target_gets_the_emulators_rows_and_then_none(pipe):
    """The first run delivers the whole ledger to target-jsonl, a second with its state delivers no row of it."""
    with Emulator(seed="synthetic", cards=20, transactions=100, management_rate=0) as emu:
        settings = {
            "base_url": emu.url,
            "api_key": emu.api_key,
            "loyalty_program_ids": [1],
            "card_ids": [card["identifier"] for card in emu.state("cards")["cards"]],
            "settle_seconds": 0,
        }
        rows, state = pipe(settings, None)
        there = emu.state("cards", "ledger")
        names = {card["id"]: card["identifier"] for card in there["cards"]}
        ledger = [row for row in there["ledger"] if row["card"] is not None]
        expected = sorted((r["id"], names[r["card"]], Decimal(r["amount"])) for r in ledger)
        assert expected == sorted((r["id"], r["cardIdentifier"], Decimal(r["amount"])) for r in rows[LEDGER])
        again, _ = pipe(settings, state)
    assert [] == again.get(LEDGER, [])
    assert len(rows["loyalty_card_balances"]) == len(again["loyalty_card_balances"])
