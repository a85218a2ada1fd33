"""What a DAG file imports: Airflow parses it again and again, so no engine may be loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_provider_talon_one.get_provider_info import get_provider_info

ENGINES = (
    "talon_one_client.http.executor",
    "talon_one_loading",
    "tap_talon_one.tap",
    "target_talon_one.sync",
    "duckdb",
    "pyarrow",
)


def modules() -> list[str]:
    """The modules that DAG files import."""
    info = get_provider_info()
    parts = ("hooks", "operators", "sensors", "triggers")
    listed = [name for part in parts for one in info[part] for name in one["python-modules"]]
    return [*listed, *(one["python-module"] for one in info["transfers"]), "airflow_provider_talon_one.decorators"]


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that importing the provider adds to those of Airflow, which may load pyarrow and duckdb itself."""
    script = (
        "import sys, importlib, airflow.providers.common.compat.sdk as sdk\n"
        "sdk.BaseOperator, sdk.BaseHook, sdk.BaseSensorOperator, sdk.ObjectStoragePath\n"
        "before = set(sys.modules)\n"
        f"for name in {modules()!r}: importlib.import_module(name)\n"
        "print('LOADED', *(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    found = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("LOADED")]
    assert found, done.stderr
    return set(found[0])


@pytest.mark.parametrize("engine", ENGINES)
def test_importing_the_provider_loads_no_engine(loaded, engine):
    """Importing every operator, sensor and transfer leaves client, tap, target and databases unloaded."""
    assert engine not in loaded


def test_importing_the_provider_loads_its_operators(loaded):
    """The list of loaded modules is not empty, so that the test of engines cannot pass for nothing."""
    assert "airflow_provider_talon_one.operators.talon_one" in loaded
