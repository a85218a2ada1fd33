"""Loopback addresses of every notation."""

from __future__ import annotations

import pytest

from talon_one_emulator.loopback import is_loopback_address


@pytest.mark.parametrize("text", ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"])
def test_an_address_of_this_machine_is_loopback(text):
    """Every notation of a loopback address is recognized."""
    assert is_loopback_address(text)


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "0.0.0.0", "::", "::ffff:10.0.0.1", "::12", "127.evil.example", "127.1", ""]
)
def test_everything_else_is_not(text):
    """No other address, and no name that begins like one, counts as loopback."""
    assert not is_loopback_address(text)
