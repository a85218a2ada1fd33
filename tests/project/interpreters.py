"""Pythons of this machine, and uv, which installs into environments of them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

UV = Path(__file__).resolve().parents[2] / ".venvs" / "uv" / "bin" / "uv"


def python_of(version: str) -> str | None:
    """Return an interpreter of that version from the PATH or pyenv, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    under_pyenv = sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return sys.executable
    return str(under_pyenv[-1]) if under_pyenv else shutil.which(f"python{version}")
