"""The schemas of editors allow what the program reads, and name what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from talon_one_cli.project.editor_schemas import ADDRESS, HINT, SYNC_FILE, editor_schemas
from talon_one_cli.sync.sync_file import read_sync_file
from talon_one_cli.sync.yaml_file import parse_yaml
from talon_one_singer import ConfigError
from talon_one_singer.reporting.redaction import Redactor
from target_talon_one.config.destination_settings import OPTIONS, TARGETS
from target_talon_one.sinks.table import SINKS

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "cli/talon_one_cli/demo/segments.yml"
SCHEMAS = editor_schemas()
VALIDATOR = jsonschema.Draft7Validator(SCHEMAS[SYNC_FILE])
VALUES = {
    **{setting.name: 3 if setting.type == "integer" else "2026-01-01T00:00:00Z" for setting in TARGETS.values()},
    "missing_price": "keep",
    "referral_pattern": "x",
    "audience": {"name": "VIP"},
}


def is_valid(sync):
    """Return whether the schema allows a sync."""
    return VALIDATOR.is_valid({"syncs": {"one": sync}})


def is_read(sync, folder):
    """Return whether the program reads a sync."""
    (folder / "s.yml").write_text(json.dumps({"base_url": "https://x.example", "syncs": {"one": sync}}))
    try:
        read_sync_file(str(folder / "s.yml"), (), Redactor(), environ={})
    except ConfigError:
        return False
    return True


def sync_of(sink, mode):
    """Return a sync with all settings that the sink needs."""
    needed = {name: VALUES[name] for name in sink.target if not name.endswith("?")}
    return {"source": "rows.csv", "sink": sink.name, "mode": mode, **needed}


@pytest.mark.parametrize("sink", [*SINKS.values()], ids=[*SINKS])
def test_schema_and_program_agree_on_the_settings_of_a_sink(sink, tmp_path):
    """Each mode is allowed; both refuse another mode, and a setting that is missing, unknown or of another sink."""
    for mode in sink.modes:
        assert (True, True) == (is_valid(sync_of(sink, mode)), is_read(sync_of(sink, mode), tmp_path))
    whole = sync_of(sink, next(iter(sink.modes)))
    known = {name.rstrip("?") for name in sink.target}
    wrong = [whole | {"nosuch": 1}, whole | {"mode": "nosuch"}]
    wrong += [whole | {name: VALUES[name]} for name in ("audience", *TARGETS) if name not in known]
    wrong += [{k: v for k, v in whole.items() if k != name} for name in sink.target if not name.endswith("?")]
    wrong += [{k: v for k, v in whole.items() if k != name} for name in ("source", "sink")]
    assert [] == [one for one in wrong if is_valid(one) or is_read(one, tmp_path)]


@pytest.mark.parametrize("setting", [*OPTIONS.values()], ids=[*OPTIONS])
def test_schema_and_program_agree_on_values(setting, tmp_path):
    """Values, texts that are converted, null and the default are allowed; what the program refuses is refused."""
    sink = SINKS["audience_members"]
    values = {
        "boolean": ([True, "no", "1", None], [2, "perhaps", []]),
        "integer": ([3, "7", None, ""], [-1, "seven", 1.5]),
        "number": ([0.5, 1, "0.25", None], [2, "half", True]),
        "string": ([*setting.allowed, None], ["nosuch", 1]),
    }
    right, wrong = values[setting.type]
    syncs = {value: sync_of(sink, "mirror") | {setting.name: value} for value in map(json.dumps, [*right, *wrong])}
    syncs = {text: one | {setting.name: json.loads(text)} for text, one in syncs.items()}
    allowed = {text: (is_valid(one), is_read(one, tmp_path)) for text, one in syncs.items()}
    assert (
        dict.fromkeys(map(json.dumps, right), (True, True)) | dict.fromkeys(map(json.dumps, wrong), (False, False))
        == allowed
    )


def blocks():
    """Yield every SYNC.yml of examples and docs, with its place."""
    for path in (EXAMPLE, *sorted(ROOT.glob("examples/*.yml"))):
        yield pytest.param(path.read_text(encoding="utf-8"), id=path.name)
    for page in sorted((ROOT / "docs").rglob("*.md")):
        found = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        for at, text in enumerate(one for one in found if re.search(r"^syncs:", one, re.MULTILINE)):
            yield pytest.param(text, id=f"{page.name}-{at}")


@pytest.mark.parametrize("text", list(blocks()))
def test_every_sync_file_of_examples_and_docs_is_valid(text):
    """An editor marks nothing in them."""
    assert [] == [error.message for error in VALIDATOR.iter_errors(parse_yaml(text))]


def test_the_hint_of_an_editor_is_the_address_of_a_published_schema():
    """The first line of the example names a file of schemas/editor; the files are those that the tables give."""
    first = EXAMPLE.read_text(encoding="utf-8").splitlines()[0]
    assert HINT == first
    assert HINT.endswith(f"$schema={ADDRESS}{SYNC_FILE}")
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "schemas/editor").iterdir()}
    assert SCHEMAS == files


@pytest.mark.parametrize("name", [*SCHEMAS])
def test_each_schema_is_one(name):
    """The files are valid schemas of their dialect, and YAML of an editor can be read with them."""
    jsonschema.Draft7Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name] == yaml.safe_load(json.dumps(SCHEMAS[name]))
