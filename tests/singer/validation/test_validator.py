"""Rows against their schema, by jsonschema-rs and by jsonschema: the same verdicts in the same words."""

from __future__ import annotations

import subprocess
import sys
import time
from decimal import Decimal
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_singer.errors import ConfigError
from talon_one_singer.validation.validator import validator
from tests.examples import examples


def plain(schema):
    """The validator of an installation without jsonschema-rs."""
    with mock.patch.dict(sys.modules, {"jsonschema_rs": None}):
        return validator(schema)


@pytest.fixture(params=["jsonschema-rs", "jsonschema"])
def make(request):
    """``validator`` with one and the other library."""
    return validator if request.param == "jsonschema-rs" else plain


def of(**properties):
    return {"type": "object", "properties": properties}


HUGE, TINY = Decimal("1E+999999999"), Decimal("1E-999999999")
INTEGER, NUMBER = {"type": "integer"}, {"type": "number"}
CENTS = {"multipleOf": 0.01}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INTEGER, 1),
        (INTEGER, Decimal("1.0")),
        (INTEGER, Decimal("1E+3")),
        (INTEGER, 10**400),
        (INTEGER, -(2**70)),
        (INTEGER, HUGE),
        (NUMBER, Decimal("0.1")),
        (NUMBER, TINY),
        (NUMBER, 10**400),
        (CENTS, Decimal("19.99")),
        (CENTS, Decimal("0.07")),
        (CENTS, 10**30 + 1),
        (CENTS, HUGE),
        (CENTS, 0),
        (CENTS, Decimal("0E-50")),
        (CENTS, "no number"),
        ({"multipleOf": Decimal("0.01")}, Decimal("1.10")),
        ({"multipleOf": 1e-30}, Decimal("1E-29")),
        ({"maximum": 0.1}, Decimal("0.1")),
        ({"maximum": 10**40}, 10**40),
        ({"enum": [1, "x"]}, Decimal("1.0")),
        ({"enum": [1.5]}, Decimal("1.50")),
        ({"const": {"a": [1.5]}}, {"a": [Decimal("1.5")]}),
        ({"uniqueItems": True}, [1, True, "1", [1], [True], {"a": 1}, {"a": True}]),
        ({"minLength": 1, "maxLength": 1}, "😀"),
        ({"pattern": "a"}, "bab"),
        ({"pattern": r"^\s$"}, "\u00a0"),
        ({"pattern": r"^[^$]\$$"}, "a$"),
        ({"format": "date-time"}, "yesterday"),
        ({"format": "email", "type": ["string", "null"]}, "nobody"),
        ({"contentEncoding": "base64"}, "?"),
        ({"contentMediaType": "application/json"}, "{no"),
        (of(a={"type": "string", "contentMediaType": "application/json"}), {"a": "text"}),
        (of(a={"type": ["null", "string"], "contentMediaType": "application/json"}), {"a": {"decoded": [1]}}),
        (of(a={"type": "string", "contentMediaType": "application/json"}), {"a": [1]}),
        ({"minimum": 3, "exclusiveMinimum": False}, 3),
        ({"$schema": None, "properties": {"a": {"$schema": 5}}}, {"a": 1}),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}, {}),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "null"}]}, [1]),
        ({"definitions": {"x": INTEGER}, "properties": {"a": {"$ref": "#/definitions/x"}}}, {"a": 5}),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False}, {"x1": 1}),
        (of(a=True), {"a": 1}),
        ({"items": [INTEGER]}, [1, "x"]),
        ({}, {"anything": [None]}),
    ],
)
def test_a_value_that_fits(make, schema, value):
    """Numbers are compared exactly, formats are not asserted, and JSON text may be decoded."""
    assert make(schema)(value) is None


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (of(a=INTEGER), {"a": "1"}, "a must be an integer, not a string"),
        (of(a=INTEGER), {"a": Decimal("1.5")}, "a must be an integer, not a number"),
        (of(a=INTEGER), {"a": True}, "a must be an integer, not a boolean"),
        (of(a=INTEGER), {"a": TINY}, "a must be an integer, not a number"),
        (of(a={"type": ["string", "null"]}), {"a": {}}, "a must be a string or null, not an object"),
        (of(a={"type": ["array", "null", "boolean"]}), {"a": 1}, "a must be an array, null or a boolean, not a number"),
        (of(), [], "the row must be an object, not an array"),
        (of(a={"items": of(b=INTEGER)}), {"a": [{}, {"b": None}]}, "a[1].b must be an integer, not null"),
        ({"required": ["a", "b"]}, {"a": 1}, "b is missing"),
        (of(a={"required": ["b"]}), {"a": {}}, "a.b is missing"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2}, "b is not in the schema"),
        (
            {"patternProperties": {"^x$": {}}, "additionalProperties": False},
            {"x\n": 1},
            "the row has a field that is n",
        ),
        ({"patternProperties": {r"^\d$": INTEGER}}, {"3": "x", "٣": "x"}, "3 must be an integer, not a string"),
        ({"additionalProperties": INTEGER}, {"03": "x"}, "03 must be an integer, not a string"),
        (of(a={"properties": {"3": INTEGER}}), {"a": {"3": "x"}}, "a.3 must be an integer, not a string"),
        ({"additionalProperties": INTEGER}, {"a": "x"}, "a must be an integer, not a string"),
        (of(a=False), {"a": 1}, "a must not be present"),
        (of(a={"enum": ["x", 1.50, None]}), {"a": "z"}, 'a must be one of "x", 1.5, null'),
        ({"enum": [1]}, True, "the row must be one of 1"),
        ({"enum": [[1]]}, [True], "the row must be one of [1]"),
        ({"const": 5}, 6, "the row must be 5"),
        ({"minimum": 0.1}, Decimal("0.09"), "the row must be at least 0.1"),
        ({"maximum": 0.1}, Decimal("0.1000000000000000000000001"), "the row must be at most 0.1"),
        ({"maximum": 5}, HUGE, "the row must be at most 5"),
        ({"exclusiveMinimum": 5}, 5, "the row must be more than 5"),
        ({"minimum": 5, "exclusiveMinimum": True}, 5, "the row must be more than 5"),
        ({"exclusiveMaximum": 5}, 5, "the row must be less than 5"),
        (CENTS, Decimal("19.999"), "the row must be a multiple of 0.01"),
        (CENTS, TINY, "the row must be a multiple of 0.01"),
        ({"multipleOf": 3}, HUGE, "the row must be a multiple of 3"),
        (of(a={"minLength": 2}), {"a": "x"}, "a must have at least 2 characters, not 1"),
        (of(a={"maxLength": 1}), {"a": "xx"}, "a must have at most 1 character, not 2"),
        ({"minItems": 1}, [], "the row must have at least 1 item, not 0"),
        ({"maxItems": 1}, [1, 2], "the row must have at most 1 item, not 2"),
        ({"minProperties": 1}, {}, "the row must have at least 1 field, not 0"),
        ({"maxProperties": 0}, {"a": 1}, "the row must have at most 0 fields, not 1"),
        ({"uniqueItems": True}, [1, Decimal("1.0")], "the row must not have the same item twice"),
        ({"pattern": "^a$"}, "a\n", "the row must match the pattern ^a$"),
        ({"pattern": r"^[\d]\w$"}, "٣é", r"the row must match the pattern ^[\d]\w$"),
        (of(a={"anyOf": [{"type": "string"}, {"type": "null"}]}), {"a": 1}, "a must be a string or null, not a number"),
        ({"anyOf": [INTEGER, {"type": "null"}]}, Decimal("1.5"), "the row fits none of the forms that its schema all"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, "the row fits none of the forms that its schema"),
        ({"oneOf": [INTEGER, NUMBER]}, 1, "the row must fit exactly one of the forms that its schema allows"),
        ({"not": INTEGER}, 1, "the row is what its schema excludes"),
        (
            of(a={"propertyNames": {"maxLength": 1}}),
            {"a": {"bb": 1}},
            "a breaks the rule 'propertyNames' of its schema",
        ),
        ({"contains": INTEGER}, ["x"], "the row breaks the rule 'contains' of its schema"),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, "b is missing"),
        (
            of(a={"type": "string", "contentMediaType": "application/json"}),
            {"a": None},
            "a must be a string, an object",
        ),
        (of(a=INTEGER, b=INTEGER), {"b": "x", "a": "x"}, "a must be an integer, not a string"),
    ],
)
def test_a_value_that_does_not_fit(make, schema, value, expected):
    """One sentence names the field and the problem."""
    assert expected in make(schema)(value)


