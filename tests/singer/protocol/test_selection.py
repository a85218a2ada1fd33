"""Selection of streams and fields, by the rules of the Singer SDK and Meltano."""

import pytest

from talon_one_singer.protocol.catalog import Catalog
from talon_one_singer.protocol.catalog_entry import CatalogEntry
from talon_one_singer.protocol.selection import (
    field_mask,
    is_selected,
    selected_schema,
    selected_streams,
)

_SCHEMA = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "street": {"type": "string"}}},
        "attributes": {"type": "object", "additionalProperties": True, "properties": {"vip": {"type": "boolean"}}},
    },
}


@pytest.fixture
def choose():
    """The discovered stream with flags laid over it: a path of names -> selected."""

    def build(flags):
        users = CatalogEntry.discovered("users", _SCHEMA, ["id"])
        metadata = [
            {"breadcrumb": [p for name in path for p in ("properties", name)], "metadata": {"selected": flag}}
            for path, flag in flags.items()
        ]
        given = Catalog.from_dict({"streams": [{"stream": "users", "metadata": metadata}]})
        return Catalog((users,)).chosen_by(given).get("users")

    return build


@pytest.mark.parametrize(
    ("root", "legacy", "expected"),
    [
        ({"selected": True}, None, True),
        ({"selected": False, "selected-by-default": True}, None, False),
        ({"selected-by-default": True}, None, True),
        ({"selected-by-default": False}, None, False),
        ({"inclusion": "unsupported", "selected": True}, None, False),
        ({"inclusion": "unsupported"}, True, False),
        ({"inclusion": "automatic", "selected": False}, None, True),
        ({"inclusion": "available"}, None, False),
        ({"selected": False}, True, False),
        ({"selected-by-default": True}, False, False),
        ({"selected-by-default": False}, True, True),
    ],
)
def test_a_stream_is_selected_by_the_first_flag_that_speaks(root, legacy, expected):
    """Inclusion counts first, then selected, the flag of old files, and selected-by-default."""
    entry = CatalogEntry("users", "users", _SCHEMA, metadata={(): root}, selected=legacy)
    assert expected == is_selected(entry)


def test_a_stream_without_any_metadata_is_selected():
    """A catalog entry without metadata is selected, as in the Singer SDK."""
    assert is_selected(CatalogEntry("users", "users", _SCHEMA))


def test_the_schema_s_own_flag_of_old_files_counts():
    """The flag ``selected`` inside the schema, as in the oldest files, counts."""
    given = Catalog.from_dict({"streams": [{"stream": "users", "schema": {"selected": False}}]})
    assert [] == selected_streams(given)


def test_without_a_catalog_the_defaults_are_read():
    """A discovered catalog selects what is selected by default, in its order."""
    entries = [
        CatalogEntry.discovered(name, _SCHEMA, ["id"], selected_by_default=name != "b") for name in ("c", "b", "a")
    ]
    assert ["c", "a"] == [entry.stream for entry in selected_streams(entries)]


def test_rows_pass_whole_when_everything_is_selected(choose):
    """There is no mask if every field is selected."""
    entry = choose({(): True})
    assert field_mask(entry) is None
    assert entry.schema is selected_schema(entry)


def test_a_deselected_field_goes_from_rows_and_schema(choose):
    """Rows and schema hold the selected fields only, required included."""
    entry = choose({("name",): False})
    assert ["id", "address", "attributes"] == list(field_mask(entry).fields)
    assert {"id": 1, "address": {"city": "x"}} == field_mask(entry).apply(
        {"id": 1, "name": "Ada", "address": {"city": "x"}, "new": 1}
    )
    schema = selected_schema(entry)
    assert ["id"] == schema["required"]
    assert ["id", "address", "attributes"] == list(schema["properties"])


def test_a_key_cannot_be_deselected(choose):
    """A field with the inclusion ``automatic`` stays selected."""
    assert field_mask(choose({("id",): False})) is None


def test_a_nested_field_can_be_deselected(choose):
    """A breadcrumb of several names deselects a nested field; null values are kept."""
    entry = choose({("address", "street"): False})
    assert ["id", "name", "address", "attributes"] == list(field_mask(entry).fields)
    mask = field_mask(entry)
    assert {"id": 1, "address": {"city": "x"}} == mask.apply({"id": 1, "address": {"city": "x", "street": "y"}})
    assert {"address": None} == mask.apply({"address": None})
    assert ["city"] == list(selected_schema(entry)["properties"]["address"]["properties"])


def test_a_deselected_object_takes_its_fields_along(choose):
    """A selected field of a deselected object is not selected."""
    assert ["id", "name", "attributes"] == list(
        field_mask(choose({("address",): False, ("address", "city"): True})).fields
    )


def test_an_open_object_keeps_what_its_schema_does_not_name(choose):
    """Custom attributes that the schema does not list are kept, except for deselected ones."""
    mask = field_mask(choose({("attributes", "vip"): False}))
    assert {"attributes": {"color": "red"}} == mask.apply({"attributes": {"vip": True, "color": "red"}})


def test_an_unsupported_field_is_never_selected():
    """The inclusion "unsupported" wins over selected."""
    metadata = {(): {"selected": True}, ("properties", "name"): {"inclusion": "unsupported", "selected": True}}
    entry = CatalogEntry("users", "users", _SCHEMA, metadata=metadata)
    assert ["id", "address", "attributes"] == list(field_mask(entry).fields)
