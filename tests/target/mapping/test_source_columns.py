"""One rule finds columns by their names wherever a setting names a column."""

from __future__ import annotations

import pytest

from talon_one_singer.values.column_names import AmbiguousNameError, ColumnNames, find_column
from target_talon_one.errors import SyncConfigError
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS

WRITTEN = ["customer id", "CUSTOMER ID", " Customer Id ", "\ufeffcustomer id", "customer id\u00a0"]


@pytest.mark.parametrize("column", WRITTEN)
def test_a_name_means_the_column_that_is_written_differently(column):
    """A name matches a column that differs in letter case, outer spaces or a byte order mark."""
    assert column == find_column("Customer ID", ["other", column])


def test_a_name_that_is_there_as_it_stands_means_that_column():
    """An exact match wins over all similar names."""
    assert "city" == find_column("city", ["City", "city", " city"])


def test_a_name_that_could_mean_two_columns_means_none():
    """An ambiguous name is an error that names both columns."""
    with pytest.raises(AmbiguousNameError, match=r"'CITY' could mean the column 'City' or 'city'"):
        find_column("CITY", ["City", "city"])


def test_composed_and_decomposed_letters_are_the_same():
    """Names in composed and decomposed Unicode match, because file systems and editors write both forms."""
    assert "Gro\u0308\u00dfe" == find_column("gr\u00f6\u00dfe", ["Gro\u0308\u00dfe"])


def test_names_of_one_row_may_differ_in_case_but_not_those_of_two():
    """Two spellings in different rows are an error, because one of them would be null in each row."""
    names = ColumnNames()
    names.add(["City", "city"], "line 1")
    with pytest.raises(ValueError, match=r"line 3 has the column 'CITY', line 1 has 'City'"):
        names.add(["CITY"], "line 3")


def mapped(columns, **options):
    """Return the fields of the row ``{column: its number}``."""
    mapper = Mapper(SINKS["catalog_items"], MappingOptions(**options), columns=columns, attribute_types=None)
    return mapper({column: str(number) for number, column in enumerate(columns)}).fields.decode()


PLACES = {
    "key": ({"key": ("sku",)}, '{"attributes":{"x":"1"},"sku":"0"}'),
    "map": ({"map": {"sku": "sku"}}, '{"sku":"0"}'),
    "list of attributes": ({"map": {"sku": "sku", "attributes": ["X"]}}, '{"attributes":{"X":"1"},"sku":"0"}'),
    "attribute": ({"map": {"sku": "sku", "attributes": {"a": "X"}}}, '{"attributes":{"a":"1"},"sku":"0"}'),
    "template": ({"map": {"sku": "{{ sku }}-{{ X }}"}}, '{"sku":"0-1"}'),
    "no setting": ({}, '{"attributes":{"x":"1"},"sku":"0"}'),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("column", ["sku", "SKU", " Sku "])
def test_the_rule_holds_wherever_a_column_is_named(place, column):
    """The rule applies to settings, templates, and fields without a setting."""
    options, expected = PLACES[place]
    assert expected == mapped([column, "x"], **options)


@pytest.mark.parametrize("place", list(PLACES))
def test_two_columns_that_could_be_meant_are_an_error_naming_both(place):
    """The error is one line with the setting and both columns."""
    options, _ = PLACES[place]
    with pytest.raises(SyncConfigError, match="'SKU' or 'Sku'"):
        mapped(["SKU", "Sku", "x"], **options)


def test_other_columns_become_attributes_without_the_spaces_around_them():
    """Two columns that differ only in letter case or spaces are an error."""
    assert '{"attributes":{"city":"1"},"sku":"0"}' == mapped(["sku", " city"])
    with pytest.raises(SyncConfigError, match="the columns 'city' and ' city' would become the same attribute"):
        mapped(["sku", "city", " city"])
