"""Amounts as commands print them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from talon_one_cli.formatting import grouped, plain, signed


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("12.500", ("12.5", "+12.5", "12.5")),
        ("0.000", ("0", "+0", "0")),
        ("100", ("100", "+100", "100")),
        ("-1234.50", ("-1234.5", "-1234.5", "-1,234.5")),
        ("1E+3", ("1000", "+1000", "1,000")),
        ("12345678901234567890.123456789012345678", None),
    ],
)
def test_amounts_lose_zeros_and_no_digit(amount, expected):
    """Zeros that fill a column go, every other digit stays."""
    whole = (amount, f"+{amount}", "12,345,678,901,234,567,890.123456789012345678")
    assert (expected or whole) == (plain(Decimal(amount)), signed(Decimal(amount)), grouped(Decimal(amount)))
