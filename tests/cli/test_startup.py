"""What the programs import when they do their work."""

import json
import os
import re
import subprocess
import sys

import pytest

from talon_one_emulator import Emulator

AUDIENCE = {"name": "VIP", "integration": "test", "integration_id": "vip"}
VIP = {"sink": "audience_members", "audience": AUDIENCE, "mode": "upsert", "create_profiles": "allow", "key": "id"}
LINES = [
    {"type": "SCHEMA", "stream": "vip", "key_properties": ["id"], "schema": {"properties": {"id": {"type": "string"}}}},
    {"type": "RECORD", "stream": "vip", "record": {"id": "ann"}},
]
COMMANDS = {
    "target": "target_talon_one --config {config}",
    "push": "talon_one_cli push {sync} --config {config}",
    "load": "talon_one_cli load --config {config} --to duckdb:///{folder}/warehouse.duckdb",
    "reconcile": "talon_one_cli reconcile --config {config}",
}


@pytest.fixture(scope="module")
def emu():
    """A local Talon.One with data."""
    with Emulator(seed="synthetic", cards=3, transactions=5, management_rate=0) as emulator:
        yield emulator


def test_a_tap_without_a_proxy_sends_its_requests_without_requests(emu, tmp_path):
    """The library requests, whose import takes a quarter of the start, is imported only to read proxy variables."""
    settings = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    for proxy, expected in ({}, False), ({"no_proxy": "127.0.0.1"}, False), ({"http_proxy": emu.url}, True):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "tap_talon_one", "--config", tmp_path / "config.json", "--test"],
            capture_output=True,
            text=True,
            env=clean | proxy,
        )
        assert expected == bool(re.search(r"\| +(requests|urllib3)$", done.stderr, re.MULTILINE)), proxy


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_imports_pandas(command, emu, tmp_path):
    """A command that reads or writes rows does its work without pandas, whose import takes longer than small runs."""
    settings = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key}
    settings |= {"streams": {"vip": VIP}} if command == "target" else {}
    if command in ("target", "push"):
        settings["store"] = f"{tmp_path}/store.duckdb"
    names = {"config": tmp_path / "config.json", "sync": tmp_path / "SYNC.yml", "folder": tmp_path}
    names["config"].write_text(json.dumps(settings))
    names["sync"].write_text(json.dumps({"syncs": {"vip": VIP | {"source": f"{tmp_path}/vip.csv"}}}))
    (tmp_path / "vip.csv").write_text("id\nann\n")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", *COMMANDS[command].format(**names).split()],
        input="".join(json.dumps(line) + "\n" for line in LINES),
        capture_output=True,
        text=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time")}
    assert 0 == done.returncode, done.stderr[-2000:]
    assert "pyarrow" in imported
    assert "pandas.core" not in imported
