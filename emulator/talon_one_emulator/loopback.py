"""Loopback addresses."""

from __future__ import annotations

import ipaddress


def is_loopback_address(text: str) -> bool:
    """Return whether a text is a loopback address, in IPv4, IPv6, or IPv4 within IPv6."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
