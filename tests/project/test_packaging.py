"""The wheel, installed alone, without extras."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from talon_one_singer.version import VERSION
from tests.examples import slow
from tests.project.interpreters import UV, python_of
from tests.project.test_install_page import wanted

ROOT = Path(__file__).resolve().parent.parent.parent
ASK = """
import json, sys
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.sources.open_source import open_source
from talon_one_warehouse.sources.spec import SourceSpec
from talon_one_warehouse.urls import open_warehouse

said = {}
for kind, url in json.load(sys.stdin):
    try:
        if kind == "source":
            open_source(SourceSpec(url) if url.startswith("s3") else SourceSpec(url, table="t"))
        else:
            open_warehouse(url)
    except WarehouseConfigError as error:
        said[f"{kind} {url}"] = str(error)
json.dump(said, sys.stdout)
"""
FORBIDDEN = ("airflow", "pandas", "pyarrow", "duckdb", "starlette")


@pytest.fixture(scope="module")
def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def package_folders() -> dict[str, str]:
    """Return import name and folder of every package in the repository."""
    skip = {"tests", "scripts", "benchmarks", "docs", "requirements", "demo-output", "build"}
    found = {}
    for init in ROOT.glob("*/*/__init__.py"):
        top = init.relative_to(ROOT).parts[0]
        if top.startswith(".") or top in skip:
            continue
        for inner in [init, *init.parent.rglob("*/__init__.py")]:
            folder = inner.parent.relative_to(ROOT)
            found[".".join(folder.parts[1:])] = str(folder)
    return found


def test_setup_cfg_lists_every_package(setup_cfg):
    """setup.cfg lists every package; a missing one would work in an editable install and be absent from the wheel."""
    assert sorted(package_folders()) == sorted(setup_cfg["options"]["packages"].split())


def test_setup_cfg_maps_each_top_package_to_its_folder(setup_cfg):
    """``import name = folder`` holds for every top-level package."""
    mapped = dict(line.split(" = ") for line in setup_cfg["options"]["package_dir"].strip().splitlines())
    assert {name: folder for name, folder in package_folders().items() if "." not in name} == mapped


def test_the_version_is_that_of_the_distribution():
    """The constant that ``--version`` prints is the version of the installed distribution."""
    assert version("talon-one-connector") == VERSION


@pytest.mark.parametrize(("tag", "code"), [(f"v{VERSION}", 0), ("v", 1), (f"v{VERSION}1", 1)])
def test_a_release_begins_only_with_the_tag_of_the_version(tag, code):
    """The first step of the release workflow fails if the tag is not the version."""
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    (step,) = re.findall(r"- name: The tag is the version\n +run: (.*)", workflow)
    done = subprocess.run(["bash", "-c", step], cwd=ROOT, env={**os.environ, "GITHUB_REF_NAME": tag}, check=False)
    assert code == done.returncode


def test_the_wheel_holds_every_schema_and_no_source_of_them(wheel):
    """All JSON schemas are in the wheel; the file that they are generated from is not."""
    names = zipfile.ZipFile(wheel).namelist()
    here = {p.name for p in (ROOT / "schemas" / "talon_one_schemas").rglob("*.json")}
    assert here == {Path(n).name for n in names if n.endswith(".json")}
    assert [] == [n for n in names if "source" in Path(n).parent.parts or n.startswith("tests")]


@pytest.fixture(scope="module", params=[slow("3.11"), "3.13"])
def bare(request, wheel, tmp_path_factory):
    """Create an environment with only the wheel and its requirements, and return its folder of programs."""
    home = tmp_path_factory.mktemp(f"bare-{request.param}")
    interpreter = python_of(request.param)
    if interpreter is None:
        pytest.skip(f"no Python {request.param} on this machine")
    subprocess.run([UV, "venv", "--quiet", "--python", interpreter, home / "venv"], check=True)
    python = home / "venv" / "bin" / "python"
    subprocess.run([UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, wheel], check=True)
    return home / "venv" / "bin"


def test_the_bare_tap_describes_itself_within_a_second(bare):
    """--about and --discover of the bare wheel each take less than a second of CPU time."""
    for option in ("--about", "--discover"):
        begin_s = _cpu_s_of_children()
        subprocess.run([bare / "tap-talon-one", option], check=True, capture_output=True)
        assert _cpu_s_of_children() - begin_s < 1.0, option


def _cpu_s_of_children():
    times = os.times()
    return times.children_user + times.children_system


def test_the_bare_tap_loads_nothing_heavy(bare):
    """Neither --about nor --discover imports Airflow, pandas, pyarrow or any other extra."""
    program = (
        "import sys; from talon_one_singer.cli.tap_cli import tap_command; from tap_talon_one.tap import definition\n"
        "for option in ('--about', '--discover'):\n"
        "    tap_command(definition()).main([option], standalone_mode=False)\n"
        f"print([m for m in {FORBIDDEN!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([bare / "python", "-c", program], capture_output=True, text=True, check=True)
    assert "[]" == done.stderr.strip().splitlines()[-1]


def test_discover_of_the_bare_wheel_is_a_catalog(bare):
    """The catalog of the wheel is the same as that of the checkout."""
    ours = subprocess.run([sys.executable, "-m", "tap_talon_one", "--discover"], capture_output=True, check=True)
    theirs = subprocess.run([bare / "tap-talon-one", "--discover"], capture_output=True, check=True)
    assert json.loads(ours.stdout) == json.loads(theirs.stdout)


def test_stream_maps_need_their_extra(bare, tmp_path):
    """Without the extra, --about lists no stream maps, and settings that ask for maps are refused, never ignored."""
    for name in ("tap-talon-one", "target-talon-one"):
        about = subprocess.run([bare / name, "--about", "--format", "json"], capture_output=True, check=True)
        assert set() == {"stream-maps", "schema-flattening"} & set(json.loads(about.stdout)["capabilities"])
    config = {"base_url": "http://127.0.0.1:9", "api_key": "key", "card_ids": ["a"], "loyalty_program_ids": [1]}
    (tmp_path / "config.json").write_text(json.dumps({**config, "stream_maps": {"audiences": None}}))
    run = subprocess.run([bare / "tap-talon-one", "--config", tmp_path / "config.json"], capture_output=True, text=True)
    assert 2 == run.returncode
    assert "talon-one-connector[maps]" in run.stderr


def test_extras_that_are_missing_are_named(bare):
    """``load`` and the emulator say which extra to install."""
    load = subprocess.run([bare / "talon-one", "load", "--to", "duckdb:///x.duckdb"], capture_output=True, text=True)
    serve = subprocess.run([bare / "talon-one-emulator", "serve"], capture_output=True, text=True)
    assert 0 != load.returncode
    assert "Traceback" not in load.stderr + serve.stderr
    assert 0 != serve.returncode
    assert "talon-one-connector[emulator]" in serve.stderr


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel_in_any_folder(wheel, tmp_path):
    """With the extra demo, the wheel loads and syncs in an empty folder, draws the picture, and checks every figure."""
    venv, folder = tmp_path / "venv", tmp_path / "elsewhere"
    folder.mkdir()
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    subprocess.run([UV, "pip", "install", "--quiet", "--python", venv / "bin" / "python", f"{wheel}[demo]"], check=True)
    foreign = {"TALON_ONE_BASE_URL": "http://127.0.0.1:1", "TALON_ONE_API_KEY": "key-of-another-account"}
    done = subprocess.run(
        [venv / "bin" / "talon-one", "demo"],
        cwd=folder,
        env={**os.environ, **foreign, "TALON_ONE_EMULATOR_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert 0 == done.returncode, done.stdout[-2000:] + done.stderr
    assert "4,938 balances equal the ledger arithmetic to the cent: 0 differences." in done.stdout
    assert b"\x89PNG" == (folder / "demo-output" / "loyalty.png").read_bytes()[:4]


def test_a_bare_installation_asks_for_the_extra_of_the_install_page(bare):
    """Without extras, opening each URL of the page names the extra that its row installs."""
    done = subprocess.run(
        [bare / "python", "-c", ASK], input=json.dumps(list(wanted())), capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    extras = {name: set(re.findall(r"talon-one-connector\[([\w,]+)\]", text)) for name, text in said.items()}
    assert {f"{kind} {url}": extras for (kind, url), extras in wanted().items()} == extras
