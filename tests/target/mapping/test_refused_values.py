"""Values that JSON cannot hold refuse a row only where they are used, also when the row is retried."""

from __future__ import annotations

import json

import pytest

from talon_one_singer.values.refused_value import RefusedValue, kept, of_type, restored
from target_talon_one.mapping.coercion import attribute_conversion, field_conversion
from target_talon_one.mapping.conversion_errors import ConversionError, InvalidRow
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS

BYTES = of_type("bytea")
ROW = {"id": "a", "city": "Köln", "photo": BYTES}
TYPES = ["string", "number", "boolean", "time", "location"]


def mapped(attributes, types=None, row=ROW, **options):
    """Return the mapped row, or the reason why it is refused."""
    given = MappingOptions(map={"integrationId": "id", "attributes": attributes}, **options)
    try:
        return Mapper(SINKS["customer_profiles"], given, columns=list(row), attribute_types=types)(row).fields.decode()
    except InvalidRow as problem:
        return problem.reason


@pytest.mark.parametrize("kind", [None, *TYPES, *(f"(list {kind})" for kind in TYPES)])
def test_a_value_that_is_used_refuses_its_row_by_column_and_type(kind):
    """A refused value that is used refuses its row, whatever type the attribute has."""
    expected = "'attributes.photo' from column 'photo': it is of type bytea, which JSON cannot represent"
    assert expected == mapped(["photo"], None if kind is None else {"photo": kind})


@pytest.mark.parametrize(
    "template", ["{{ photo }}", "{{ city }} {{ photo }}", "{{ photo or city }}", "{{ photo.reason }}"]
)
def test_a_template_does_not_use_it_either(template):
    """In a template, a refused value is neither text nor false, and has no fields."""
    assert mapped({"x": template}).endswith("it is of type bytea, which JSON cannot represent")


def test_a_value_that_is_not_used_refuses_nothing():
    """A refused value in a column that is not mapped does not refuse the row."""
    assert '{"attributes":{"city":"Köln","x":"Köln"},"integrationId":"a"}' == mapped(
        {"city": "city", "x": "{{ city }}"}
    )


def test_a_key_is_refused_by_it_too():
    """A refused value cannot be a key."""
    row = {"id": RefusedValue("infinity is outside of the years 1 to 9999")}
    assert "'integrationId' from column 'id': infinity is outside of the years 1 to 9999" == mapped([], row=row)


@pytest.mark.parametrize("kind", ["string", "integer", "number", "boolean", "date-time", "array", "object", "product"])
def test_no_field_takes_it(kind):
    """The coercions of all fields refuse the value, so that its own reason is reported."""
    with pytest.raises(ConversionError):
        field_conversion(kind, filled=False, in_path=False).coerce(BYTES)


def test_it_is_refused_again_when_its_row_is_retried():
    """A refused value is still refused after the store has kept its row as JSON."""
    row = restored(json.loads(json.dumps(ROW, default=kept)))
    assert ROW == row
    assert attribute_conversion("string").coerce("x") == "x"
    assert mapped(["photo"], {"photo": "string"}, row=row).endswith("it is of type bytea, which JSON cannot represent")
