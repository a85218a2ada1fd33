"""Reasons of templates that fail on a row: plain words, without the names of Python's types."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.templates.template import Template

ROW = {
    "sku": "007",
    "cents": 1999,
    "price": Decimal("9.99"),
    "nothing": None,
    "tags": ["a", "b"],
    "amounts": [1, 2],
    "address": {"city": "Köln"},
    "day": date(2024, 1, 31),
}
UNSPECIFIC = "an operator, filter or function in it does not take these values"
FAILURES = {
    "{{ color }}": "'color' is undefined",
    "{{ address.street }}": "an object has no field 'street'",
    "{{ tags[5] }}": "a list has no element 5",
    "{{ cents.x }}": "a number has no field 'x'",
    "{{ nothing.x }}": "a null has no field 'x'",
    "{{ price + sku }}": "+ cannot combine a number and a text; 'sku' is a text: write sku | float",
    "{{ sku + cents }}": "+ cannot combine a text and a number; 'sku' is a text: write sku | float",
    "{{ tags + sku }}": "+ cannot combine a list and a text",
    "{{ day + 1 }}": "+ cannot combine a date and a number",
    "{{ sku * price }}": "* cannot repeat a text or list by a number; 'sku' is a text: write sku | float",
    "{{ price < sku }}": "< cannot compare a number and a text; 'sku' is a text: write sku | float",
    "{{ nothing > 1 }}": "> cannot compare a null and a number; give a default, for example {{ column or 0 }}",
    "{{ [1, 'a'] | sort }}": "< cannot compare a text and a number",
    "{{ -sku }}": "- does not work with a text; 'sku' is a text: write sku | float",
    "{{ sku | abs }}": "abs does not work with a text; 'sku' is a text: write sku | float",
    "{% for x in cents %}{{ x }}{% endfor %}": "a number cannot be iterated over",
    "{% for a, b in amounts %}{{ a }}{% endfor %}": "a number cannot be unpacked",
    "{% for a, b in ['xyz'] %}{{ a }}{% endfor %}": "too many values to unpack (expected 2)",
    "{{ 1 in price }}": "a number cannot be searched within",
    "{{ sku() }}": "a text cannot be called",
    "{{ cents | length }}": "a number has no length",
    "{{ cents / 0 }}": "a number is divided by zero",
    "{{ cents // 0 }}": "a number is divided by zero",
    "{{ 0 / 0 }}": "a number has no result for this operation",
    "{{ sku.index('x') }}": "substring not found",
    "{{ sku.upper(1) }}": UNSPECIFIC,
    "{{ price | round(sku) }}": UNSPECIFIC,
    "{{ tags | dictsort }}": UNSPECIFIC,
    "{{ '{:d}'.format(sku) }}": UNSPECIFIC,
    "{{ range(sku) }}": UNSPECIFIC,
    "{{ '{x}'.format() }}": "there is no item 'x'",
    "{{ sku.encode('nope') }}": "unknown encoding: nope",
    "{{ day.replace(month=13) }}": "month must be in 1..12",
    "{{ cents.to_bytes(1) }}": "a value in it is too large or nested too deeply",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "a value in it is too large or nested too deeply",
    "{{ sku.__class__ }}": "a template may not read '__class__' of a text",
    "{{ tags.append(1) }}": "a template may not read 'append' of a list",
}
PYTHON_TYPE = re.compile(
    r"(?<!\| )\b(str|int|float|bool|dict|tuple|set|bytes|NoneType|datetime|generator)\b|[Dd]ecimal|\bobject'|<class"
)


def reason_of(text: str) -> str:
    """Return why a template fails on the row."""
    with pytest.raises(ConversionError) as refused:
        Template(text)(ROW)
    return str(refused.value)


@pytest.mark.parametrize("text", FAILURES)
def test_a_failure_has_a_plain_reason(text: str):
    """The reason names operators and kinds of values, and where possible the name in question."""
    assert f"fails: {FAILURES[text]}" == reason_of(text)


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "//", "%", "**", "<", "in"])
@pytest.mark.parametrize("left", ["sku", "price", "nothing", "tags", "address", "day"])
@pytest.mark.parametrize("right", ["sku", "price", "nothing", "tags", "address", "day"])
def test_no_failure_of_an_operator_names_a_type_of_python(operator: str, left: str, right: str):
    """Every operator between values of every kind has a result or a reason in plain words."""
    try:
        reason = str(Template(f"{{{{ {left} {operator} {right} }}}}")(ROW))
    except ConversionError as refused:
        reason = str(refused)
    assert not PYTHON_TYPE.search(reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ sku * 2 }}", "* cannot repeat a text or list by a number"),
        ("{{ 2 * sku }}", "* cannot repeat a text or list by a number"),
        ("{{ sku * cents }}", "* cannot repeat a text or list by a number"),
        ("{{ sku % 2 }}", UNSPECIFIC),
        ("{{ sku | round }}", UNSPECIFIC),
        ("{{ sku is odd }}", UNSPECIFIC),
        ("{{ [cents, sku] | sum }}", "+ cannot combine a number and a text"),
        ("{{ 'a' if sku >= 5 else 'b' }}", ">= cannot compare a text and a number"),
    ],
)
def test_the_error_of_a_text_that_is_used_as_a_number_names_its_column(text: str, reason: str):
    """A number of a CSV file is a text: it is not repeated, and the error says how to make it a number."""
    assert f"fails: {reason}; 'sku' is a text: write sku | float" == reason_of(text)


@pytest.mark.parametrize("text", ["{{ (sku | trim) * 2 }}", "{{ true * address.city }}", "{{ sku[0] * cents }}"])
def test_a_text_that_is_not_written_in_the_template_is_never_repeated(text: str):
    """A text that comes from a column by way of a filter, a field or an element is not repeated either."""
    remedy = "write | float after a text that is to be a number"
    assert f"fails: * cannot repeat a text or list by a number; {remedy}" == reason_of(text)


def test_a_text_that_is_not_a_number_is_refused_unless_a_default_is_given():
    """No zero stands for a text that is not a number."""
    expected = "'n/a' is not a number; give a default, for example {{ column | %s(0) }}"
    for name in ("int", "float"):
        with pytest.raises(ConversionError) as refused:
            Template(f"{{{{ sku | {name} }}}}")({"sku": "n/a"})
        assert expected % name == str(refused.value)
        assert f"a text{expected[5:]}" % name == refused.value.kind
        assert 7 == Template(f"{{{{ sku | {name}(7) }}}}")({"sku": "n/a"})
