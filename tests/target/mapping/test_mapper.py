"""Rows become the fields of a sink: where each value comes from, and which settings cannot work."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.mapper import Mapped, Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS


def mapper(sink, columns=None, *, key_properties=(), types=None, source="", **options):
    """Return a mapper of the sink of that name."""
    found = SINKS[sink]
    return Mapper(
        found,
        MappingOptions(**options),
        columns=columns,
        key_properties=key_properties,
        attribute_types=types,
        source=source,
    )


def refusal(build, *args, **options):
    """Return the message for refused settings."""
    with pytest.raises(SyncConfigError) as refused:
        build(*args, **options)
    return str(refused.value)


# Where values come from


@pytest.mark.parametrize("column", ["profileIntegrationId", "profile_integration_id"])
@pytest.mark.parametrize("known", [True, False])
def test_a_field_takes_the_column_of_its_name(column, known):
    """Columns named like the field, in Talon.One's spelling or in snake_case, need no setting."""
    one = mapper("audience_members", [column, "other"] if known else None)
    assert Mapped("a", b'{"profileIntegrationId":"a"}') == one({column: "a", "other": 1})


@pytest.mark.parametrize("columns", [["customer_id", "city"], None])
def test_the_key_can_be_named(columns):
    """The setting ``key`` takes precedence over column names and key properties."""
    one = mapper("audience_members", columns, key=("customer_id",), key_properties=("city",))
    assert Mapped("17", b'{"profileIntegrationId":"17"}') == one({"customer_id": Decimal("17.0"), "city": "x"})
    assert ("customer_id",) == one.columns_used


@pytest.mark.parametrize("columns", [["id", "city"], None])
def test_the_key_is_that_of_the_stream_otherwise(columns):
    """The stream's key properties are the key if no column has the name of the key field."""
    one = mapper("audience_members", columns, key_properties=("id",))
    assert "x" == one({"id": "x", "city": "y"}).key


def test_a_key_of_several_fields_is_a_list():
    """Key fields that a column name matches are not taken from the key properties too."""
    columns = ["coupon", "integration_id"]
    one = mapper("coupon_reservations", columns, key_properties=("integration_id", "coupon"))
    row = {"coupon": 'A"1', "integration_id": 7}
    assert Mapped('["A\\"1","7"]', b'{"couponValue":"A\\"1","integrationId":"7"}') == one(row)


def test_the_key_of_an_integer_field_is_its_text():
    """A key is always text, also if its field is an integer."""
    one = mapper("audience_attributes", ["audience_id", "attributes"])
    assert Mapped("17", b'{"attributes":{"a":1},"audienceId":17}') == one(
        {"audience_id": "17", "attributes": {"a": Decimal("1.0")}}
    )


@pytest.mark.parametrize("columns", [["integration_id", "city", "age"], None])
def test_other_columns_become_attributes(columns):
    """Profiles and items take every column that nothing else reads as an attribute."""
    one = mapper("customer_profiles", columns)
    row = {"integration_id": "a", "city": "Köln", "age": 5}
    assert '{"attributes":{"age":5,"city":"Köln"},"integrationId":"a"}' == one(row).fields.decode()


@pytest.mark.parametrize("columns", [["integration_id", "attributes", "age"], None])
@pytest.mark.parametrize("value", [{"b": 1, "a": None}, '{"b": 1.0, "a": null}'])
def test_a_column_of_attributes_is_taken_whole(columns, value):
    """A column ``attributes`` holds all attributes, and other columns are left out."""
    one = mapper("customer_profiles", columns)
    row = {"integration_id": "a", "attributes": value, "age": 5}
    assert b'{"attributes":{"b":1},"integrationId":"a"}' == one(row).fields


def test_other_sinks_leave_other_columns_out():
    """Only profiles and items turn columns without a field into attributes."""
    one = mapper("events", ["event_id", "profile_id", "type", "city"])
    assert (
        b'{"eventId":"1","profileId":"p","type":"t"}'
        == one({"event_id": 1, "profile_id": "p", "type": "t", "city": "x"}).fields
    )


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (["color"], {"color": "red"}),
        ({"color": "color", "double": "{{ price * 2 }}"}, {"color": "red", "double": Decimal("3.0")}),
        ("*", {"color": "red", "more": {"x": 1}}),
        ("more", {"x": 1}),
        ("{{ {'c': color} }}", {"c": "red"}),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_attributes_are_mapped_in_five_ways(attributes, expected, known):
    """Attributes can be a list, an object with templates, all other columns, one column, or one template."""
    row = {"sku": "1", "price": Decimal("1.50"), "title": "Shoe", "color": "red", "more": {"x": 1}}
    given_map = {"price": "price", "product": "title", "attributes": attributes}
    one = mapper("catalog_items", list(row) if known else None, map=given_map)
    fields = json.loads(one(row).fields, parse_float=Decimal)
    assert {"sku": "1", "price": Decimal("1.5"), "product": {"name": "Shoe"}, "attributes": expected} == fields


def test_with_a_map_only_what_it_names_is_sent():
    """With a map, a column that only has the name of a field is not sent."""
    one = mapper("catalog_items", ["sku", "price", "color"], map={"product": "color"})
    assert b'{"product":{"name":"red"},"sku":"1"}' == one({"sku": "1", "price": 5, "color": "red"}).fields
    assert ("sku", "color") == one.columns_used


