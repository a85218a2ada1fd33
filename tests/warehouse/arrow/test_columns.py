"""From JSON schemas to tables."""

import pytest

from talon_one_warehouse import Column, TableError, TableSpec, snake_case, table_spec


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("programId", "program_id"),
        ("programID", "program_id"),
        ("transactionUUID", "transaction_uuid"),
        ("integrationIDs", "integration_ids"),
        ("IDsOfCards", "ids_of_cards"),
        ("RequestUUIDValue", "request_uuid_value"),
        ("addressLine1", "address_line1"),
        ("v2Id", "v2_id"),
        ("as_of", "as_of"),
        ("_kind", "_kind"),
        ("type", "type"),
        ("Name", "name"),
    ],
)
def test_column_names_are_snake_case(name, expected):
    """An acronym is one word of a column name, with and without a plural s."""
    assert expected == snake_case(name)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["null", "string"]}, "string"),
        ({"type": ["string", "null"], "format": "date-time"}, "instant"),
        ({"type": "string", "format": "uuid"}, "string"),
        ({"type": "integer"}, "integer"),
        ({"type": ["number", "null"]}, "number"),
        ({"type": ["integer", "number"]}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "object"}, "json"),
        ({"type": "array"}, "json"),
        ({"type": ["string", "integer"]}, "json"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "json"),
        ({}, "json"),
        (True, "json"),
    ],
)
def test_the_kind_of_a_column_follows_from_its_schema(schema, kind):
    """A property has the kind of its JSON type, and is JSON text if it has no single type."""
    table = table_spec("t", {"properties": {"id": {"type": "integer"}, "someValue": schema}}, ["id"])
    assert Column("some_value", "someValue", kind) == table.columns[1]


def test_the_key_is_named_as_the_columns_are():
    """Key properties are named as in the schema, and become column names."""
    table = table_spec("t", {"properties": {"programID": {"type": "integer"}, "n": {"type": "number"}}}, ["programID"])
    assert ("program_id",) == table.key
    assert ("n",) == table.values


def test_two_properties_of_one_column_name_are_refused():
    """Two properties that would become one column are refused, and the message names both."""
    properties = {"programId": {"type": "integer"}, "programID": {"type": "integer"}}
    with pytest.raises(TableError, match="'programId' and 'programID' would both become the column 'program_id'"):
        table_spec("t", {"properties": properties}, ["programId"])


@pytest.mark.parametrize("name", ['we"ird', "back\\slash", "line\nbreak"])
def test_a_property_whose_name_needs_escapes_is_refused(name):
    """A property name that needs escapes in JSON is refused, because the decoder could not find it."""
    with pytest.raises(TableError, match="needs escapes in JSON"):
        table_spec("t", {"properties": {"id": {"type": "integer"}, name: {"type": "string"}}}, ["id"])


@pytest.mark.parametrize(
    ("key", "reason"),
    [((), "has no key"), (("b",), "has no column 'b'"), (("j",), "'j' holds JSON and cannot be part of the key")],
)
def test_a_key_that_identifies_no_row_is_refused(key, reason):
    """A key that is empty, unknown or without an order is refused."""
    with pytest.raises(TableError, match=reason):
        TableSpec("t", (Column("a", "a", "string"), Column("j", "j", "json")), key)
