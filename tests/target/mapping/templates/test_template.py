"""Templates over the columns of a row: exact, typed, and in a sandbox."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.templates.template import Template, TemplateError

ROW = {
    "sku": "007",
    "cents": 1999,
    "price": Decimal("9.99"),
    "weight": 0.1,
    "nothing": None,
    "tags": ["a", "b"],
    "amounts": [1, 0.1, 0.2],
    "address": {"city": "Köln", "floor": Decimal("2.50")},
    "day": date(2024, 1, 31),
    "long": Decimal("12345678901234567890123456789012345678.91"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ price * 2 }}", Decimal("19.98")),
        ("{{ price * 1.10 }}", Decimal("10.9890")),
        ("{{ weight * 3 }}", Decimal("0.3")),
        ("{{ weight == 0.1 }}", True),
        ("{{ cents / 100 }}", Decimal("19.99")),
        ("{{ 1 / 3 }}", Decimal("0." + "3" * 28)),
        ("{{ long + 1 }}", Decimal("12345678901234567890123456789012345679.91")),
        ("{{ long / 100 }}", Decimal("123456789012345678901234567890123456.7891")),
        ("{{ -1.5 }}", Decimal("-1.5")),
        ("{{ 1_000.5 }}", Decimal("1000.5")),
        ("{{ 0.12345678901234567890123 }}", Decimal("0.12345678901234567890123")),
        ("{{ amounts | sum }}", Decimal("1.3")),
        ("{{ sku | float * 1.5 }}", Decimal("10.5")),
        ("{{ tags | join | float(2) }}", Decimal(2)),
        ("{{ price | round(1) }}", Decimal("10.0")),
        ("{{ price | int }}", 9),
        ("{{ cents // 100 }}", 19),
        ("{{ 2 }}", 2),
        ("{{ true }}", True),
        ("{{ none }}", None),
        ("{{ nothing }}", None),
        ("{{ sku }}", "007"),
        ("{{ cents if nothing else none }}", None),
        ("{{ [cents, 1.5] }}", [1999, Decimal("1.5")]),
        ("{{ address }}", {"city": "Köln", "floor": Decimal("2.50")}),
        ("{{ address.city | upper }}", "KÖLN"),
        ("{{ tags | map('upper') | list }}", ["A", "B"]),
        ("{{ address | tojson }}", '{"city":"Köln","floor":2.5}'),
        ("{{ day.isoformat() }}", "2024-01-31"),
        ("{{ sku }}-{{ cents }}-{{ price }}-{{ weight }}", "007-1999-9.99-0.1"),
        ("{{ sku ~ 1.50 }}", "0071.50"),
        ("{% if price > 5 %}{{ price }}{% else %}0{% endif %}", Decimal("9.99")),
        ("{% set twice = price * 2 %}\n{{ twice }}\n", Decimal("19.98")),
        ("{% for tag in tags %}{{ tag }},{% endfor %}", "a,b,"),
        ("  {{ cents }}\n", 1999),
    ],
)
def test_a_template_gives_exact_values_of_their_type(text, expected):
    """One expression keeps its type and all digits; anything else is text."""
    found = Template(text)(ROW)
    assert expected == found
    assert type(expected) is type(found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ color }}", "fails: 'color' is undefined"),
        ("{{ address.street }}", "fails: an object has no field 'street'"),
        ("{{ price + sku }}", "fails: + cannot combine a number and a text; 'sku' is a text: write sku | float"),
        ("{{ cents / 0 }}", "fails: a number is divided by zero"),
        ("{{ cents if nothing }}", "returns nothing: it has an if without else"),
        (
            "{{ sku }} {{ nothing }}",
            "puts a null into a text; give a default, for example {{ column or '' }}",
        ),
    ],
)
def test_a_template_that_fails_on_a_row_says_why(text, why):
    """A template that fails on a row refuses this row with a reason in plain words."""
    with pytest.raises(ConversionError) as refused:
        Template(text)(ROW)
    assert why == str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ sku.__class__.__mro__ }}",
        "{{ tags.append(1) }}",
        "{{ lipsum.__globals__ }}",
        "{{ cycler }}",
        "{% include 'secret' %}",
        "{{ '{0.__class__}'.format(sku) }}",
    ],
)
def test_a_template_reaches_nothing_but_its_row(text):
    """A template cannot reach Python's internals or files, and cannot change the row."""
    row = {"sku": "1", "tags": []}
    with pytest.raises(ConversionError):
        Template(text)(row)
    assert {"sku": "1", "tags": []} == row


@pytest.mark.parametrize(
    ("text", "line"),
    [("{{ a\n+ }}", 2), ("a\n\n{{ b", 3), ("{{ a | shout }}", 1), ("{% if a %}", 1), ("{{ a }", 1)],
)
def test_a_broken_template_names_its_line(text, line):
    """The error of a broken template names the line where it breaks."""
    with pytest.raises(TemplateError) as broken:
        Template(text)
    assert str(broken.value).startswith(f"line {line}: ")


def test_a_template_knows_its_columns():
    """The columns of a template are the variables that it reads and does not set itself."""
    text = "{% set x = price %}{% for tag in tags %}{{ tag }}{{ x }}{{ range(2) }}{% endfor %}"
    assert ("price", "tags") == Template(text).variables


def test_a_column_that_the_row_lacks_can_be_null():
    """A row may leave out columns that its stream has; then they are null."""
    text = "{{ color or 'none' }}"
    assert "none" == Template(text, absent_is_null=True)({})
    with pytest.raises(ConversionError):
        Template(text)({})


def test_rows_of_a_template_do_not_touch_each_other():
    """A variable that is set for one row is not set for the next one."""
    template = Template("{% if a %}{% set found = a %}{% endif %}{{ found | default('no') }}")
    assert ["x", "no"] == [template({"a": one}) for one in ("x", None)]


def test_without_jinja_only_templates_fail():
    """Without the extra, columns can be mapped, and a template says what to install."""
    script = """
import sys
sys.modules["jinja2"] = None
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS
sink = SINKS["audience_members"]
print(Mapper(sink, MappingOptions(map={"profileIntegrationId": "id"}), columns=["id"])({"id": "x"}).key)
try:
    Mapper(sink, MappingOptions(map={"profileIntegrationId": "{{ id }}"}), columns=["id"])
except SyncConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    expected = (
        "x\nmap.profileIntegrationId holds a template, which needs the package jinja2; install it: "
        "pip install 'talon-one-connector[sync]'\n"
    )
    assert expected == done.stdout
    assert "" == done.stderr


def test_templates_are_not_loaded_before_they_are_needed():
    """A mapping without templates does not import Jinja."""
    script = "import sys, target_talon_one.mapping.mapper; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "False\n" == done.stdout
