"""Amounts as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def plain(amount: Decimal) -> str:
    """An amount without the zeros that fill its column: 12.5 and not 12.500000000000000000."""
    return _without_zeros(f"{amount:f}")


def signed(amount: Decimal) -> str:
    """A difference with its sign: +12.5."""
    return _without_zeros(f"{amount:+f}")


def grouped(amount: Decimal) -> str:
    """An amount with commas between thousands: 1,250.5."""
    return _without_zeros(f"{amount:,f}")


def _without_zeros(text: str) -> str:
    # As text, because Decimal.normalize() rounds to 28 digits.
    return text.rstrip("0").rstrip(".") if "." in text else text
