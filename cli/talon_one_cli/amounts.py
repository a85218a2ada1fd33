"""Amounts as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def plain(amount: Decimal) -> str:
    """An amount without the zeros that fill its column: 12.5 and not 12.500000000000000000."""
    return f"{amount.normalize():f}"
