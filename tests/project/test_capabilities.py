"""What tap and target declare in ``--about`` and to Meltano is what they can."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from singer_sdk.helpers import capabilities as sdk

from talon_one_singer.cli.tap_cli import tap_command
from talon_one_singer.cli.target_cli import target_command
from tap_talon_one.tap import definition as tap_definition
from target_talon_one.target import definition as target_definition

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = {"tap": tap_definition, "target": target_definition}
COMMANDS = {"tap": tap_command, "target": target_command}
# Capabilities that an option or settings of the same words stand for.
OPTIONS = ("about", "catalog", "discover", "properties", "state", "test")
SETTINGS = {"stream-maps": "stream_maps", "schema-flattening": "flattening_enabled"}
# The others: the test that shows them.
SHOWN_BY = {
    ("tap", "activate-version"): "tests/project/test_targets.py::test_target_postgres_removes_members_who_left",
    ("tap", "batch"): "tests/project/test_targets.py::test_target_postgres_gets_every_row",
    ("target", "activate-version"): "tests/target/test_singer.py::test_a_mirror_can_insist_on_activate_version",
    ("target", "batch"): "tests/target/test_singer.py::test_rows_in_batch_files_arrive",
    ("target", "hard-delete"): "tests/target/test_deleted_rows.py::test_a_row_that_is_marked_is_removed_if_it_is_ours",
    (
        "target",
        "validate-records",
    ): "tests/target/test_singer.py::test_a_row_that_cannot_be_sent_is_in_the_rejects_with_its_reason",
}
# Keys that only MeltanoHub knows, beside those of a plugin in a project.
HUB_ONLY = {"domain_url", "keywords", "maintenance_status", "prereq"}


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_every_declared_capability_is_one(kind):
    """Each capability has a name of the Singer SDK, and the option, the setting or the test that shows it."""
    definition = DEFINITIONS[kind]()
    enums = (sdk.PluginCapabilities, sdk.TapCapabilities if kind == "tap" else sdk.TargetCapabilities)
    known = {one._value_ for enum in enums for one in enum.__members__.values()} | {"test"}
    assert set() == set(definition.capabilities) - known
    options = {parameter.name for parameter in COMMANDS[kind](definition).params}
    settings = {setting.name for setting in definition.settings}
    for name in definition.capabilities:
        if name in OPTIONS:
            assert name in options, name
        elif name in SETTINGS:
            assert SETTINGS[name] in settings, name
        else:
            file, _, test = SHOWN_BY[kind, name].partition("::")
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


def meltano_schema():
    """Return Meltano's own schema of a project file."""
    found = list((ROOT / ".venvs" / "meltano").glob("lib/python3*/site-packages/meltano/schemas/meltano.schema.json"))
    if not found:
        pytest.fail("meltano is not installed; run: make test")
    return json.loads(found[0].read_text(encoding="utf-8"))


def test_the_definitions_fit_the_schema_of_meltano():
    """meltano.yml and the definitions for MeltanoHub are valid, and declare what this installation can."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    hub = {
        kind: yaml.safe_load((ROOT / "meltano-hub" / f"{kind}-talon-one.yml").read_text(encoding="utf-8"))
        for kind in DEFINITIONS
    }
    for kind, group in (("tap", "extractors"), ("target", "loaders")):
        declared = set(DEFINITIONS[kind]().capabilities)
        assert declared >= set(hub[kind]["capabilities"])
        assert {"test", "validate-records"} >= declared - set(hub[kind]["capabilities"])
        plugin = {name: value for name, value in hub[kind].items() if name not in HUB_ONLY}
        project["plugins"][group].append({**plugin, "name": f"{plugin['name']}-hub"})
    jsonschema.validate(project, meltano_schema())
