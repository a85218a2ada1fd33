"""Temporary folders: private, locked, swept."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from talon_one_singer.temporary import TemporaryFolder, nameless_file, sweep

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("client", "singer", "schemas", "tap", "target", "warehouse", "loading", "cli", "provider", "emulator")
HOLDER = """
import sys
from pathlib import Path
from talon_one_singer.temporary import TemporaryFolder
folder = TemporaryFolder("test")
(Path(folder.name) / "keys").write_text("cust-1")
print(folder.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A directory of temporary files of our own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder():
    """A process that holds a folder until its input ends; gives process and folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process, Path(process.stdout.readline().strip())
    process.communicate()


def test_a_folder_is_removed_with_its_content(place):
    """Also that of a run which fails."""

    def fail() -> None:
        with TemporaryFolder("test") as name:
            Path(name, "file").write_text("x")
            assert 0o700 == Path(name).stat().st_mode & 0o777
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [] == list(place.iterdir())


def test_what_a_killed_process_left_is_swept(holder, place):
    """The lock ends with the process, so the next run removes the folder."""
    process, folder = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert folder.is_dir()
    assert 1 == sweep()
    assert [] == list(place.iterdir())


def test_the_folder_of_a_process_that_lives_is_left_alone(holder):
    """However many sweep."""
    _, folder = holder
    assert [0, 0] == [sweep(), sweep()]
    assert "cust-1" == (folder / "keys").read_text()


def test_making_a_folder_sweeps(holder):
    """Whoever needs one cleans up first; a long-lived worker does so too."""
    process, folder = holder
    process.kill()
    process.wait()
    with TemporaryFolder("test"):
        assert not folder.exists()


def test_a_folder_that_is_being_made_is_left_alone_and_an_old_one_is_not(place):
    """Without a lock the age decides: older versions left such folders."""
    young, old, other = place / "talon-one-young", place / "talon-one-old", place / "somebody-elses"
    for folder in (young, old, other):
        folder.mkdir()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    assert 1 == sweep()
    assert {young, other} == set(place.iterdir())


def test_a_link_is_not_followed(place):
    """What it points to may be anybody's."""
    target = place / "precious"
    target.mkdir()
    os.utime(target, (0, 0))
    (place / "talon-one-link").symlink_to(target)
    assert 0 == sweep()
    assert target.is_dir()


def test_a_nameless_file_is_nowhere(place):
    """There is nothing to sweep."""
    with nameless_file() as file:
        file.write(b"x")
        assert [] == list(place.iterdir())


def test_only_one_module_makes_temporary_files():
    """Everything else goes through it; the emulator's cache of public retail data is no run's."""
    allowed = {"singer/talon_one_singer/temporary.py", "emulator/talon_one_emulator/seeds/journey.py"}
    words = re.compile(r"\btempfile\b|\bmkdtemp\b|NamedTemporaryFile|TemporaryDirectory")
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if words.search(path.read_text(encoding="utf-8"))
    }
    assert allowed == found
