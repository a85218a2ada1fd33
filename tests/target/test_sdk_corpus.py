"""The inputs with which the Singer SDK tests targets (``singer_sdk/testing/target_test_streams``), as it ships them."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

CORPUS = Path(find_spec("singer_sdk").origin).parent / "testing" / "target_test_streams"
TYPES = {"integer": "number", "number": "number", "boolean": "boolean", "object": "location", "array": "(list string)"}
# A stream without a column that could be a key gets one from a template.
KEYS = {
    "test_object_schema_with_properties": "{{ object_store.id }}",
    "test_object_schema_no_properties": "{{ object_store.id }}",
}
# Inputs that are wrong: exit code, and words of the message. A SCHEMA without properties (`invalid_schema`) is a valid
# JSON schema, and has no rows here that could be lost.
WRONG = {
    "record_before_schema": (1, "line 1: 1 RECORD(s) of test_record_before_schema came before its SCHEMA"),
    "record_missing_key_property": (1, "row needs it)"),
    "record_missing_required_property": (1, "is missing)"),
}
RIGHT = sorted({path.stem for path in CORPUS.glob("*.singer")} - WRONG.keys())


def messages(name):
    """Return the messages of an input."""
    lines = (CORPUS / f"{name}.singer").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def key_of(message):
    """Return the column or template of the key of a SCHEMA."""
    return KEYS.get(message["stream"]) or [*message.get("key_properties", []), "id"][0]


def properties_of(lines):
    """Return the properties of all SCHEMAs of each stream, and the streams whose properties change."""
    found, changing = {}, set()
    for message in lines:
        if message["type"] == "SCHEMA":
            properties = message["schema"].get("properties", {})
            before = found.setdefault(message["stream"], dict(properties))
            if before.keys() != properties.keys():
                changing.add(message["stream"])
            before.update(properties)
    return found, changing


def attribute_of(stream, name, changing):
    """Return the name of an attribute: that of its column, if columns come later, so that no map can name them."""
    return name if stream in changing else f"{stream}.{name}"


def configured(emu, lines):
    """Return the setting ``streams`` for messages: each stream is a catalog, whose attributes are created."""
    keys = {message["stream"]: key_of(message) for message in reversed(lines) if message["type"] == "SCHEMA"}
    properties, changing = properties_of(lines)
    emu.add("catalogs", *({"name": stream} for stream in keys))
    numbers = {catalog["name"]: catalog["id"] for catalog in emu.state("catalogs")["catalogs"]}
    streams = {}
    for stream, schemas in properties.items():
        names = {attribute_of(stream, name, changing): name for name in schemas if name != keys[stream]}
        for attribute, name in names.items():
            types = schemas[name].get("type", "string")
            kind = next(one for one in (types if isinstance(types, list) else [types]) if one != "null")
            emu.add("attributes", {"entity": "CartItem", "name": attribute, "type": TYPES.get(kind, "string")})
        fields = {"sku": keys[stream], "attributes": "*" if stream in changing else names}
        streams[stream] = {
            "sink": "catalog_items",
            "mode": "upsert",
            "catalog_id": numbers[stream],
            "map": fields,
        }
    return streams


def expected(lines):
    """Return the attributes of every item that the messages describe, by stream and SKU; the last value counts."""
    found, keys = {}, {}
    _, changing = properties_of(lines)
    for message in lines:
        if message["type"] == "SCHEMA":
            keys[message["stream"]] = key_of(message)
        if message["type"] != "RECORD":
            continue
        stream, row = message["stream"], message["record"]
        key = keys[stream]
        sku = row["object_store"]["id"] if stream in KEYS else row[key]
        values = {name: value for name, value in row.items() if name != key and value is not None}
        attributes = {attribute_of(stream, name, changing): value for name, value in values.items()}
        found.setdefault((stream, str(sku)), {}).update(attributes)
    return found


def items(emu):
    """Return the attributes of every item of Talon.One, by catalog and SKU."""
    state = emu.state("catalogs", "items")
    names = {catalog["id"]: catalog["name"] for catalog in state["catalogs"]}
    return {(names[row["catalog"]], row["sku"]): row["attributes"] for row in state["items"]}


def test_every_right_input_arrives_with_its_last_state(engine, singer):
    """All inputs that are right, in one run: every row is at Talon.One as it came, and the last STATE is emitted."""
    lines = [message for name in RIGHT for message in messages(name)]
    streams = configured(engine.emu, lines)
    done = singer(lines, streams, management_key=None)
    assert 0 == done.returncode, done.stderr
    assert expected(lines) == items(engine.emu)
    states = [message["value"] for message in lines if message["type"] == "STATE"]
    assert states[-1] == json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_input_is_reported(engine, singer, name):
    """An input that is wrong ends with an error that says what is wrong, and nothing of it gets a STATE."""
    lines = messages(name)
    streams = configured(engine.emu, lines)
    done = singer(lines, streams, management_key=None)
    code, words = WRONG[name]
    assert code == done.returncode, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "" == done.stdout
