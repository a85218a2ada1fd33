"""Source distribution and wheel, checked by the tools of PyPI and installed on each Python."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from talon_one_emulator import Emulator
from tests.project.guide_runner import BLOCK, commands
from tests.project.interpreters import UV, python_of

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
# Together they install everything that a user can ask for; Airflow has an environment of its own.
EXTRAS = (
    "warehouse,postgresql,sqlite,snowflake,bigquery,redshift,databricks,mysql,lake,s3,sync,redis,listen,alerts,maps,dlt,"
    "demo,journey",
    "airflow,openlineage,postgresql,emulator",
)
MODULES = (
    "adbc_driver_postgresql.dbapi", "adbc_driver_sqlite.dbapi", "databricks.sql", "deltalake", "google.cloud.bigquery",
    "jinja2", "jsonschema_rs", "pymysql", "redis", "redshift_connector", "s3fs", "singer_sdk.mapper",
    "snowflake.connector", "talon_one_loading.dlt_source", "uvicorn",
)  # fmt: skip
QUICKSTART = ROOT / "docs" / "get-started" / "quickstart.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Build the source distribution, and from it the wheel; return both files."""
    out = tmp_path_factory.mktemp("distributions")
    subprocess.run([UV, "build", "--quiet", "--out-dir", out, ROOT], check=True)
    (source,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return source, wheel


def test_the_source_distribution_makes_the_same_wheel(distributions, wheel):
    """The wheel of the source distribution has the files of the wheel of the repository."""
    assert sorted(zipfile.ZipFile(wheel).namelist()) == sorted(zipfile.ZipFile(distributions[1]).namelist())


def test_the_source_distribution_holds_no_other_folder(distributions):
    """Neither tests nor environments are in the source distribution."""
    with tarfile.open(distributions[0]) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if name.count("/") > 1}
    assert set() == {top for top in tops if top.startswith(".") or top in {"tests", "docs", "build", "benchmarks"}}


def test_the_tools_of_pypi_accept_the_distributions(distributions, peer):
    """`twine check --strict` and `check-wheel-contents` find nothing."""
    for command in (
        [peer("lint", "twine"), "check", "--strict", *distributions],
        [peer("lint", "check-wheel-contents"), "--config", ROOT / "pyproject.toml", distributions[1]],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr


def test_every_extra_is_installed_by_these_tests():
    """An extra that is added to setup.cfg is installed on each Python too."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    assert set(parser["options.extras_require"]) - {"dev"} == {name for one in EXTRAS for name in one.split(",")}


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("extras", EXTRAS, ids=["all", "airflow"])
def test_each_python_installs_the_wheel_with_its_extras(distributions, version, extras, tmp_path):
    """Pip finds no conflict between the installed packages, and the programs and drivers load."""
    interpreter = python_of(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} on this machine")
    subprocess.run([UV, "venv", "--quiet", "--python", interpreter, tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, f"{distributions[1]}[{extras}]"], check=True)
    checked = subprocess.run([UV, "pip", "check", "--python", python], capture_output=True, text=True)
    assert 0 == checked.returncode, checked.stdout + checked.stderr
    modules = MODULES if "sync" in extras else ["airflow_provider_talon_one.transfers.loyalty_to_warehouse"]
    code = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow")}
    subprocess.run([python, "-c", code], check=True, env=environment, cwd=tmp_path)
    for program in ("talon-one", "tap-talon-one", "target-talon-one", "talon-one-emulator"):
        subprocess.run([python.with_name(program), "--version"], check=True, stdout=subprocess.DEVNULL)


def test_the_installation_of_the_readme_runs_its_commands(distributions, tmp_path):
    """With the extras of its installation line, the commands of the README load, plan, push and verify."""
    blocks = CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    lines = [command.text for block in blocks for command in commands(block)]
    (extras,) = re.fullmatch(
        r"pip install 'talon-one-connector\[(.*)\]'", next(one for one in lines if one.startswith("pip install"))
    ).groups()
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, f"{distributions[1]}[{extras}]"], check=True)
    segments = {match["file"]: match["text"] for match in BLOCK.finditer(QUICKSTART.read_text(encoding="utf-8"))}
    (tmp_path / "segments.yml").write_text(segments["segments.yml"])
    work = [one for one in lines if re.match(r"talon-one (load|plan|push|verify) ", one)]
    assert ["load", "plan", "push", "verify"] == [one.split()[1] for one in work]
    with Emulator(seed="synthetic", cards=5, transactions=2, management_rate=0) as emulator:
        environment = {
            "PATH": f"{python.parent}:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "TALON_ONE_BASE_URL": emulator.url,
            "TALON_ONE_API_KEY": emulator.api_key,
            "TALON_ONE_MANAGEMENT_KEY": emulator.management_key,
        }
        for one in work:
            done = subprocess.run(["bash", "-c", one], env=environment, cwd=tmp_path, capture_output=True, text=True)
            assert 0 == done.returncode, done.stdout + done.stderr
