"""Amounts of points as texts, with all of their digits, and counted things."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: "1 row", "1,200 rows"; ``plural`` for nouns that do not end with s."""
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"


def plain_amount(amount: Decimal) -> str:
    """Return an amount without trailing zeros: 12.5, not 12.500000000000000000."""
    return _without_zeros(f"{amount:f}")


def signed_amount(amount: Decimal) -> str:
    """Return a difference with its sign: +12.5."""
    return _without_zeros(f"{amount:+f}")


def grouped_amount(amount: Decimal) -> str:
    """Return an amount with thousands separators: 1,250.5."""
    return _without_zeros(f"{amount:,f}")


def _without_zeros(text: str) -> str:
    # As text, because Decimal.normalize() rounds to 28 digits.
    return text.rstrip("0").rstrip(".") if "." in text else text
