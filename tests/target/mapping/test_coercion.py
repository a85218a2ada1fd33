"""Values of rows are converted to the types of Talon.One without loss, or are refused."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_talon_one.mapping import coercion
from target_talon_one.mapping.canonical import encode, plain
from target_talon_one.mapping.coercion import attribute_conversion, field_conversion, text_coercer
from target_talon_one.mapping.conversion_errors import ConversionError, shown

BERLIN = timezone(timedelta(hours=2))
HUGE = 10**40 + 1


def field(kind):
    return field_conversion(kind, filled=False, in_path=False).coerce


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "x", "x"),
        ("string", 17, "17"),
        ("string", HUGE, str(HUGE)),
        ("string", Decimal("17.00"), "17"),
        ("string", 17.0, "17"),
        ("string", Decimal("1E+3"), "1000"),
        ("string", Decimal("1E-7"), "0.0000001"),
        ("string", Decimal("12.50"), "12.5"),
        ("string", date(2024, 1, 31), "2024-01-31"),
        ("string", datetime(2024, 1, 31, 12, tzinfo=BERLIN), "2024-01-31T10:00:00Z"),
        ("string", time(12, 30), "12:30:00"),
        ("string", UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("integer", 17, 17),
        ("integer", "17", 17),
        ("integer", " 017.0 ", 17),
        ("integer", Decimal("17.00"), 17),
        ("integer", 17.0, 17),
        ("integer", str(HUGE), HUGE),
        ("integer", Decimal(HUGE), HUGE),
        ("number", "12.50", Decimal("12.5")),
        ("number", 0.1, Decimal("0.1")),
        ("number", Decimal("-0.00"), 0),
        ("number", "1e-7", Decimal("1E-7")),
        ("number", ".5", Decimal("0.5")),
        ("boolean", True, True),
        ("boolean", 0, False),
        ("boolean", Decimal("1.0"), True),
        ("boolean", " Yes ", True),
        ("boolean", "F", False),
        ("date-time", datetime(2024, 1, 31, 12), "2024-01-31T12:00:00Z"),  # noqa: DTZ001  # without zone is meant
        ("date-time", datetime(2024, 1, 31, 12, 0, 0, 120_000, tzinfo=BERLIN), "2024-01-31T10:00:00.12Z"),
        ("date-time", datetime(2024, 1, 31, 12, tzinfo=UTC), "2024-01-31T12:00:00Z"),
        ("date-time", date(2024, 1, 31), "2024-01-31T00:00:00Z"),
        ("date-time", "2024-01-31", "2024-01-31T00:00:00Z"),
        ("date-time", "2024-01-31 12:00:00", "2024-01-31T12:00:00Z"),
        ("date-time", "2024-01-31 12:00:00+02", "2024-01-31T10:00:00Z"),
        ("date-time", "2024-01-31 12:00:00.500 UTC", "2024-01-31T12:00:00.5Z"),
        ("date-time", "2024-01-31T23:30:00.123456789-01:30", "2024-02-01T01:00:00.123456789Z"),
        ("array", ["a", None, Decimal("1.0")], ["a", None, 1]),
        ("array", (1, {"a": (2,)}), [1, {"a": [2]}]),
        ("array", '[1.50, "x", null]', [Decimal("1.5"), "x", None]),
        ("object", {"a": None}, {"a": None}),
        ("object", '{"a": {"b": 10.0}}', {"a": {"b": 10}}),
        ("product", "Shoe", {"name": "Shoe"}),
        ("product", {"name": "Shoe", "id": 3}, {"name": "Shoe"}),
    ],
)
def test_a_value_becomes_the_type_of_its_field(kind, value, expected):
    """A value with the same meaning is converted to the type of the field without loss."""
    found = field(kind)(value)
    assert expected == found
    assert type(expected) is type(found)


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("string", True, "the boolean true is not a text"),
        ("string", ["a"], '["a"] (list) is not a text'),
        ("string", b"a", "a binary value is not a text"),
        ("string", Decimal("NaN"), "NaN is not a number that JSON can hold"),
        ("integer", Decimal("17.5"), "17.5 is not an integer"),
        ("integer", "17.5", "'17.5' is not an integer"),
        ("integer", "1_000", "'1_000' is not an integer"),
        ("integer", "٣", "'٣' is not an integer"),
        ("integer", "", "'' is not an integer"),
        ("integer", True, "the boolean true is not an integer"),
        pytest.param(*("integer", 10**5000, "a number is out of the range of JSON numbers"), id="integer-5000-digits"),
        ("number", "1,234.5", "'1,234.5' is not a number"),
        ("number", "NaN", "'NaN' is not a number"),
        ("number", math.nan, "NaN is not a number that JSON can hold"),
        ("number", -math.inf, "-Infinity is not a number that JSON can hold"),
        ("number", Decimal("sNaN"), "sNaN is not a number that JSON can hold"),
        ("number", "1e999999999", "1E+999999999 is out of the range of JSON numbers"),
        ("number", Decimal("1E-400"), "1E-400 is out of the range of JSON numbers"),
        ("number", date(2024, 1, 31), "2024-01-31 (date) is not a number"),
        ("boolean", 2, "2 is not a boolean"),
        ("boolean", "maybe", "'maybe' is not a boolean"),
        ("boolean", Decimal("sNaN"), "sNaN is not a number that JSON can hold"),
        ("date-time", 1700000000, "1700000000 is not a time"),
        ("date-time", "31.01.2024", "'31.01.2024' is not an RFC 3339 time, for example 2024-01-31T12:00:00Z"),
        ("date-time", "2024-02-30", "'2024-02-30' is not an RFC 3339 time, for example 2024-01-31T12:00:00Z"),
        (
            "date-time",
            "2024-01-31T12:00:00+24:00",
            "'2024-01-31T12:00:00+24:00' is not an RFC 3339 time, for example 2024-01-31T12:00:00Z",
        ),
        ("date-time", datetime(1, 1, 1, tzinfo=BERLIN), "0001-01-01 00:00:00+02:00 is outside of the years 1 to 9999"),
        ("array", "a,b", "'a,b' is not an array (not JSON: invalid character (byte 0))"),
        ("array", '{"a": 1}', "'{\"a\": 1}' is not an array"),
        ("object", [1], "[1] (list) is not an object"),
        ("object", {1: 2}, "1 is the name of a property, but not a text"),
        ("object", {"a": {"b"}}, '["b"] (list) cannot be written as JSON'),
        ("product", "", "it is an empty text"),
        ("product", {"id": 3}, '{"id":3} (object) has no name of a product'),
    ],
)
def test_a_value_of_another_meaning_is_refused(kind, value, why):
    """A value that could only be converted by a guess is refused, and the message shows it."""
    with pytest.raises(ConversionError) as refused:
        field(kind)(value)
    assert why == str(refused.value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", 17, "17"),
        ("number", "17", 17),
        ("boolean", "no", False),
        ("time", date(2024, 1, 31), "2024-01-31T00:00:00Z"),
        ("(list string)", [1, "a"], ["1", "a"]),
        ("(list string)", '["a", "b"]', ["a", "b"]),
        ("(list number)", ("1.50", 2), [Decimal("1.5"), 2]),
        ("(list time)", [date(2024, 1, 31)], ["2024-01-31T00:00:00Z"]),
        ("location", {"lat": Decimal("52.50"), "lon": 13}, {"lat": Decimal("52.5"), "lon": 13}),
        ("location", "[13.4, 52.5]", [Decimal("13.4"), Decimal("52.5")]),
        ("(list location)", [[13, 52]], [[13, 52]]),
        ("a type of tomorrow", Decimal("1.0"), 1),
    ],
)
def test_an_attribute_becomes_its_type(kind, value, expected):
    """Every type of the account's attributes has its conversion; a new type passes values as they are."""
    assert expected == attribute_conversion(kind).coerce(value)


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("(list string)", "abc", "'abc' is not an array (not JSON: invalid character (byte 0))"),
        ("(list number)", ["a"], "'a' is not a number"),
        ("(list number)", [1, None], "[1,null] (list) holds null"),
        ("location", 5, "5 is not a location (an object or an array)"),
    ],
)
def test_an_attribute_of_another_type_is_refused(kind, value, why):
    """A list with a wrong or missing element is refused as a whole."""
    with pytest.raises(ConversionError) as refused:
        attribute_conversion(kind).coerce(value)
    assert why == str(refused.value)


