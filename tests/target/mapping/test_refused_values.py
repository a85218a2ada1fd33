"""Values that JSON has not: they refuse a row only where they are used, and stay refused when it is tried again."""

from __future__ import annotations

import json

import pytest

from talon_one_singer.values.refused_value import RefusedValue, kept, of_type, restored
from target_talon_one.mapping.coercion import attribute_coercer, field_coercer
from target_talon_one.mapping.conversion_errors import ConversionError, InvalidRow
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS

BYTES = of_type("bytea")
ROW = {"id": "a", "city": "Köln", "photo": BYTES}
TYPES = ["string", "number", "boolean", "time", "location"]


def mapped(attributes, types=None, row=ROW, **options):
    """The mapped row, or why it is refused."""
    given = MappingOptions(map={"integrationId": "id", "attributes": attributes}, **options)
    try:
        return Mapper(SINKS["customer_profiles"], given, columns=list(row), attribute_types=types)(row).fields.decode()
    except InvalidRow as problem:
        return problem.reason


@pytest.mark.parametrize("kind", [None, *TYPES, *(f"(list {kind})" for kind in TYPES)])
def test_a_value_that_is_used_refuses_its_row_by_column_and_type(kind):
    """Whatever type the attribute has."""
    expected = "'attributes.photo' from column 'photo': it is of type bytea, which JSON cannot represent"
    assert expected == mapped(["photo"], None if kind is None else {"photo": kind})


@pytest.mark.parametrize(
    "template", ["{{ photo }}", "{{ city }} {{ photo }}", "{{ photo or city }}", "{{ photo.reason }}"]
)
def test_a_template_does_not_use_it_either(template):
    """It is neither text nor false, and has no insides."""
    assert mapped({"x": template}).endswith("it is of type bytea, which JSON cannot represent")


def test_a_value_that_is_not_used_refuses_nothing():
    """Neither next to columns that are sent, nor in a template that does not name it."""
    assert '{"attributes":{"city":"Köln","x":"Köln"},"integrationId":"a"}' == mapped(
        {"city": "city", "x": "{{ city }}"}
    )


def test_a_key_is_refused_by_it_too():
    """No id looks like a type."""
    row = {"id": RefusedValue("infinity is out of the calendar")}
    assert "'integrationId' from column 'id': infinity is out of the calendar" == mapped([], row=row)


@pytest.mark.parametrize("kind", ["string", "integer", "number", "boolean", "date-time", "array", "object", "product"])
def test_no_field_takes_it(kind):
    """All coercions of fields refuse it, so that its reason can be said."""
    with pytest.raises(ConversionError):
        field_coercer(kind, filled=False, in_path=False)(BYTES)


def test_it_is_refused_again_when_its_row_is_retried():
    """What the store keeps of a row does not become an object or a text."""
    row = restored(json.loads(json.dumps(ROW, default=kept)))
    assert ROW == row
    assert attribute_coercer("string")("x") == "x"
    assert mapped(["photo"], {"photo": "string"}, row=row).endswith("it is of type bytea, which JSON cannot represent")
