"""The compiled predicates agree with jsonschema, and every operation is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import talon_one_schemas
from talon_one_client import endpoints
from talon_one_emulator import handlers
from talon_one_emulator.api import schema_predicates
from talon_one_emulator.api.call import HANDLERS
from tests.examples import examples

VALIDATORS = {
    name: Draft202012Validator(talon_one_schemas.request(name)) for name in talon_one_schemas.names("requests")
}
SCALARS = st.sampled_from([None, True, 0, 1, 5, -1, "", "add", "delete", "open", "ADD", "PATCH", "x" * 1001])


@st.composite
def bodies(draw):
    """A request schema and a body that is right in most places."""
    name = draw(st.sampled_from(sorted(VALIDATORS)))
    return name, draw(_like(talon_one_schemas.request(name)))


def types(schema):
    """Return the types of a schema; none if it does not restrict them."""
    kind = schema.get("type")
    return kind if isinstance(kind, list) else [kind]


def _like(schema):
    branches = schema.get("oneOf") or [{**schema, "type": kind} for kind in types(schema)]
    if len(branches) > 1:
        return st.one_of([_like(branch) for branch in branches])
    if "const" in schema:
        return st.just(schema["const"]) | SCALARS
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | SCALARS
    if schema.get("type") == "object":
        fields = {name: _like(each) for name, each in schema.get("properties", {}).items()}
        needed = {name: fields.pop(name) for name in list(fields) if name in schema.get("required", ())}
        return st.fixed_dictionaries(needed, optional=fields) | st.dictionaries(st.just("a"), SCALARS, max_size=1)
    if schema.get("type") == "array":
        return st.lists(_like(schema["items"]), max_size=3) | SCALARS
    kinds = {
        "string": st.text(max_size=5),
        "integer": st.integers(-2, 9),
        "number": st.integers(-2, 9) | st.decimals(0, 9),
    }
    return kinds.get(schema.get("type"), SCALARS) | SCALARS


@examples(600)
@given(bodies())
def test_predicates_agree_with_jsonschema(drawn):
    """The quick check and jsonschema give the same verdict on any body."""
    name, body = drawn
    assert schema_predicates.accepts(name)(body) == VALIDATORS[name].is_valid(body)


def test_every_operation_has_a_handler():
    """Table and handlers name the same operations."""
    assert handlers.__all__
    assert HANDLERS.keys() == endpoints.BY_NAME.keys()


@pytest.mark.parametrize("endpoint", endpoints.ALL, ids=lambda each: each.name)
def test_every_path_leads_to_its_operation(running, endpoint):
    """The router finds each row of the table by its own path."""
    path = endpoint.path
    for param in endpoint.path_params:
        path = path.replace("{" + param.name + "}", "a%2Fb")
    found = running._controls.service.router.match(endpoint.method, path.encode())
    assert found is not None
    assert found[0] == endpoint
    assert set(found[1].values()) == ({"a/b"} if endpoint.path_params else set())
