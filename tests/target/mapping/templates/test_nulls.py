"""A null in a template becomes a null or an error, and never a part of a text or a number."""

from __future__ import annotations

import json
from itertools import product

import pytest

from target_talon_one.mapping.conversion_errors import ConversionError, InvalidRow
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.mapping.templates.environment import new_environment
from target_talon_one.mapping.templates.template import Template
from target_talon_one.sinks.table import SINKS

ROW = {"nothing": None, "word": "ab", "items": ["ab", None], "address": {"city": None, "zip": "ab"}, "two": 2}
FILTERS = sorted(name for name in new_environment().filters if name.isidentifier())
ARGUMENTS = ("", "(2)", "('a', 'b')", "('upper')", "(attribute='x')", "(nothing)", "('a', nothing)")
VALUES = ("nothing", "address.get('no')")
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "~", "<", "<=", ">", ">=", "==", "!=", "in", "and", "or")
GIVE = "give a default, for example"
METHODS = [name for name in dir("") if not name.startswith("_")]


def outcome(text: str):
    """Return the value of a template for the row; None for null and for a refused row."""
    try:
        return Template(text)(ROW)
    except ConversionError:
        return None


def has_null_as_text(value) -> bool:
    """Return whether a value contains a null that has become text."""
    return value is not None and any(word in str(value).lower() for word in ("none", "null"))


def test_no_filter_makes_a_text_or_a_number_of_a_null():
    """Every filter refuses a null or returns it, unless it is given a default."""
    texts = [f"{{{{ {value} | {name}{given} }}}}" for value, name, given in product(VALUES, FILTERS, ARGUMENTS)]
    found = {text: outcome(text) for text in texts}
    made = {text: value for text, value in found.items() if value is not None}
    assert {"default", "d", "float", "int"} == {text.split(" | ")[1].partition("(")[0].split()[0] for text in made}
    assert [] == [text for text in made if text.endswith(("| int }}", "| float }}"))]


@pytest.mark.parametrize("value", ["items", "address", "word"])
def test_no_filter_writes_a_null_inside_a_value_or_an_argument(value):
    """A null in a list, in an object and as an argument is not written as text either, except in JSON."""
    names = [name for name in FILTERS if name != "tojson"]
    texts = [f"{{{{ {value} | {name}{given} | string }}}}" for name, given in product(names, (*ARGUMENTS, "(none)"))]
    assert [] == [text for text in texts if has_null_as_text(outcome(text))]


def test_no_operator_makes_a_text_or_a_number_of_a_null():
    """An operator with a null gives a boolean, one of its operands, or an error."""
    others = {"word": "ab", "two": 2, "items": ROW["items"], "'%s'": "%s", "nothing": None}
    for operator, value, other in product(OPERATORS, VALUES, others):
        for text in (f"{{{{ {value} {operator} {other} }}}}", f"{{{{ {other} {operator} {value} }}}}"):
            found = outcome(text)
            assert found is None or isinstance(found, bool) or found == others[other], text


@pytest.mark.parametrize("given", ["nothing, a=nothing", "'a', nothing", "[nothing]", "{'a': nothing}"])
def test_no_method_makes_a_text_of_a_null(given):
    """The methods of a text, with formats of all kinds, refuse a null among their arguments."""
    formats = ("'{}{a}'", "'{0!r}'", "'{0[0]}'", "word")
    texts = [f"{{{{ {of}.{name}({given}) | string }}}}" for of, name in product(formats, METHODS)]
    assert [] == [text for text in texts if has_null_as_text(outcome(text))]


