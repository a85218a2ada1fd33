"""What the parts of the demo share: a check of a figure, and a call of the emulator's control endpoints."""

from __future__ import annotations

import json
import urllib.request
from decimal import Decimal
from typing import Any


class DemoFailed(Exception):
    """A figure differs from the expected one."""


def expect(what: str, expected: object, actual: object) -> None:
    """Raise DemoFailed unless both values are equal."""
    if expected != actual:
        raise DemoFailed(f"{what}: expected {expected}, got {actual}")


def control(url: str, path: str, body: Any = None) -> Any:
    """Send GET, or POST with a body, to a control endpoint of the emulator and return the JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/_emulator/{path}", data, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read(), parse_float=Decimal)
