"""The files of container/ and the workflows, linted, and their commands run without a container."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.project.guide_runner import BLOCK
from tests.project.interpreters import python_of
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "container"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GUIDE = ROOT / "docs" / "guides" / "github-actions.md"
VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


def files_of(page: Path) -> dict[str, str]:
    """Return the files that a guide writes."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return {match["file"]: match["text"] for match in found if match["file"]}


def instructions(name: str) -> list[tuple[str, str]]:
    """Return the instructions of a container file, with their lines joined."""
    lines = re.sub(r"^#.*\n", "", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [tuple(line.split(" ", 1)) for line in lines.replace("\\\n", " ").splitlines() if line]


def compose(**variables: str) -> dict:
    """Return the compose file with variables replaced; a required one that is not given is a KeyError."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1], match[3]) if match[2] == ":-" else variables[match[1]]

    return yaml.safe_load(VARIABLE.sub(value, (FOLDER / "compose.yml").read_text(encoding="utf-8")))


def test_the_compose_file_names_files_that_exist():
    """Contexts, container files and mounted folders are there, and the password has no default."""
    services = compose(POSTGRES_PASSWORD="x")["services"]
    for service in services.values():
        if "build" in service:
            assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        mounted = [one.split(":")[0] for one in service.get("volumes", []) if one.startswith(".")]
        assert [] == [one for one in mounted if not (FOLDER / one).exists()]
    with pytest.raises(KeyError):
        compose()


def test_the_workflow_of_the_guide_runs_the_commands_of_the_guide():
    """Every step of the example is a command that the guide runs against the emulator, or an installation."""
    workflow = yaml.safe_load(files_of(GUIDE)[".github/workflows/talon-one.yml"])
    steps = [step["run"] for step in workflow["jobs"]["sync"]["steps"] if "run" in step]
    text = GUIDE.read_text(encoding="utf-8").split("<!-- run -->")[1]
    assert [] == [step for step in steps if f"$ {step}\n" not in text and not step.startswith("pip install")]


@pytest.mark.slow
def test_linters_accept_containers_compose_file_and_workflows(peer, tmp_path):
    """hadolint, zizmor and the schemas of compose files and workflows find nothing."""
    example = tmp_path / "talon-one.yml"
    example.write_text(files_of(GUIDE)[".github/workflows/talon-one.yml"])
    schema = [peer("lint", "check-jsonschema"), "--builtin-schema"]
    zizmor = [peer("lint", "zizmor"), "--offline", "--quiet", "--config", ROOT / ".github" / "zizmor.yml"]
    for command in (
        [peer("lint", "hadolint"), *FOLDER.glob("Containerfile*")],
        [*schema, "vendor.compose-spec", FOLDER / "compose.yml"],
        [*schema, "vendor.github-workflows", *WORKFLOWS, example],
        [*zizmor, *WORKFLOWS, example],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Run the commands of the Containerfile in a folder of this machine, and return the folder of programs."""
    version = re.search(r"FROM python:(3\.\d+)", (FOLDER / "Containerfile").read_text())[1]
    interpreter = python_of(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} on this machine")
    folder = tmp_path_factory.mktemp("image")
    places = {"/opt/": f"{folder}/", "/tmp/": f"{folder}/", "python -m": f"{interpreter} -m"}
    here = re.compile("|".join(map(re.escape, places)))
    for instruction, text in instructions("Containerfile"):
        if instruction == "RUN" and not text.startswith("useradd"):
            script = here.sub(lambda match: places[match[0]], text)
            subprocess.run(["/bin/bash", "-e", "-c", script], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder / "talon-one" / "bin"


@contextmanager
def running(command, environment):
    """Run a service until it is ready and until the end of the block."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().startswith("ready")
            yield
        finally:
            process.terminate()


@pytest.mark.slow
def test_the_services_of_the_compose_file_load_a_database(image, postgres_url, tmp_path):
    """The programs of the image, with the commands and variables of the services, load the emulator's data."""
    port = str(free_port())
    services = compose(POSTGRES_PASSWORD="x", TALON_ONE_BASE_URL=f"http://127.0.0.1:{port}")["services"]
    emulator, load = services["emulator"], services["load"]
    command = [image / emulator["entrypoint"][0], *emulator["command"]]
    command[command.index("8910")] = port
    variables = {**load["environment"], "TALON_ONE_TO": postgres_url}
    environment = {**os.environ, **variables, "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
    entrypoint = dict(instructions("Containerfile"))["ENTRYPOINT"]
    with running(command, environment):
        done = subprocess.run(
            [image / json.loads(entrypoint)[0], *load["command"]],
            env=environment, cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
    assert "loyalty_card_transactions 2,000 2,000 0" in " ".join(done.stdout.split())
