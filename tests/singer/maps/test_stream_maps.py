"""Rows through the maps of the Singer SDK: streams, values, digits, and errors that name setting and row."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.maps.settings import MAPS
from talon_one_singer.maps.stream_maps import MapError, StreamMaps, decoded, stream_maps

SCHEMA = {
    "properties": {
        "id": {"type": "integer"},
        "email": {"type": ["string", "null"]},
        "amount": {"type": "number"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}},
    }
}
ROW = b'{"id":7,"email":"a@b.c","amount":12345678901234567.000000000000000001,"address":{"city":"Ulm","zip":"01"}}'
WHOLE = decoded(ROW)


def settings(**given):
    """Return the settings of maps, with their defaults."""
    return {one.name: one.default for one in MAPS} | given


def mapped(row=ROW, **given):
    """Return name, keys and rows of the streams that the maps make of the stream ``members``."""
    found = StreamMaps(settings(**given)).register("members", SCHEMA, ["id"])
    rows = {one.name: one.encoded(decoded(row)) for one in found}
    keys = {one.name: one.key_properties for one in found}
    properties = {one.name: list(one.schema["properties"]) for one in found}
    parsed = {name: None if text is None else json.loads(text, parse_float=Decimal) for name, text in rows.items()}
    return keys, properties, parsed


def without(*names):
    """Return the row without some of its properties."""
    return {name: value for name, value in WHOLE.items() if name not in names}


CASES = {
    "nothing": ({"members": {}}, {"members": WHOLE}),
    "a property left out": ({"members": {"email": None}}, {"members": without("email")}),
    "a property by its word": ({"members": {"email": "__NULL__"}}, {"members": without("email")}),
    "a hash": (
        {"members": {"email": "md5(email)"}},
        {"members": WHOLE | {"email": "5d60d4e28066df254d5452f92c910092"}},
    ),
    "a number": ({"members": {"twice": "amount * 2"}}, {"members": WHOLE | {"twice": WHOLE["amount"] * 2}}),
    "only the key": ({"members": {"id": "id", "__else__": None}}, {"members": {"id": 7}}),
    "a filter that keeps": ({"members": {"__filter__": "id == 7"}}, {"members": WHOLE}),
    "a filter that leaves out": ({"members": {"__filter__": "id > 7"}}, {"members": None}),
    "another name": ({"members": {"__alias__": "guests"}}, {"guests": WHOLE}),
    "a second stream": (
        {"ids": {"__source__": "members", "id": "id", "__else__": None}},
        {"members": WHOLE, "ids": {"id": 7}},
    ),
    "a stream left out": ({"members": None}, {}),
    "all other streams left out": ({"__else__": None}, {}),
    "a pattern": ({"mem*": {"email": None}}, {"members": without("email")}),
    "a value of the settings": ({"members": {"email": "config['word']"}}, {"members": WHOLE | {"email": "x"}}),
}


@pytest.mark.parametrize("case", CASES)
def test_maps_change_streams_and_rows(case):
    """Every word of the maps does what the Singer SDK documents, and no digit is lost."""
    maps, expected = CASES[case]
    _, _, found = mapped(stream_maps=maps, stream_map_config={"word": "x"})
    assert expected == found


def test_objects_are_flattened():
    """Properties of objects become columns, in the schema and in the row."""
    _, properties, rows = mapped(flattening_enabled=True, flattening_max_depth=1, flattening_separator=".")
    flat = without("address") | {"address.city": "Ulm", "address.zip": "01"}
    assert {"members": flat} == rows
    assert {"members": list(flat)} == properties


def test_keys_can_be_replaced():
    """The maps name other key properties, or none."""
    assert {"members": ("email",)} == mapped(stream_maps={"members": {"__key_properties__": ["email"]}})[0]
    assert {"members": ()} == mapped(stream_maps={"members": {"__key_properties__": None}})[0]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("unknown + 1", "'unknown' is not defined for expression 'unknown + 1'"),
        (
            "amount * 1.5",
            "TypeError: unsupported operand type(s) for *: 'decimal.Decimal' and 'float' in the expression",
        ),
        ("amount / (id - 7)", "DivisionByZero: [<class 'decimal.DivisionByZero'>] in the expression"),
        ("int(email)", "ValueError in the expression"),
        ("record['no']", "KeyError: 'no' in the expression"),
        ("record[email]", "KeyError in the expression"),
        ("record[email.upper()]", "KeyError in the expression"),
        ("json.loads(email)", "JSONDecodeError in the expression"),
        ("datetime.date.fromisoformat(email)", "ValueError in the expression"),
        ("email ** email", "TypeError: bad operand type for abs(): 'str' in the expression"),
        ("4000001 ** int(amount)", "NumberTooHigh in the expression"),
        ("email.nothing", "AttributeDoesNotExist: "),
        ("getattr(config, email)", "Function 'getattr' not defined"),
    ],
)
@pytest.mark.parametrize("place", ["x", "__filter__"])
def test_a_row_that_cannot_be_mapped_is_named_by_its_key(expression, reason, place):
    """The error names setting, stream, row, expression and reason, and no value of the row but its key."""
    with pytest.raises(MapError) as raised:
        mapped(stream_maps={"members": {place: expression}})
    said, (brief,) = str(raised.value), raised.value.brief
    assert said.startswith("stream_maps: members: the row id=7 cannot be mapped: ")
    assert brief == said.replace("the row id=7", "a row")
    assert reason in said
    assert expression in said
    assert not any(value in said.lower() for value in ("a@b.c", "12345678901234567", "ulm"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stream_maps": {"members": {"id": None}}}, "Removing key property 'id' is not permitted"),
        ({"stream_maps": {"members": {"email": "md5("}}}, "Failed to parse expression md5("),
        ({"stream_maps": {"members": {"email": 5}}}, "Unexpected type 'int'"),
        ({"stream_maps": {"members": 5}}, "Unexpected stream definition type"),
        ({"stream_maps": {"members": {"__key_properties__": ["no"]}}}, "'no' was not detected in schema"),
        ({"stream_maps": {"members": {"__else__": None}}}, "'id' was not detected in schema"),
        ({"stream_maps": {"__else__": "x"}}, "Undefined transform for '__else__'"),
        ({"stream_maps": {"__other__": {}}}, "'__other__:{}' is not expected"),
        ({"flattening_enabled": True}, "flattening_max_depth"),
    ],
)
def test_maps_that_cannot_be_used_are_reported_with_their_setting(given, words):
    """The error is one of the settings, before any row."""
    with pytest.raises(ConfigError) as raised:
        mapped(**given)
    assert words in str(raised.value)


def test_a_map_of_a_stream_that_does_not_exist_is_refused():
    """A map with a misspelled name would do nothing, and let through what it should hide."""
    for maps in ({"membres": {"email": None}}, {"x": {"__source__": "membres"}}):
        with pytest.raises(ConfigError, match="there is no stream 'membres'; did you mean 'members'"):
            StreamMaps(settings(stream_maps=maps)).check_streams(["members", "cards"])
    StreamMaps(settings(stream_maps={"__else__": None, "c*": None})).check_streams(["members", "cards"])


def test_a_property_that_does_not_exist_is_warned_of(caplog):
    """A property to be left out that the stream does not have is logged with the name that was probably meant."""
    mapped(stream_maps={"members": {"emial": None}})
    assert "stream_maps: members has no property 'emial' to be left out; did you mean 'email'?" in caplog.text


def test_without_maps_there_is_nothing_to_pass():
    """Settings without maps, or with empty ones, leave rows on their usual way."""
    assert stream_maps(settings()) is None
    assert stream_maps(settings(stream_maps={}, stream_map_config={"a": 1}, flattening_max_depth=2)) is None
