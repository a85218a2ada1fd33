"""Checks of answers against the record schemas; each schema is compiled once."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema_rs

import talon_one_schemas


@cache
def _compiled(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(talon_one_schemas.record(name))


def check_answer(name: str, answer: Any) -> None:
    """Raise a validation error unless an answer has the shape of a record."""
    _compiled(name).validate(answer)
