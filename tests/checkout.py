"""The packages of this checkout, for interpreters of environments in which they are not installed."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def import_path() -> str:
    """Return a PYTHONPATH with the folder of every package."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    lines = parser["options"]["package_dir"].strip().splitlines()
    return os.pathsep.join(str((ROOT / line.split(" = ")[1]).parent) for line in lines)