def test_a_reference_is_followed(make):
    """A violated rule of a definition is reported like any other rule."""
    schema = {"definitions": {"x": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/x"}}}
    assert "a must be an integer, not null" == make(schema)({"a": None})


def test_a_sentence_is_short_and_holds_no_values(make):
    """A sentence is short for large values, long names and long enumerations, and contains no values."""
    secret = "jane@example.com" * 1000
    schema = of(a={"enum": [f"choice {n}" for n in range(1000)]}, b={"maxLength": 5}, c={"pattern": "x" * 5000})
    rules = make({**schema, "additionalProperties": False})
    reported = [rules({name: secret}) for name in ("a", "b", "c", "d" * 5000, "\n")]
    assert [] == [each for each in reported if len(each) > 300 or "jane" in each or not each.isprintable()]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "strin"}, "at type:"),
        ({"properties": {"a": {"type": 5}}}, "at properties.a.type:"),
        ({"properties": []}, "at properties:"),
        ({"required": "a"}, "at required:"),
        ({"minimum": "x"}, "at minimum:"),
        ({"multipleOf": 0}, "at multipleOf:"),
        ({"minLength": -1}, "at minLength:"),
        ({"properties": {"a": {"pattern": "["}}}, "at properties.a.pattern:"),
        ({"patternProperties": {"(": {}}}, "is not valid"),
        ({"maximum": float("nan")}, "is not valid"),
        ({"$ref": "#/definitions/x"}, "/definitions/x"),
        ({"$ref": "http://localhost:1/x"}, "http://localhost:1/x"),
        ({"$ref": "file:///etc/passwd"}, "file:///etc/passwd"),
    ],
)
def test_a_broken_schema_is_reported(make, schema, place):
    """The ConfigError names the position in the schema, and nothing is fetched over the network."""
    with pytest.raises(ConfigError, match="the schema is not valid") as raised:
        make(schema)
    assert place in str(raised.value)
    assert len(raised.value.lines) == 1