def test_every_type_of_the_emulator_has_a_conversion():
    """The conversions know every attribute type by the name that Talon.One uses."""
    from talon_one_emulator.domain.attributes import TYPES

    assert set() == set(TYPES) - set(coercion._ATTRIBUTES)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "it is an empty text"),
        ("x" * 101, "'" + "x" * 59 + "…' has 101 characters, 100 are allowed"),
        ("..", "'..' cannot be part of a URL"),
    ],
)
def test_a_text_keeps_its_bounds(value, why):
    """A text that is too long, empty, or not possible in a URL is refused before anything is sent."""
    with pytest.raises(ConversionError) as refused:
        text_coercer(100, filled=True, in_path=True)(value)
    assert why == str(refused.value)


def test_a_text_as_long_as_allowed_passes():
    """The bounds themselves are allowed, and characters are counted, not bytes."""
    assert "ü" * 100 == text_coercer(100, filled=True)("ü" * 100)


@pytest.mark.parametrize(
    "value",
    ["x" * 1000, ["y" * 1000], Decimal("1." + "1" * 1000), pytest.param("\ud800" * 70, id="halves"), {"a": "z" * 99}],
)
def test_a_message_shows_little_of_a_value(value):
    """Messages hold at most 60 characters of a value, and can always be written."""
    text = shown(value)
    text.encode()
    assert 60 >= len(text.replace("\\ud800", "x").strip("'"))


