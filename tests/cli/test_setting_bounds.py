"""Every numeric setting has limits, and a value beyond them ends with one line and exit code 2."""

from __future__ import annotations

import json
import os
import sys

import pytest

from talon_one_singer import ConfigError, ConfigSource
from talon_one_singer.settings.conversion import convert
from tap_talon_one.settings import SETTINGS as TAP
from target_talon_one.config.destination_settings import AUDIENCE, OPTIONS, TARGETS
from target_talon_one.settings import SETTINGS as TARGET
from target_talon_one.settings import SYNC_SETTINGS
from tests import commands

TABLES = {"tap": TAP, "target": TARGET, "sync": SYNC_SETTINGS}
GIVEN = {name: {"base_url": "x"} | ({"streams": {"a": {}}} if name == "target" else {}) for name in TABLES}
IN_SYNCS = {**AUDIENCE, **TARGETS, **OPTIONS}
BEYOND = [1e308, 2**63, 2**64, -(2**63), float("nan"), float("inf"), "1e308", "nan", "inf", "1e999", -1, 10**400]
IDS = [one for one in TAP if one.type == "array" and one.items == "integer"]


def numbers(settings):
    """Return the settings that are numbers."""
    return [one for one in settings if one.type in ("integer", "number")]


@pytest.mark.parametrize("value", BEYOND, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("table", TABLES)
def test_a_number_beyond_its_bounds_is_refused(table, value):
    """A number beyond its bounds is refused when settings are read, with the name of the setting."""
    for setting in numbers(TABLES[table]):
        with pytest.raises(ConfigError) as raised:
            TABLES[table].load([ConfigSource("config.json", {**GIVEN[table], setting.name: value})])
        assert 1 == len(raised.value.lines)
        assert f"setting {setting.name!r} in config.json " in raised.value.lines[0]


@pytest.mark.parametrize("setting", numbers(IN_SYNCS.values()), ids=lambda one: one.name)
def test_a_number_of_a_sync_has_bounds_too(setting):
    """No number of a sync is accepted without a check of its bounds."""
    for value in BEYOND:
        with pytest.raises(ValueError, match="must be"):
            convert(setting, value)


@pytest.mark.parametrize("setting", IDS, ids=lambda one: one.name)
@pytest.mark.parametrize("value", [0, -1, 2**63, 10**400])
def test_an_id_beyond_its_bounds_is_refused(setting, value):
    """An id beyond its bounds is refused, alone and among others."""
    with pytest.raises(ConfigError, match=rf"setting '{setting.name}' in config.json must be at"):
        TAP.load([ConfigSource("config.json", {"base_url": "x", setting.name: [1, value]})])


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1/0", "1/99999", "x", "1/2/3"])
def test_a_shard_that_is_none_is_refused(shard):
    """A shard that cannot exist is refused when settings are read."""
    with pytest.raises(ConfigError, match=r"setting 'shard' in config.json must be like 3/16"):
        TAP.load([ConfigSource("config.json", {"base_url": "x", "shard": shard})])


@pytest.mark.parametrize(
    "given",
    [{"settle_seconds": 1e308}, {"connect_timeout_seconds": 1e10}, {"read_timeout_seconds": 1e300}, {"shard": "0/4"}],
)
def test_commands_end_with_one_line(tmp_path, given):
    """Commands end with exit code 2 and one line, without a traceback."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"base_url": "http://127.0.0.1:9", "api_key": "abcd", **given}))
    command = [sys.executable, "-m", "talon_one_cli", "estimate", "--config", str(config)]
    done = commands.run(command, env=os.environ, capture_output=True, text=True)
    assert 2 == done.returncode
    assert 1 == done.stderr.count("\n")
    assert f"setting {next(iter(given))!r} in {config} must be " in done.stderr
