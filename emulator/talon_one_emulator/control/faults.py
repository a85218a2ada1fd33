"""Faults on demand: which requests fail, how, and how often."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talon_one_client.endpoints import Endpoint

KINDS = (
    "403",
    "429",
    "500",
    "502",
    "503",
    "latency",
    "drop_before",
    "drop_after",
    "truncate",
    "malformed",
    "cut_rows",
    "insert_rows",
    "delete_rows",
)
GROUPS = ("*", "integration", "management")


@dataclass(slots=True)
class FaultRule:
    """A fault to inject.

    Attributes:
        route: operation name, vendor operation id, path of the endpoint table with or without its method,
            ``integration``, ``management`` or ``*``.
        kind: one of ``KINDS``.
        count: number of requests that fail; 0: all until the fault is cleared.
        after: number of matching requests that pass first.
        every: of the requests after those, every n-th fails.
        fraction: share of these that fails, chosen by ``seed``.
        retry_after: Retry-After header of a 429 or 5xx.
        seconds: latency, before the request is processed, or after it if ``late`` is set.
        rows: number of ledger rows that are inserted or deleted after each page, or that ``cut_rows`` keeps.
        at: when inserted rows are created: ``now``, or ``past`` to spread them over the time of the ledger.
    """

    route: str
    kind: str
    count: int = 1
    after: int = 0
    every: int = 1
    fraction: float = 1.0
    seed: int = 0
    retry_after: str | None = None
    seconds: float = 0.0
    late: bool = False
    rows: int = 1
    at: str = "now"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}{hint(self.kind, KINDS)}")
        if self.at not in ("now", "past"):
            raise ValueError(f"fault option at must be now or past, not {self.at!r}")
        if self.every < 1 or self.count < 0 or self.after < 0 or self.seconds < 0 or self.rows < 1:
            raise ValueError("fault options: every and rows must be at least 1; count, after and seconds at least 0")
        self._names = names_of(self.route)

    _names: frozenset[str] = frozenset()
    seen: int = 0
    hits: int = 0

    def applies_to(self, endpoint: Endpoint) -> bool:
        """Count a request and return whether it fails."""
        if endpoint.name not in self._names or (self.count and self.hits >= self.count):
            return False
        self.seen += 1
        turn = self.seen - self.after
        if turn < 1 or turn % self.every:
            return False
        if self.fraction < 1 and random.Random(f"{self.seed}/{self.seen}").random() >= self.fraction:  # noqa: S311
            return False
        self.hits += 1
        return True

    def describe(self) -> dict[str, Any]:
        """Return the options and the counts as JSON."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


class Faults:
    """The active rules, in the order in which they were added."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def add(self, rule: FaultRule) -> None:
        """Activate a rule."""
        self.rules.append(rule)

    def clear(self) -> None:
        """Remove all rules."""
        self.rules.clear()

    def take(self, endpoint: Endpoint) -> list[FaultRule]:
        """Count a request and return the rules that apply to it."""
        return [rule for rule in self.rules if rule.applies_to(endpoint)]


def parse(text: str) -> FaultRule:
    """Return the rule of a text ``ROUTE:KIND[:option=value,...]``. Raise ValueError if it is invalid."""
    parts = text.split(":", 2)
    if len(parts) < 2:
        raise ValueError(f"a fault must be ROUTE:KIND[:option=value,...], not {text!r}")
    options: dict[str, Any] = {}
    for pair in filter(None, (parts[2] if len(parts) > 2 else "").split(",")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"a fault option must be name=value, not {pair!r}")
        options[name] = value
    return build(parts[0], parts[1], options)


def build(route: str, kind: str, options: dict[str, Any]) -> FaultRule:
    """Return a rule; the options may be texts or values. Raise ValueError if one is invalid."""
    known = {field.name: str(field.type) for field in fields(FaultRule)}
    for name in ("route", "kind", "_names", "seen", "hits"):
        known.pop(name)
    values = {}
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"unknown fault option {name!r}{hint(name, known)}")
        values[name] = _converted(name, known[name], value)
    return FaultRule(route, str(kind), **values)


def _converted(name: str, kind: str, value: Any) -> Any:
    try:
        if kind == "int":
            return int(value)
        if kind == "float":
            return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"fault option {name} must be a number, not {value!r}") from error
    if kind == "bool":
        return value is True or str(value).lower() in ("true", "yes", "1")
    return None if value is None else str(value)


def names_of(route: str) -> frozenset[str]:
    """Return the names of the operations that a route selects. Raise ValueError that names the nearest route."""
    if route == "*":
        return frozenset(endpoints.BY_NAME)
    found = [
        each.name
        for each in endpoints.ALL
        if route in (each.name, each.operation_id, each.path, f"{each.method} {each.path}", each.api)
    ]
    if not found:
        known = [*GROUPS, *endpoints.BY_NAME, *(each.operation_id for each in endpoints.ALL)]
        raise ValueError(f"unknown route {route!r}{hint(route, known)}")
    return frozenset(found)


def hint(wrong: str, known: Iterable[str]) -> str:
    """Return ``; did you mean X?``, or the choices if no name is similar."""
    names = list(known)
    near = get_close_matches(wrong, names, 1, 0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known names: {', '.join(names)}" if len(names) < 20 else ""