def test_subclasses_are_as_good_as_their_types():
    """Values of pandas, of enums and of template engines are subclasses of plain ones."""

    class Text(str):
        __slots__ = ()

    class Fine(datetime):
        def isoformat(self, *_):
            return "2024-01-31T12:00:00.123456789"

    found = [plain(Text("a")), plain({Text("b"): Text("c")}), plain(Fine(2024, 1, 31)), text_coercer()(Text("d"))]
    assert ["a", {"b": "c"}, "2024-01-31T12:00:00.123456789Z", "d"] == found
    assert [str, dict, str, str] == [type(one) for one in found]


_numbers = st.one_of(
    st.integers(-(10**30), 10**30),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30).filter(
        lambda x: x == 0 or abs(x) > 1e-300
    ),
)


def exact(value):
    """Return the exact number; a float means the digits that it shows."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


@given(_numbers, _numbers)
def test_numbers_have_equal_bytes_if_and_only_if_they_are_equal(left, right):
    """Two numbers have the same JSON exactly when they are the same number, and it reads back as that number."""
    first, second = encode(plain(left)), encode(plain(right))
    assert (exact(left) == exact(right)) == (first == second)
    assert exact(left) == Decimal(json.loads(first, parse_float=Decimal))


@given(_numbers, st.integers(0, 20))
def test_a_number_is_written_in_one_way(value, zeros):
    """Zeros behind the point, another exponent or another type change no byte."""
    digits = exact(value)
    sign, figures, exponent = digits.as_tuple()
    padded = Decimal((sign, figures + (0,) * zeros, exponent - zeros))
    same = {encode(plain(one)) for one in (value, digits, padded)}
    same |= {encode(coercion.to_number(text)) for text in (str(digits), f"{padded:f}", f"{padded:e}")}
    if digits == digits.to_integral_value():
        same.add(encode(int(digits)))
    assert 1 == len(same)


_instants = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001
_zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(_instants, _zones, _zones)
def test_an_instant_is_written_in_one_way(moment, here, there):
    """One instant has one text, whatever its zone and its spelling; it reads back as that instant."""
    first, second = moment.replace(tzinfo=UTC).astimezone(here), moment.replace(tzinfo=UTC).astimezone(there)
    spellings = (moment, first, second, first.isoformat(), second.isoformat(" "), moment.isoformat())
    texts = {coercion.to_instant(one) for one in spellings}
    assert 1 == len(texts)
    assert first == datetime.fromisoformat(texts.pop())
