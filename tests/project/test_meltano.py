"""``meltano add --from-ref`` with the definitions for MeltanoHub, in a new project of the real Meltano."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

HUB = Path(__file__).resolve().parents[2] / "meltano-hub"


@pytest.mark.slow
def test_a_project_adds_both_plugins_and_tests_the_tap(emu, settings, peer, tmp_path):
    """Both definitions are added to an empty project; ``meltano config test`` then reads a record with the tap."""
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump({"version": 1, "default_environment": "dev"}))
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "TAP_TALON_ONE_BASE_URL": emu.url,
        "TAP_TALON_ONE_API_KEY": emu.api_key,
        "TAP_TALON_ONE_CARD_IDS": json.dumps(settings["card_ids"]),
        "TAP_TALON_ONE_LOYALTY_PROGRAM_IDS": "[1]",
    }

    def meltano(*arguments):
        done = subprocess.run(
            [peer("meltano"), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert 0 == done.returncode, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    for name in ("tap-talon-one", "target-talon-one"):
        definition = yaml.safe_load((HUB / f"{name}.yml").read_text(encoding="utf-8"))
        del definition["pip_url"]  # nothing is installed: the program of this environment runs
        definition["executable"] = str(Path(sys.executable).parent / name)
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(definition))
        meltano("add", "--no-install", name, "--from-ref", f"{name}.yml")
    project = yaml.safe_load((tmp_path / "meltano.yml").read_text())
    names = {group: [one["name"] for one in plugins] for group, plugins in project["plugins"].items()}
    assert {"extractors": ["tap-talon-one"], "loaders": ["target-talon-one"]} == names
    assert "Plugin configuration is valid" in meltano("config", "test", "tap-talon-one")
    assert "Required settings: api_key, base_url, streams" in meltano("config", "list", "target-talon-one")