@pytest.mark.parametrize(
    "text",
    [
        "{{ word }} {{ nothing }}",
        "{{ items }} {{ word }}",
        "{% for item in items %}{{ item }}{% endfor %}",
        "{% set found = nothing %}{{ found ~ word }}",
        "{% set found %}{{ nothing }}{% endset %}{{ found }}",
        "{% macro f(x=none) %}{{ x }}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(x=none) %}{{ ns.x ~ word }}",
        "{{ dict(a=none).values() | join }}",
        "{{ dict.fromkeys(['a']).values() | join }}",
        "{{ word | default(none, true) ~ (nothing | default(none)) }}",
        "{{ [items] | join }}",
        "{{ '%s %r' % (word, nothing) }}",
        "{{ '%(a)s' % {'a': nothing} }}",
    ],
)
def test_a_null_in_a_text_is_refused_wherever_it_comes_from(text):
    """A null of a column, a list, an object, a literal, a macro and a namespace is the same null."""
    with pytest.raises(ConversionError) as refused:
        Template(text)(ROW)
    assert "puts a null into a text; give a default, for example {{ column or '' }}" == str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ nothing }}", None),
        ("{{ [nothing, two] }}", [None, 2]),
        ("{{ {'a': nothing, 'b': address} }}", {"a": None, "b": {"city": None, "zip": "ab"}}),
        ("{{ address | tojson }}", '{"city":null,"zip":"ab"}'),
        ("{{ nothing | tojson }}", None),
        ("{{ nothing or '' }}{{ word }}", "ab"),
        ("{{ nothing | default('x') }}", "x"),
        ("{{ (nothing | d('x')) | upper }}", "X"),
        ("{{ items | map('default', 'x') | join }}", "abx"),
        ("{{ items | select | join }}", "ab"),
        ("{{ items | reject('none') | join }}", "ab"),
        ("{{ nothing | int(5) }}", 5),
        ("{{ nothing | float(none) }}", None),
        ("{{ word | upper if nothing is not none else none }}", None),
        ("{{ [nothing is none, nothing is defined, nothing is undefined] }}", [True, False, True]),
        (
            "{{ [nothing == none, none == nothing, nothing != none, nothing is sameas none] }}",
            [True, True, False, True],
        ),
        ("{{ [none in items, nothing in items, nothing is string, nothing == ''] }}", [True, True, False, False]),
        ("{{ word.split(none, 1) }}", ["ab"]),
        ("{{ word | trim(none) }}", "ab"),
        ("{{ address.get('no') is none }}", True),
    ],
)
def test_a_null_can_be_asked_for_replaced_and_kept(text, expected):
    """Tests, comparisons and defaults take a null, and a null that is the result stays one."""
    assert expected == Template(text)(ROW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ nothing | trim }} x", f"the filter trim takes no null; {GIVE} {{{{ (column or '') | trim }}}}"),
        ("{{ nothing | round }}", f"the filter round takes no null; {GIVE} {{{{ (column or 0) | round }}}}"),
        ("{{ nothing | int }}", f"the filter int takes no null; {GIVE} {{{{ column | int(0) }}}}"),
        ("{{ nothing + 1 }}", f"fails: + cannot combine a null and a number; {GIVE} {{{{ column or 0 }}}}"),
        ("{{ address[nothing] }}", "fails: an object has no element null"),
        ("{{ nothing() }}", "fails: a null cannot be called"),
    ],
)
def test_the_error_of_a_null_says_how_to_give_a_default(text, reason):
    """The reason names the filter or operator, and the default is in a form that can be copied."""
    with pytest.raises(ConversionError) as refused:
        Template(text)(ROW)
    assert reason == str(refused.value)


def test_a_row_whose_template_meets_a_null_is_refused_in_its_key_and_in_its_attributes():
    """The error names the field, and the row with a value is mapped."""
    options = MappingOptions(map={"integrationId": "{{ id | trim }}", "attributes": {"name": "{{ first ~ '.' }}"}})
    one = Mapper(SINKS["customer_profiles"], options, columns=["id", "first"])
    refused = []
    for row in ({"id": None, "first": "Ann"}, {"id": "a", "first": None}):
        with pytest.raises(InvalidRow) as caught:
            one(row)
        refused.append((caught.value.field, caught.value.key))
    assert [("integrationId", None), ("attributes.name", "a")] == refused
    assert {"integrationId": "a", "attributes": {"name": "Ann."}} == json.loads(
        one({"id": "a ", "first": "Ann"}).fields
    )
