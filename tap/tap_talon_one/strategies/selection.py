"""The choice of a read strategy: one call for each id, or a list or export of the Management API.

https://docs.talon.one/management-api
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import BadRequestError, NotFoundError, PermissionDeniedError
from talon_one_singer import ConfigError
from tap_talon_one.ids.sources import why_unreadable as why_no_ids
from tap_talon_one.strategies.cost_estimate import CostEstimate, estimate_cost
from tap_talon_one.strategies.read_strategies import PER_ENTITY, ReadStrategy, per_entity, strategies_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from tap_talon_one.strategies.read_request import ReadRequest
    from tap_talon_one.streams import StreamGroup

log = logging.getLogger("tap_talon_one")


@dataclass(frozen=True, slots=True)
class StrategyCandidate:
    """A strategy that these settings allow, with its estimated cost; None: the cost was not estimated."""

    strategy: ReadStrategy
    cost: CostEstimate | None = None


_WHOLE = {"program": "whole programs", "application": "whole Applications", "account": "all profiles"}


def why_not(strategy: ReadStrategy, settings: Mapping[str, Any], streams: frozenset[str] = frozenset()) -> str | None:
    """Return why a strategy cannot be used with these settings for these streams; None if it can."""
    if strategy.name == PER_ENTITY:
        return why_no_ids(strategy.group, settings)
    whole = _WHOLE[strategy.group.entity]
    named = (f"{strategy.owner}_ids", f"{strategy.owner}_ids_file", "shard")
    given = next((name for name in named if settings.get(name) is not None), "")
    only = ", ".join(sorted(strategy.gives or ()))
    reasons = (
        (not settings["management_key"], "it needs management_key"),
        (strategy.needs_application and not strategy.path, "it needs application_id"),
        (not strategy.can_read(streams), f"it gives only {only}; select no other stream of the group"),
        (given, f"it reads {whole}, and {given} selects some ids; remove {given}, or use {PER_ENTITY}"),
        (
            strategy.name == "card_list" and settings["as_of"],
            "the list of cards has only the current balances; remove as_of",
        ),
    )
    return next((reason for applies, reason in reasons if applies), None)


def why_unreadable(
    group: StreamGroup, settings: Mapping[str, Any], streams: frozenset[str] = frozenset()
) -> str | None:
    """Return what to set so that streams of a group can be read; None if an allowed strategy can read them."""
    names = (PER_ENTITY, *allowed(group, settings))
    strategies = strategies_of(group, settings)
    reasons = [why_not(strategy, settings, streams) for strategy in strategies if strategy.name in names]
    return None if None in reasons else reasons[0]


def candidates(
    group: StreamGroup, request: ReadRequest, settings: Mapping[str, Any], client: TalonOneClient
) -> list[StrategyCandidate]:
    """Return the strategies to try, in order; log which one comes first and why.

    Raises:
        ConfigError: the strategy in the settings cannot be used.
        TalonOneError: estimating the costs failed.
    """
    if group.strategy_setting is None:
        return [StrategyCandidate(per_entity(group))]
    names, known = allowed(group, settings), strategies_of(group, settings)
    usable = [each for each in known if each.name in names and why_not(each, settings, request.streams) is None]
    if len(names) == 1 and not usable:
        (named,) = (each for each in known if each.name == names[0])
        raise ConfigError(f"{group.strategy_setting} is {names[0]}: {why_not(named, settings, request.streams)}")
    first = [each for each in usable if each.name == request.begun] or [each for each in usable if each.cheapest]
    if first:
        others = [StrategyCandidate(strategy) for strategy in reversed(usable) if strategy is not first[0]]
        return [StrategyCandidate(first[0]), *others]
    if len(usable) <= 1:
        return [StrategyCandidate(strategy) for strategy in usable or known[:1]]
    return _cheapest_first(group, usable, request, settings, client)


def able_to_check(strategies: Sequence[ReadStrategy], request: ReadRequest) -> list[ReadStrategy]:
    """Return the strategies to prefer: if a ledger check is due, those that leave no owner out; else all of them."""
    return [strategy for strategy in strategies if strategy.reads_programs or not request.check]


def allowed(group: StreamGroup, settings: Mapping[str, Any]) -> list[str]:
    """Return the names of the allowed strategies; for profiles, a strategy that only cards have means ``auto``."""
    wanted = settings[group.strategy_setting] if group.strategy_setting else PER_ENTITY
    known = [strategy.name for strategy in strategies_of(group, settings)]
    return [wanted] if wanted in known else known


def _cheapest_first(
    group: StreamGroup,
    usable: Sequence[ReadStrategy],
    request: ReadRequest,
    settings: Mapping[str, Any],
    client: TalonOneClient,
) -> list[StrategyCandidate]:
    found: list[StrategyCandidate] = []
    waiting = list(usable)
    while waiting:
        strategy = waiting.pop()
        try:
            cost = estimate_cost(strategy, request, settings, client)
        except (PermissionDeniedError, NotFoundError, BadRequestError) as error:
            log.info("%s: the strategy %s cannot be used: %s", group.name, strategy.name, error)
            continue
        found.append(StrategyCandidate(strategy, cost))
        if cost.calls - cost.checks <= request.instants:
            break  # no strategy can be cheaper
    able = {strategy.name for strategy in able_to_check(usable, request)}
    found.sort(key=lambda each: (each.strategy.name not in able, each.cost.seconds if each.cost else 0.0))
    if found:
        costs = ", ".join(f"{candidate.strategy.name} {candidate.cost}" for candidate in found)
        first = found[0].strategy.name
        log.info("%s: using the strategy %s; estimated: %s", group.labeled(request.program), first, costs)
    return [*found, *map(StrategyCandidate, reversed(waiting))] or [StrategyCandidate(usable[0])]
