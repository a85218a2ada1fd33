"""Load the schemas by name and check request bodies against them.

Shapes come from https://docs.talon.one/integration-api and https://docs.talon.one/management-api, those of
notifications from https://docs.talon.one/outbound-notifications.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["requests", "records", "notifications"]


class Problem(NamedTuple):
    """A fault in a body: the JSON pointer to it, and the reason."""

    pointer: str
    reason: str


def names(kind: Kind) -> list[str]:
    """Return the names of all schemas of a kind, sorted."""
    folder = resources.files(__name__.rpartition(".")[0]) / kind
    return sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json"))


@cache
def _load(kind: Kind, name: str) -> dict[str, Any]:
    file = resources.files(__name__.rpartition(".")[0]) / kind / f"{name}.json"
    if not file.is_file():
        raise KeyError(f"no schema {name!r} among the {kind}")
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def request(name: str) -> dict[str, Any]:
    """Return the schema of a request body; raises KeyError for an unknown name."""
    return _load("requests", name)


def record(name: str) -> dict[str, Any]:
    """Return the schema of a record or response body; raises KeyError for an unknown name."""
    return _load("records", name)


def notification(name: str) -> dict[str, Any]:
    """Return the schema of the body of notifications; raises KeyError for an unknown name."""
    return _load("notifications", name)


@cache
def _validator(kind: Kind, name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_load(kind, name))


def request_problems(name: str, body: Any) -> Iterator[Problem]:
    """Yield everything in ``body`` that breaks the request schema ``name``, in document order."""
    for error in _validator("requests", name).iter_errors(body):
        yield _in_one_of(error) if error.context else _problem(error, error.message)


def _in_one_of(error: Any) -> Problem:
    """Return the fault below a failed ``oneOf``, whose branches differ in a constant."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    wrong = {key: one for key, found in branches.items() for one in found if one.validator == "const"}
    if len(wrong) == len(branches):
        first, *_ = wrong.values()
        known = [one.validator_value for one in wrong.values()]
        return _problem(first, f"{first.instance!r} is not one of {known}")
    fitting = [found for key, found in branches.items() if key not in wrong]
    # If the constant is missing, several branches may be meant: then the fault nearest to the top is the most useful.
    most_useful = max if len(fitting) == 1 else min
    fault = most_useful((one for found in fitting for one in found), key=lambda one: len(one.absolute_path))
    return _problem(fault, fault.message)


def _problem(error: Any, reason: str) -> Problem:
    return Problem("".join(f"/{_escape(part)}" for part in error.absolute_path), reason)


def _escape(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
