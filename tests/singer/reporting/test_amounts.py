"""How commands format amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from talon_one_singer.reporting.amounts import grouped_amount, plain_amount, signed_amount

WIDE = "12345678901234567890.123456789012345678"


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("12.500", "12.5"), ("0.000", "0"), ("100", "100"), ("-1234.50", "-1234.5"), ("1E+3", "1000"), (WIDE, WIDE)],
)
def test_a_plain_amount_has_no_trailing_zeros_and_all_other_digits(amount, expected):
    """Zeros that only fill the column are removed, and every other digit stays."""
    assert expected == plain_amount(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("12.500", "+12.5"), ("0.000", "+0"), ("100", "+100"), ("-1234.50", "-1234.5"), (WIDE, f"+{WIDE}")],
)
def test_a_signed_amount_has_its_sign(amount, expected):
    """A difference shows its direction, a positive one too."""
    assert expected == signed_amount(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("12.500", "12.5"),
        ("100", "100"),
        ("-1234.50", "-1,234.5"),
        ("1E+3", "1,000"),
        (WIDE, "12,345,678,901,234,567,890.123456789012345678"),
    ],
)
def test_a_grouped_amount_has_thousands_separators(amount, expected):
    """The digits before the point are grouped by commas."""
    assert expected == grouped_amount(Decimal(amount))
