"""Rows that cannot be sent have a reason and keep their key; nulls are left out, sent or refused."""

from __future__ import annotations

from math import nan

import pytest

from target_talon_one.mapping.conversion_errors import InvalidRow
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS


def mapper(sink, columns, **options):
    """Return a mapper of the sink of that name."""
    types = options.pop("types", None)
    return Mapper(SINKS[sink], MappingOptions(**options), columns=columns, attribute_types=types)


def invalid(one, row):
    """Return the error of an invalid row."""
    with pytest.raises(InvalidRow) as refused:
        one(row)
    return refused.value


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": None}, "'integrationId' from column 'id': it is null, and every row needs it"),
        ({}, "'integrationId' from column 'id': it is null, and every row needs it"),
        ({"id": ""}, "'integrationId' from column 'id': it is an empty text"),
        ({"id": True}, "'integrationId' from column 'id': the boolean true is not a text"),
        (
            {"id": "\ud800"},
            "'integrationId' from column 'id': '\\ud800' holds half of a surrogate pair, which is not valid text",
        ),
        (
            {"id": "x" * 1001},
            f"'integrationId' from column 'id': '{'x' * 59}…' has 1,001 characters, 1,000 are allowed",
        ),
    ],
)
def test_a_row_without_a_key_has_none(row, reason):
    """A row without a key is invalid, and its key is None."""
    one = mapper("customer_profiles", ["id", "a"], key=("id",))
    problem = invalid(one, row)
    assert reason == problem.reason
    assert "integrationId" == problem.field
    assert problem.key is None
    assert one.key_of(row) is None


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (nan, "NaN is not a number that JSON can hold"),
        (["\ud800"], "a list holds half of a surrogate pair, which is not valid text"),
        (b"x", "a binary value cannot be written as JSON"),
        ({"a": {1: 2}}, "1 is the name of a property, but not a text"),
    ],
)
def test_an_invalid_row_keeps_its_key(value, what):
    """The key of a row that cannot be sent is still known, so that a mirror does not remove it."""
    problem = invalid(mapper("customer_profiles", ["integrationId", "a"]), {"integrationId": "k", "a": value})
    assert f"'attributes.a' from column 'a': {what}" == problem.reason
    assert "attributes.a" == problem.field
    assert "k" == problem.key


def test_a_value_nested_without_end_is_an_invalid_row():
    """A value beyond Python's recursion limit makes the row invalid instead of ending the run."""
    loop = []
    loop.append(loop)
    problem = invalid(mapper("customer_profiles", ["integrationId", "a"]), {"integrationId": "k", "a": loop})
    assert "'attributes.a' from column 'a': it is nested too deeply" == problem.reason


def test_a_template_that_fails_is_an_invalid_row():
    """A template that fails on a row makes only this row invalid."""
    one = mapper("catalog_items", ["sku", "cents"], map={"price": "{{ cents / 100 }}"})
    problem = invalid(one, {"sku": "1", "cents": "abc"})
    words = "fails: / cannot combine a text and a number; 'cents' is a text: write cents | float"
    assert f"'price' from its template: {words}" == problem.reason
    assert "1" == problem.key
    assert b'{"price":0.05,"sku":"2"}' == one({"sku": "2", "cents": 5}).fields


@pytest.mark.parametrize("columns", [["integrationId", "age", "vips"], None])
def test_known_types_of_attributes_are_kept(columns):
    """With the account's types values are converted, and the error of an unknown name suggests the nearest one."""
    one = mapper("customer_profiles", columns, types={"age": "number", "vip": "boolean"})
    assert b'{"attributes":{"age":17},"integrationId":"a"}' == one({"integrationId": "a", "age": "17"}).fields
    problem = invalid(one, {"integrationId": "a", "vips": 1})
    assert (
        "'attributes.vips' from column 'vips': Talon.One has no such attribute; did you mean 'vip'?" == problem.reason
    )


@pytest.mark.parametrize("value", [{"age": "x"}, '{"age": "x"}'])
def test_types_hold_in_a_column_of_attributes(value):
    """The message names the column that holds the attributes."""
    one = mapper("customer_profiles", ["integrationId", "attributes"], types={"age": "number"})
    problem = invalid(one, {"integrationId": "a", "attributes": value})
    assert "'attributes.age' from column 'attributes': 'x' is not a number" == problem.reason
    assert "attributes.age" == problem.field


@pytest.mark.parametrize("columns", [["sku", "price", "color"], None])
@pytest.mark.parametrize(
    ("nulls", "expected"),
    [
        ("skip", b'{"attributes":{},"sku":"1"}'),
        ("send_null", b'{"attributes":{"color":null},"price":null,"sku":"1"}'),
    ],
)
def test_nulls_are_left_out_or_sent(columns, nulls, expected):
    """The null policy applies to fields and attributes alike."""
    one = mapper("catalog_items", columns, nulls=nulls)
    assert expected == one({"sku": "1", "price": None, "color": None}).fields


@pytest.mark.parametrize("name", ["price", "color"])
def test_nulls_can_be_refused(name):
    """With ``reject``, a row with a null is invalid."""
    one = mapper("catalog_items", ["sku", "price", "color"], nulls="reject")
    problem = invalid(one, {"sku": "1", "price": 1, "color": "red"} | {name: None})
    assert problem.reason.endswith(f"from column '{name}': it is null; nulls are refused here (nulls: reject)")


@pytest.mark.parametrize("nulls", ["skip", "send_null", "reject"])
def test_nulls_inside_of_values_are_values(nulls):
    """The null policy does not apply to nulls inside an object."""
    one = mapper("customer_profiles", ["integrationId", "a"], nulls=nulls)
    assert (
        b'{"attributes":{"a":{"x":null}},"integrationId":"1"}' == one({"integrationId": "1", "a": {"x": None}}).fields
    )


@pytest.mark.parametrize("nulls", ["skip", "send_null", "reject"])
def test_a_required_field_is_never_null(nulls):
    """A null in a required field is refused with every policy."""
    one = mapper("customer_profiles", ["integrationId", "attributes"], nulls=nulls)
    problem = invalid(one, {"integrationId": "1", "attributes": None})
    assert "'attributes' from column 'attributes': it is null, and every row needs it" == problem.reason
    assert "1" == problem.key


def test_an_unknown_attribute_is_not_sent_as_null_either():
    """An attribute that Talon.One does not know is refused even if its value is null."""
    one = mapper("customer_profiles", ["integrationId", "aage"], types={"age": "number"}, nulls="send_null")
    assert "attributes.aage" == invalid(one, {"integrationId": "1", "aage": None}).field
