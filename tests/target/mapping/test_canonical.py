"""Equal content has equal bytes and different content has not, so that unchanged rows are not sent again."""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_talon_one.mapping.canonical import plain
from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS


def mapper(sink, columns, **options):
    """Return a mapper of the sink of that name."""
    return Mapper(SINKS[sink], MappingOptions(**options), columns=columns)


_leaves = st.none() | st.booleans() | st.text() | st.integers(-(10**25), 10**25) | st.integers(-999, 999)
_values = st.recursive(
    _leaves | st.decimals(-1000, 1000, places=3) | st.datetimes(datetime(1900, 1, 1)),  # noqa: DTZ001
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def respelled(value, draw):
    """Return the same content in another spelling."""
    if isinstance(value, dict):
        return {name: respelled(value[name], draw) for name in draw(st.permutations(list(value)))}
    if isinstance(value, list):
        return draw(st.sampled_from([list, tuple]))(respelled(item, draw) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    digits = Decimal(value)
    return draw(st.sampled_from([value, digits, Decimal(f"{digits:f}" + ("0" if "." in f"{digits:f}" else ".00"))]))


def meaning(value):
    """Return a value that is equal for two contents if and only if they are the same for Talon.One."""
    if isinstance(value, dict):
        return "object", frozenset((name, meaning(item)) for name, item in value.items())
    if isinstance(value, list | tuple):
        return "array", tuple(map(meaning, value))
    if isinstance(value, datetime):
        return "str", value.isoformat().rstrip("0" if value.microsecond else "") + "Z"
    return ("number", Decimal(value)) if type(value) in (int, Decimal) else (type(value).__name__, value)


@given(_values, st.data())
def test_equal_content_has_equal_bytes(value, data):
    """The order of names, zeros of numbers, and lists or tuples do not change the bytes."""
    one = mapper("customer_profiles", ["integrationId", "a"])
    first = one({"integrationId": "1", "a": value})
    other = one({"a": respelled(value, data.draw), "integrationId": "1"})
    assert first == other
    json.loads(first.fields)


@given(_values, _values)
def test_different_content_has_different_bytes(left, right):
    """Two contents have equal bytes only if they are equal."""
    one = mapper("customer_profiles", ["integrationId", "a"], nulls="send_null")
    first, second = (one({"integrationId": "1", "a": value}).fields for value in (left, right))
    assert (meaning(left) == meaning(right)) == (first == second)


LARGEST, SMALLEST = sys.float_info.max, math.ulp(0.0)
DOUBLES = [LARGEST, math.nextafter(LARGEST, 0), 1e308, 1e307, sys.float_info.min, SMALLEST, 3 * SMALLEST, 0.1, 0.0]
BEYOND = [int(LARGEST) + 1, Decimal("1.7976931348623159e308"), Decimal("1e309"), Decimal("1e-324"), Decimal("1e-400")]


@pytest.mark.parametrize("value", [sign * one for one in DOUBLES for sign in (1, -1)])
def test_every_finite_double_is_a_number(value):
    """Every double is accepted as a double, as a Decimal of its digits, and as the exact Decimal or integer."""
    assert value == float(plain(value))
    assert value == float(plain(Decimal(repr(value))))
    assert value == float(plain(Decimal(value)))
    assert not value.is_integer() or value == float(plain(int(value)))


@pytest.mark.parametrize("value", [sign * one for one in BEYOND for sign in (1, -1)])
def test_what_no_double_holds_is_out_of_range(value):
    """Numbers beyond the largest double, and numbers that JSON readers would read as 0, are refused."""
    with pytest.raises(ConversionError, match="is out of the range of JSON numbers"):
        plain(value)
