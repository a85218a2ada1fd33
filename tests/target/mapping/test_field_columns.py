"""The target finds its fields under the column names that a load writes."""

from __future__ import annotations

import pytest

from talon_one_warehouse import table_spec
from tap_talon_one.streams import STREAMS
from target_talon_one.mapping.field_columns import column_names_of
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS


@pytest.mark.parametrize("name", SINKS)
def test_a_loaded_column_is_found_by_the_field_that_it_came_from(name):
    """Every field that a stream has in common with the sink takes the column that a load writes for it."""
    sink = SINKS[name]
    for stream in STREAMS:
        spec = table_spec(stream.name, stream.schema(), stream.key)
        loaded = {column.source: column.name for column in spec.columns}
        shared = {field.name: loaded[field.name] for field in sink.fields if field.name in loaded}
        missing = [field.name for field in sink.fields if field.required and field.name not in loaded]
        mapper = Mapper(sink, MappingOptions(), columns=[*loaded.values(), *missing])
        assert set(shared.values()) <= set(mapper.columns_used)


@pytest.mark.parametrize("column", ["createdIn3rdParty", "created_in3rd_party", "created_in_3rd_party"])
def test_every_spelling_of_a_name_with_a_digit_is_accepted(column):
    """The field's own name, the column of a load, and the spelling that earlier versions looked for mean one field."""
    mapper = Mapper(SINKS["audiences"], MappingOptions(), columns=["integrationId", column])
    assert column in mapper.columns_used


def test_the_column_of_a_load_comes_before_the_earlier_spelling():
    """Where a table has both spellings, the one that a load writes is taken."""
    assert ("createdIn3rdParty", "created_in3rd_party", "created_in_3rd_party") == column_names_of("createdIn3rdParty")
