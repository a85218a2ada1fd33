"""Windows, and instants as microseconds."""

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from talon_one_client.paging.windows import Window, from_us, to_us


def test_what_is_left_of_a_window_without_its_start_or_end():
    """A part at either end can be taken away, and the whole window leaves an empty one."""
    window = Window(0, 10)
    assert Window(4, 10) == window.without(Window(0, 4))
    assert Window(0, 4) == window.without(Window(4, 10))
    assert 0 == window.without(window).width_us


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_and_back(instant):
    """An instant is the same after conversion to microseconds and back."""
    assert instant == from_us(to_us(instant))


def test_bounds_stay_within_what_a_datetime_holds():
    """Microseconds beyond the first and last datetime are clamped to them."""
    assert 1 == from_us(-(10**20)).year
    assert 9999 == from_us(10**20).year
