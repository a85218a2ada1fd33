"""Catalogs: discovered, written, read back, and laid over each other."""

import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.catalog import Catalog
from talon_one_singer.protocol.catalog_entry import CatalogEntry

_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "updated": {"type": "string"},
        "address": {"type": ["object", "null"], "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
def users():
    return CatalogEntry.discovered(
        "users", _SCHEMA, ["id"], replication_key="updated", forced=False, hidden_fields=["address"]
    )


@pytest.fixture
def orders():
    return CatalogEntry.discovered("orders", _SCHEMA, ["id"])


@pytest.fixture
def catalog(users, orders):
    return Catalog((users, orders))


def _given(**stream):
    return Catalog.from_dict({"streams": [{"tap_stream_id": "users"} | stream]}, "catalog.json")


def test_a_discovered_stream_has_the_standard_metadata(users):
    """Keys and replication key are automatic, other fields available, at every depth."""
    metadata = {tuple(m["breadcrumb"]): m["metadata"] for m in users.to_dict()["metadata"]}
    expected = {
        (): {
            "inclusion": "available",
            "selected-by-default": True,
            "table-key-properties": ["id"],
            "replication-method": "INCREMENTAL",
            "valid-replication-keys": ["updated"],
        },
        ("properties", "id"): {"inclusion": "automatic"},
        ("properties", "updated"): {"inclusion": "automatic"},
        ("properties", "address"): {"inclusion": "available", "selected-by-default": False},
        ("properties", "address", "properties", "city"): {"inclusion": "available", "selected-by-default": False},
    }
    assert expected == metadata


def test_a_stream_without_replication_key_is_a_full_table(orders):
    """A stream without replication key has only the method FULL_TABLE."""
    value = orders.to_dict()
    assert "FULL_TABLE" == value["metadata"][0]["metadata"]["forced-replication-method"]
    assert "FULL_TABLE" == value["replication_method"]
    assert "replication_key" not in value


def test_a_catalog_survives_writing_and_reading(catalog):
    """from_dict returns the catalog that to_dict wrote."""
    assert catalog == Catalog.from_dict(catalog.to_dict())


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, "missing required field `streams`"),
        ({"streams": [[]]}, r"got `array` - at `\$.streams\[0\]`"),
        ({"streams": [{}]}, r"\$.streams\[0\] has no tap_stream_id"),
        ({"streams": [{"stream": "a", "schema": []}]}, r"\$.streams\[0\].schema"),
        ({"streams": [{"stream": "a", "key_properties": "id"}]}, r"\$.streams\[0\].key_properties"),
        ({"streams": [{"stream": "a", "replication_method": "FULL"}]}, "Invalid enum value 'FULL'"),
        ({"streams": [{"stream": "a", "metadata": {}}]}, r"\$.streams\[0\].metadata"),
        ({"streams": [{"stream": "a", "metadata": [{"breadcrumb": "a"}]}]}, "breadcrumb"),
        (
            {"streams": [{"stream": "a", "metadata": [{"breadcrumb": [], "metadata": {"selected": "no"}}]}]},
            r"\$.streams\[0\].metadata\[0\].metadata.selected must be true or false, not 'no'",
        ),
        ({"streams": [{"stream": "a"}, {"stream": "a"}]}, r"names the stream 'a' twice, again at \$.streams\[1\]"),
    ],
)
def test_a_malformed_catalog_names_file_and_place(value, problem):
    """Every malformed catalog is a ConfigError with file, place and advice."""
    with pytest.raises(ConfigError, match=problem) as raised:
        Catalog.from_dict(value, "my/catalog.json")
    assert str(raised.value).startswith("my/catalog.json ")


def test_unknown_streams_are_all_named_with_the_nearest(catalog):
    """Every stream that does not exist is reported with the nearest name."""
    given = Catalog.from_dict({"streams": [{"stream": "user"}, {"stream": "x"}]}, "catalog.json")
    with pytest.raises(ConfigError) as raised:
        catalog.chosen_by(given, "catalog.json")
    assert [
        "catalog.json names the stream 'user', which does not exist; did you mean 'users'?",
        "catalog.json names the stream 'x', which does not exist; --discover lists all streams",
    ] == raised.value.lines


def test_streams_missing_in_the_given_catalog_are_left_out(catalog):
    """Streams that the given catalog does not name are not read."""
    assert ["users"] == [e.tap_stream_id for e in catalog.chosen_by(_given())]


def test_choices_of_the_given_catalog_win(catalog):
    """Flags of the given catalog override the discovered ones, except inclusion."""
    crumb = ("properties", "id")
    given = _given(metadata=[{"breadcrumb": list(crumb), "metadata": {"selected": False, "inclusion": "available"}}])
    entry = catalog.chosen_by(given).get("users")
    assert {"selected": False, "inclusion": "automatic"} == entry.metadata[crumb]


def test_the_given_catalog_may_override_a_field_s_type(catalog):
    """The schema of a given field replaces the discovered one; missing fields keep theirs."""
    given = _given(schema={"properties": {"id": {"type": "string"}}})
    properties = catalog.chosen_by(given).get("users").schema["properties"]
    assert {"type": "string"} == properties["id"]
    assert ["id", "updated", "address"] == list(properties)


@pytest.mark.parametrize(
    "choice",
    [
        {"replication_method": "FULL_TABLE"},
        {"metadata": [{"breadcrumb": [], "metadata": {"replication-method": "FULL_TABLE"}}]},
    ],
)
def test_the_given_catalog_may_ask_for_the_full_table(catalog, choice):
    """A catalog may request FULL_TABLE for an incremental stream whose method is not forced."""
    entry = catalog.chosen_by(_given(**choice)).get("users")
    assert "FULL_TABLE" == entry.replication_method
    assert entry.replication_key is None


@pytest.mark.parametrize(
    ("stream", "choice", "problem"),
    [
        (
            "users",
            {"replication_method": "LOG_BASED"},
            "'users' cannot be read as LOG_BASED; possible: FULL_TABLE, INC",
        ),
        (
            "orders",
            {"replication_method": "INCREMENTAL"},
            "'orders' cannot be read as INCREMENTAL; possible: FULL_TABL",
        ),
        ("users", {"replication_key": "id"}, "'users' has no replication key 'id'; possible: updated"),
    ],
)
def test_an_impossible_method_or_key_is_refused(catalog, stream, choice, problem):
    """A method or key that the stream does not have is refused with the possible ones."""
    given = Catalog.from_dict({"streams": [{"stream": stream} | choice]})
    with pytest.raises(ConfigError, match=problem):
        catalog.chosen_by(given)