def test_a_large_broken_schema_is_reported_shortly(make):
    """The error about a large schema is short enough for a terminal."""
    with pytest.raises(ConfigError) as raised:
        make({"type": "x" * 5000})
    assert len(str(raised.value)) < 400


def test_a_schema_elsewhere_is_not_read(make, tmp_path):
    """A SCHEMA message cannot make the target open files or connections."""
    path = tmp_path / "schema.json"
    path.write_text("{}")
    with pytest.raises(ConfigError, match=r"schema\.json"):
        make({"$ref": path.as_uri()})


def test_a_schema_nested_without_end_is_reported(make):
    """A schema of a thousand levels is refused without a crash."""
    schema = {}
    for _ in range(5000):
        schema = {"not": schema}
    with pytest.raises(ConfigError, match="nested too deeply"):
        make(schema)


def test_a_row_nested_too_deeply_is_reported(make):
    """A row that is nested too deeply is refused without a crash."""
    row = {}
    for _ in range(900):
        row = {"a": row}
    same_twice = {"uniqueItems": True}
    assert "the row is nested too deeply to be checked" == make(same_twice)([row, row, 1])


@pytest.mark.parametrize("value", [HUGE, HUGE.copy_negate(), TINY])
@pytest.mark.parametrize(
    "schema",
    [INTEGER, CENTS, {"multipleOf": 7}, {"maximum": 5.5}, {"enum": [1, 2.5]}, {"const": 1}, {"minimum": 10**40}],
)
def test_a_number_with_a_huge_exponent_takes_no_time(make, schema, value):
    """A row with 1E+999999999 is validated at once."""
    check, began = make(schema), time.perf_counter()
    check(value)
    check([value, value])
    assert time.perf_counter() - began < 0.5