def test_columns_used_are_all_that_is_read():
    """The used columns include those of templates and attributes, each once."""
    given_map = {"price": "{{ cents / 100 }}", "attributes": {"a": "color", "b": "{{ color ~ size }}"}}
    one = mapper("catalog_items", ["sku", "cents", "color", "size", "x"], map=given_map)
    assert ("sku", "cents", "color", "size") == one.columns_used


# Settings


def test_all_wrong_settings_are_reported_at_once():
    """Each problem is one line with its setting and the nearest valid name."""
    given_map = {"prize": "cost", "price": "cst", "product": "{{ nam }}", "attributes": {"a": 5, "b": "{{ x\n|"}}
    message = refusal(mapper, "catalog_items", ["sku", "cost", "name"], map=given_map)
    there = "it has the columns 'sku', 'cost', 'name'; name a column that is there, or add it to the source"
    assert [
        "map.prize: the sink catalog_items has no such field; did you mean 'price'?",
        f"map.price: the source has no column 'cst'; did you mean 'cost'?; {there}",
        f"map.product: the template reads 'nam', and the source has no such column; did you mean 'name'?; {there}",
        "map.attributes.a: must be a column or a template with {{ }}, not a number",
    ] == message.splitlines()[:4]
    assert message.splitlines()[4].startswith("map.attributes.b: the template cannot be compiled, line 2: ")


SETTINGS_OF_COLUMNS = {
    "key": {"key": ("nothing",)},
    "map": {"key": ("sku",), "map": {"price": "nothing"}},
    "map.attributes": {"key": ("sku",), "map": {"attributes": {"a": "nothing"}}},
    "list of attributes": {"key": ("sku",), "map": {"attributes": ["nothing"]}},
    "template": {"key": ("sku",), "map": {"price": "{{ nothing }}"}},
}


@pytest.mark.parametrize("setting", SETTINGS_OF_COLUMNS)
def test_a_missing_column_is_reported_with_the_source_and_its_columns(setting):
    """However many columns there are and however long their names are, the message stays short."""
    columns = ["sku", "x" * 500, *(f"c{number}" for number in range(5000))]
    (line,) = refusal(mapper, "catalog_items", columns, source="rows.csv", **SETTINGS_OF_COLUMNS[setting]).splitlines()
    assert "'nothing'" in line
    assert f"; rows.csv has the columns 'sku', '{'x' * 60}...', 'c0', " in line
    assert "'c17' and 4,982 more; name a column that is there, or add it to the source" in line


@pytest.mark.parametrize(
    ("sink", "columns", "options", "message"),
    [
        (
            "audience_members",
            ["id"],
            {},
            "profileIntegrationId: the sink audience_members needs it, but no column has it; name one as key, or as "
            "map.profileIntegrationId",
        ),
        (
            "customer_profiles",
            ["integrationId"],
            {},
            "attributes: the sink customer_profiles needs it, but no column has it; name one as map.attributes",
        ),
        (
            "coupon_reservations",
            ["a"],
            {"key": ("a",)},
            "key: the sink coupon_reservations takes 2 columns, for couponValue, integrationId; key has 1",
        ),
        (
            "audience_members",
            ["id"],
            {"key": ("ids",)},
            "key: the source has no column 'ids'; did you mean 'id'?; it has the columns 'id'; name a column that is "
            "there, or add it to the source",
        ),
        (
            "audience_members",
            ["id"],
            {"map": {"profileIntegrationId": "{{ 'const' }}"}},
            "map.profileIntegrationId: the template reads no column, so that all rows have the same key; name a column",
        ),
        (
            "audience_members",
            ["id"],
            {"key": ("{{ 5 }}",)},
            "key: the template reads no column, so that all rows have the same key; name a column",
        ),
        (
            "audience_members",
            ["id"],
            {"map": {"profileIntegrationId": ""}},
            "map.profileIntegrationId: must be a column or a template with {{ }}, but it is empty",
        ),
        (
            "customer_profiles",
            ["integrationId", "tier"],
            {"types": {"tier": "string"}, "map": {"attributes": {"tier": "tier", "tir": "tier", "x": "{{ 1 }}"}}},
            "map.attributes: 'tir': Talon.One has no such attribute of CustomerProfile; did you mean 'tier'?\n"
            "map.attributes: 'x': Talon.One has no such attribute of CustomerProfile; create it there, or leave it out "
            "of map",
        ),
        (
            "customer_profiles",
            ["integrationId", "Name"],
            {"types": {"number": "number"}, "map": {"attributes": ["Name"]}},
            "map.attributes: 'Name': Talon.One has no such attribute of CustomerProfile; create it there, or leave it "
            "out of map",
        ),
        (
            "audience_members",
            ["id;name"],
            {"key": ("id",)},
            "key: the source has no column 'id'; it has the columns 'id;name'; the values of a CSV file must be "
            "separated by commas, not by ';'",
        ),
        (
            "audience_members",
            ["a", "b"],
            {"key": ("a",), "map": {"profileIntegrationId": "b"}},
            "map.profileIntegrationId: key takes this field from another column, 'a'; leave out one of the two",
        ),
    ],
)
def test_a_setting_that_cannot_work_is_refused(sink, columns, options, message):
    """Settings that no row can satisfy are refused before the first row."""
    assert message == refusal(mapper, sink, columns, **options)
