"""How commands format amounts."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from talon_one_singer.reporting.amounts import counted, grouped_amount, plain_amount, signed_amount

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


def test_a_count_has_its_noun():
    """One thing is singular, and several have a thousands separator."""
    found = [counted(0, "row"), counted(1, "row"), counted(1_200, "row"), counted(2, "row is", "rows are")]
    assert ["0 rows", "1 row", "1,200 rows", "2 rows are"] == found


def test_messages_count_in_singular_too():
    """No message of the commands puts a number that may be 1 before a noun in the plural."""
    root = Path(__file__).resolve().parents[3]
    nouns = "rows|ids|cards|requests|calls|ledgers|notifications|profiles|syncs|lines|records"
    plural = rf"(\{{[a-z][^{{}}]*:,\}}|(?<!no )%s) ({nouns})\b"
    packages = ("cli", "target", "tap", "loading", "receiver", "provider", "warehouse", "storage", "singer", "emulator")
    files = [one for name in packages for one in (root / name).rglob("*.py")]
    found = [f"{one}: {line}" for one in files for line in one.read_text().splitlines() if re.search(plural, line)]
    assert [] == [line for line in found if "/talon_one_cli/demo/" not in line]
