"""``talon-one check``: which keys work, in words, as JSON and by the exit code."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from talon_one_emulator import Emulator
from tests import commands

if TYPE_CHECKING:
    import subprocess


@pytest.fixture(scope="module")
def emu():
    with Emulator(seed="synthetic", cards=1, transactions=1, management_rate=0) as emulator:
        yield emulator


def check(emu, *options: str, **keys: str | None) -> subprocess.CompletedProcess[str]:
    given = {"BASE_URL": emu.url, "API_KEY": emu.api_key, "MANAGEMENT_KEY": emu.management_key, **keys}
    env = {f"TALON_ONE_{name}": value for name, value in given.items() if value is not None}
    command = [sys.executable, "-m", "talon_one_cli", "check", *options]
    return commands.run(command, env={**os.environ, **env}, capture_output=True, text=True)


def test_both_keys_work(emu):
    """With two working keys the report names each key, what it may read and the clock, and the exit code is 0."""
    done = check(emu)
    assert 0 == done.returncode
    assert "" == done.stderr
    assert 2 == done.stdout.count(": works")
    assert "get_loyalty_programs: yes" in done.stdout
    assert "clock: in step with Talon.One" in done.stdout


def test_the_management_key_is_optional(emu):
    """Without a management key the check passes and says that none is set."""
    done = check(emu, MANAGEMENT_KEY=None)
    assert 0 == done.returncode
    assert "management_key): not set" in done.stdout


def test_streams_that_a_default_load_leaves_out_are_named(emu):
    """Without the integration key, text and JSON name the streams that a load would leave out; with both keys none."""
    names = ["customer_coupons", "customer_referrals", "customer_giveaways", "customer_loyalty"]
    assert f"left out: {', '.join(names)}; set api_key" in check(emu, API_KEY=None).stdout
    assert names == json.loads(check(emu, "--json", API_KEY=None).stdout)["left_out"]
    assert [] == json.loads(check(emu, "--json").stdout)["left_out"]


@pytest.mark.parametrize("name", ["API_KEY", "MANAGEMENT_KEY"])
def test_a_wrong_key_is_named_and_never_shown(emu, name):
    """A wrong key ends with exit code 1; its setting is named and its value is not shown."""
    done = check(emu, **{name: "planted-wrong-key"})
    assert 1 == done.returncode
    assert f"({name.lower()}): does not work" in done.stdout
    assert "planted-wrong-key" not in done.stdout + done.stderr


def test_as_json(emu):
    """The JSON report has the same content as the text."""
    report = json.loads(check(emu, "--json").stdout)
    assert True is report["integration"]["works"]
    assert True is report["management"]["works"]
    assert None is report["management"]["reads"]["get_audiences"]


def test_nobody_at_the_base_url_is_reported_in_one_line(emu):
    """A port on which nothing listens gives one line that names base_url, without a traceback."""
    done = check(emu, BASE_URL="http://127.0.0.1:9")
    assert 0 != done.returncode
    assert "base_url" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_may_read_nothing_does_not_work(emu):
    """The exit code is 1 when every endpoint answers 403, because the key cannot be checked then."""
    emu.fault("*", "403", count=0)
    try:
        done = check(emu)
    finally:
        emu.clear_faults()
    assert 1 == done.returncode
    assert "" == done.stderr
    assert 2 == done.stdout.count("does not work: ")
    assert 2 == done.stdout.count("may read nothing of what was tried")