def test_the_schema_stays_as_it_was(make):
    """The validator does not change the schema, which belongs to the caller."""
    schema = of(a={"type": "number", "multipleOf": 0.01, "format": "x", "contentMediaType": "application/json"})
    before = repr(schema)
    make(schema)({"a": 1})
    assert before == repr(schema)


def test_neither_library_is_loaded_before_it_is_needed():
    """Importing the module imports neither validation library, so that start-up stays fast."""
    script = (
        "import sys, talon_one_singer.validation.validator; print({'jsonschema', 'jsonschema_rs'} & set(sys.modules))"
    )
    assert "set()\n" == subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout


NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**64, -(2**63) - 1, 10**30, Decimal("1E+30")]),
    st.decimals(-3, 3, places=1),
    st.decimals(-1, 1, places=3),
)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text("ab1é\n $", max_size=3)
NAMES = st.sampled_from(["a", "b", "a1", "é", "a\n"])
VALUES = st.recursive(SCALARS, lambda i: st.lists(i, max_size=3) | st.dictionaries(NAMES, i, max_size=3), max_leaves=6)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
PATTERNS = st.sampled_from(["a", "^a", "a$", "^a$", r"^\d$", r"\w", r"[^\d]", r"^\W", r"\$", "[$]", "^.$", r"\s"])
FEW = st.integers(0, 3)
STEPS = st.sampled_from([1, 2, 3, 0.1, 0.5, 0.01, Decimal("0.25"), 10**20])
BOUNDS = NUMBERS | st.sampled_from([0.1, 0.5, -0.25])


def _rules(inner):
    lists = st.lists(inner, min_size=1, max_size=3)
    maps = st.dictionaries(NAMES, inner, max_size=3)
    rules = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": BOUNDS,
        "maximum": BOUNDS,
        "exclusiveMinimum": BOUNDS,
        "exclusiveMaximum": BOUNDS,
        "multipleOf": STEPS,
        "minLength": FEW,
        "maxLength": FEW,
        "pattern": PATTERNS,
        "format": st.sampled_from(["date-time", "email", "ipv4", "nonsense"]),
        "contentMediaType": st.just("application/json"),
        "minItems": FEW,
        "maxItems": FEW,
        "uniqueItems": st.booleans(),
        "items": inner | lists,
        "additionalItems": inner,
        "contains": inner,
        "minProperties": FEW,
        "maxProperties": FEW,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "properties": maps,
        "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
        "additionalProperties": inner,
        "propertyNames": inner,
        "dependencies": maps | st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
        "allOf": lists,
        "anyOf": lists,
        "oneOf": lists,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    one = st.sampled_from(sorted(rules)).flatmap(lambda name: st.fixed_dictionaries({name: rules[name]}))
    return st.lists(one, max_size=4).map(lambda parts: {name: value for part in parts for name, value in part.items()})


SCHEMAS = st.recursive(st.booleans() | st.builds(lambda kind: {"type": kind}, TYPES), _rules, max_leaves=5)


@examples(60)
@given(_rules(SCHEMAS), st.lists(VALUES, min_size=1, max_size=5))
def test_both_libraries_say_the_same(schema, values):
    """For any schema and value both libraries give the same verdict and sentence."""
    quick, slow = validator(schema), plain(schema)
    assert [slow(value) for value in values] == [quick(value) for value in values]


@given(
    st.lists(st.dictionaries(st.sampled_from("ab"), st.none() | st.integers(-5, 5) | st.text(max_size=2), max_size=2)),
    st.fixed_dictionaries({}, optional={"a": st.sampled_from([INTEGER, NUMBER, {"type": "string", "minLength": 1}])}),
)
def test_rows_are_accepted_together_if_each_of_them_is_valid(rows, properties):
    """Rows are accepted together exactly if the validator has nothing to say about any of them."""
    rules = validator(of(**properties))
    assert all(rules(row) is None for row in rows) == rules.accepts(rows)
