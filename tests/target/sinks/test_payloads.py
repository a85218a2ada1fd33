"""Every mapped row matches the request schema of the operation that its sink uses, or is a line of its file."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import talon_one_schemas
from target_talon_one.mapping.field_columns import column_names_of
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.csv_files import file_of
from target_talon_one.sinks.table import SINKS
from tests.examples import examples

TARGET = {
    "audience_id": 17,
    "catalog_id": 3,
    "version": 2,
    "campaign_id": 5,
    "usage_limit": 1,
    "application_id": 1,
    "collection_id": 4,
    "subledger_id": 'sub, "ledger"',
    "loyalty_program_id": 7,
    "start_date": "2024-01-31T12:00:00Z",
}

_texts = st.text(min_size=1, max_size=20).filter(lambda text: text not in (".", ".."))
_ids = st.integers(1, 10**9)
_money = st.decimals(0, 10**6, places=2)
_numbers = _money | _money.map(str) | st.integers(0, 10**30) | st.floats(0, 1e6)
_attributes = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | _texts | _numbers | st.datetimes() | st.dates() | st.lists(_texts)
)


def json_or(values):
    """Return values as they are, or as JSON text, as some warehouses store them."""
    return values | values.map(lambda value: json.dumps(value, default=str))


BY_TYPE = {
    "string": _texts | _texts.map(lambda text: text * 3) | _ids | _ids.map(Decimal),
    "integer": _ids | _ids.map(str) | _ids.map(lambda number: Decimal(f"{number}.00")),
    "number": _numbers,
    "positive": st.decimals("0.01", 10**6, places=2) | st.integers(1, 10**30),
    "boolean": st.sampled_from([True, False, 1, 0, "yes", "false", Decimal("1.0")]),
    "date-time": st.datetimes() | st.dates() | st.datetimes().map(str),
    "array": json_or(st.lists(_ids, unique=True, max_size=4)),
    "object": json_or(st.dictionaries(_texts, _ids)),
    "attributes": _attributes,
    "product": _texts,
    "texts": json_or(st.lists(_texts.filter(lambda text: ";" not in text), max_size=3)),
}
_cart_item = st.fixed_dictionaries(
    {"sku": _texts, "quantity": st.integers(1, 9)}, optional={"price": _money, "attributes": _attributes}
)
BY_NAME = {
    "name": _texts,
    "usageLimit": st.integers(0, 999_999),
    "responseContent": json_or(st.lists(st.sampled_from(["customerProfile", "loyalty"]), max_size=2)),
    "filters": json_or(st.lists(st.fixed_dictionaries({"attr": _texts, "op": st.just("EQ"), "value": _ids}))),
    "loyaltyCards": json_or(st.lists(_texts, max_size=1)),
    "couponCodes": json_or(st.lists(_texts)),
    "identifiers": json_or(st.lists(_texts, max_size=5)),
    "state": st.sampled_from(["open", "closed", "cancelled"]),
    "cartItems": st.lists(_cart_item, max_size=3),
    "additionalCosts": st.dictionaries(_texts, st.fixed_dictionaries({"price": _money})),
    "audiencesChanges": json_or(st.fixed_dictionaries({"adds": st.lists(_ids), "deletes": st.lists(_ids)})),
    "cardIdentifier": st.from_regex(r"[A-Za-z0-9._%+@-]{4,20}", fullmatch=True).filter(lambda text: set(text) != {"."}),
    "status": st.sampled_from(["active", "inactive"]),
    "customerProfileIds": json_or(st.lists(_texts.filter(lambda text: ";" not in text), max_size=3)),
    "scope": st.sampled_from(["AllSubledgers", "SelectedSubledgers"]),
    "subledgerIds": json_or(st.lists(_texts, max_size=3)),
    "returnedCartItems": json_or(st.lists(st.fixed_dictionaries({"position": _ids, "quantity": _ids}))),
}


def rows_of(sink):
    """Return rows for a sink, in which an optional field can be null or absent."""
    needed, other = {}, {}
    for field in sink.fields:
        values = BY_NAME.get(field.name, BY_TYPE[field.type])
        column = column_names_of(field.name)[-1]
        if field.required or field.name == "name":
            needed[column] = values
        else:
            other[column] = values | st.none()
    return st.fixed_dictionaries(needed, optional=other)


def bodies(sink, mapped):
    """Return (operation, body) of a request for the row in every mode."""
    fields = json.loads(mapped.fields, parse_float=Decimal)
    for mode in sink.modes.values():
        for action in mode.values():
            if action.item and action.heading is None:
                item = json.loads(action.item(TARGET, mapped.key, mapped.fields), parse_float=Decimal)
                yield action.endpoint, {action.endpoint.items: [item], **action.common(TARGET)}
            elif action.body:
                yield action.endpoint, action.body(TARGET, fields)


FILES = {
    name: next(iter(next(iter(sink.modes.values())).values()))
    for name, sink in SINKS.items()
    if any(action.heading for mode in sink.modes.values() for action in mode.values())
}


@pytest.mark.parametrize("name", FILES)
@examples(30)
@given(data=st.data())
def test_what_is_mapped_is_a_line_of_the_file(name, data):
    """Any row that can be mapped is one line with a value for each column, and its texts are those of the row."""
    sink, action = SINKS[name], FILES[name]
    row = data.draw(rows_of(sink))
    mapped = Mapper(sink, MappingOptions(), columns=list(row))(row)
    file = file_of(action.heading, [action.item(TARGET, mapped.key, mapped.fields)]).decode()
    heading, values = csv.reader(io.StringIO(file, newline=""), strict=True)
    assert len(heading) == len(values)
    fields = json.loads(mapped.fields)
    fields.pop("pointsId", None)  # Talon.One does not keep it
    texts = {value for value in fields.values() if isinstance(value, str)}
    assert texts | {";".join(value) for value in fields.values() if isinstance(value, list)} <= set(values)
    assert not sink.key_only or [mapped.key] == values


@pytest.mark.parametrize("name", SINKS)
@examples(60)
@given(data=st.data())
def test_what_is_mapped_passes_the_request_schema(name, data):
    """Any row that can be mapped leads to a body that matches the schema, in every mode of the sink."""
    sink = SINKS[name]
    rows = rows_of(sink)
    row = data.draw(rows)
    mapped = Mapper(sink, MappingOptions(), columns=list(row))(row)
    problems = [
        (endpoint.name, problem)
        for endpoint, body in bodies(sink, mapped)
        if endpoint.request
        for problem in talon_one_schemas.request_problems(endpoint.request, body)
    ]
    assert [] == problems
    assert {field.name for field in sink.key} <= json.loads(mapped.fields).keys()
