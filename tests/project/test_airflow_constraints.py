"""The connector is installed beside an Airflow whose constraints pin the packages of its day."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.project.interpreters import UV, python_of

ROOT = Path(__file__).resolve().parents[2]
CELLS = sorted((ROOT / "requirements" / "airflow").glob("*.in"))
# What Airflow's own constraints hold: the core, and the providers of a usual installation.
USUAL = ("amazon[s3fs]", "celery", "common-compat", "common-sql", "fab", "http", "openlineage", "postgres", "sqlite")
IMPORT = (
    "from airflow_provider_talon_one.transfers import singer, talon_one_to_warehouse, verify, warehouse_to_audience"
)
pytestmark = pytest.mark.slow


def uv(*words: str | Path) -> str:
    """Run uv and return its output."""
    done = subprocess.run([UV, *words], capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("cell", CELLS, ids=lambda path: path.stem)
def test_the_connector_fits_the_constraints_of_an_airflow(wheel, cell, tmp_path):
    """A file made as Airflow makes it, of the newest packages of its day, holds, and pip finds no conflict."""
    text = cell.read_text()
    (version,), (day, *_) = re.findall(r"^apache-airflow==(\S+)", text, re.M), re.findall(r"\d{4}-\d\d-\d\d", text)
    providers = [f"apache-airflow-providers-{name}" for name in USUAL]
    (tmp_path / "usual.in").write_text("\n".join([f"apache-airflow=={version}", *providers]))
    constraints, environment = tmp_path / "constraints.txt", tmp_path / "venv"
    interpreter = python_of("3.11")
    if interpreter is None:
        pytest.skip("no Python 3.11 on this machine")
    uv("venv", "--quiet", "--python", interpreter, environment)
    python = environment / "bin" / "python"
    at = ("--python", python)
    uv("pip", "compile", "--quiet", *at, "--exclude-newer", day, tmp_path / "usual.in", "-o", constraints)
    uv("pip", "install", "--quiet", *at, f"apache-airflow=={version}", "--constraint", constraints)
    uv("pip", "install", "--quiet", *at, f"{wheel}[airflow]", f"apache-airflow=={version}", "--constraint", constraints)
    uv("pip", "check", *at)
    installed = dict(line.split("==") for line in uv("pip", "freeze", *at).splitlines() if "==" in line)
    pinned = dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", constraints.read_text(), re.M))
    assert version == installed["apache-airflow"]
    assert {} == {name: one for name, one in installed.items() if pinned.get(name, one) != one}
    variables = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    subprocess.run([python, "-W", "ignore", "-c", IMPORT], check=True, env=variables, cwd=tmp_path)
