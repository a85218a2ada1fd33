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

from talon_one_singer.temporary_folders import TemporaryFolder, nameless_file, sweep

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("client", "singer", "schemas", "tap", "target", "warehouse", "loading", "cli", "provider", "emulator")
HOLDER = """
import sys
from pathlib import Path
from talon_one_singer.temporary_folders import TemporaryFolder
folder = TemporaryFolder("test")
(Path(folder.name) / "keys").write_text("cust-1")
print(folder.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A directory for temporary files, only for this test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder():
    """Starts a process that holds a folder until its input ends; returns the process and the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process, Path(process.stdout.readline().strip())
    process.communicate()


def test_a_folder_is_removed_with_its_content(place):
    """A folder is removed with its content, even after an error."""

    def fail() -> None:
        with TemporaryFolder("test") as name:
            Path(name, "file").write_text("x")
            assert 0o700 == Path(name).stat().st_mode & 0o777
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [] == list(place.iterdir())


def test_what_a_killed_process_left_is_swept(holder, place):
    """A sweep removes the folder of a killed process, whose lock has ended with it."""
    process, folder = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert folder.is_dir()
    assert 1 == sweep()
    assert [] == list(place.iterdir())


def test_the_folder_of_a_process_that_lives_is_left_alone(holder):
    """A sweep does not remove a folder whose lock is held."""
    _, folder = holder
    assert [0, 0] == [sweep(), sweep()]
    assert "cust-1" == (folder / "keys").read_text()


def test_making_a_folder_sweeps(holder):
    """Creating a folder sweeps first, so that a long-lived worker cleans up too."""
    process, folder = holder
    process.kill()
    process.wait()
    with TemporaryFolder("test"):
        assert not folder.exists()


def old_folder(place, name, mode=0o700):
    """A folder without a lock that was last changed decades ago."""
    folder = place / name
    folder.mkdir()
    folder.chmod(mode)
    os.utime(folder, (0, 0))
    return folder


def test_a_folder_that_is_being_made_is_left_alone(place):
    """A new folder without a lock stays, because its process is about to lock it."""
    young = place / "talon-one-store-abcd_123"
    young.mkdir(mode=0o700)
    assert 0 == sweep()
    assert young.is_dir()


@pytest.mark.parametrize("name", ["talon-one-abcd_123", "talon-one-store-abcd_123"])
def test_a_folder_of_an_older_version_is_swept(place, name):
    """Older versions made folders without a lock; the sweep removes those that are older than a day."""
    old_folder(place, name)
    assert 1 == sweep()
    assert [] == list(place.iterdir())


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("talon-one-connector", 0o700),
        ("talon-one-lake", 0o700),
        ("talon-one-my-own-data", 0o700),
        ("somebody-elses", 0o700),
        ("talon-one-snapshot", 0o755),
        ("talon-one-data-snapshot", 0o755),
    ],
)
def test_a_folder_of_a_person_is_left_alone(place, name, mode):
    """A user's folder in the temporary directory is not swept, however old it is."""
    folder = old_folder(place, name, mode)
    assert 0 == sweep()
    assert folder.is_dir()


def test_a_link_is_not_followed(place):
    """A symbolic link is not followed, because its target may belong to anyone."""
    target = old_folder(place, "precious")
    (place / "talon-one-abcd_123").symlink_to(target)
    assert 0 == sweep()
    assert target.is_dir()


def test_a_nameless_file_is_nowhere(place):
    """A nameless file leaves nothing to sweep."""
    with nameless_file() as file:
        file.write(b"x")
        assert [] == list(place.iterdir())


def test_only_one_module_makes_temporary_files():
    """All other modules use this one, except for the emulator's permanent cache of public retail data."""
    allowed = {"singer/talon_one_singer/temporary_folders.py", "emulator/talon_one_emulator/seeds/journey.py"}
    words = re.compile(r"\btempfile\b|\bmkdtemp\b|NamedTemporaryFile|TemporaryDirectory")
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if words.search(path.read_text(encoding="utf-8"))
    }
    assert allowed == found
