"""Which way a feed is read: one call a card, or a cheaper list, feed or export of the Management API.

https://docs.talon.one/management-api
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import BadRequestError, NotFoundError, PermissionDeniedError
from talon_one_singer import ConfigError
from tap_talon_one.ids.sources import why_unreadable as why_no_ids
from tap_talon_one.strategies.cost_estimate import Foresight, foresee
from tap_talon_one.streams import ONE_BY_ONE, WAYS, Feed, Way, one_by_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.paging.windows import Window

log = logging.getLogger("tap_talon_one")


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be read, and what is known of it.

    Attributes:
        program: the loyalty program.
        window: span of ``created`` that is to be read, for ledgers.
        instants: how many instants balances are wanted for.
        ids: how many ids the last run had; 0: not known.
        begun: the way in which an interrupted run began.
    """

    program: int | None
    window: Window
    instants: int = 1
    ids: int = 0
    begun: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A way that can be taken, with what it is foreseen to cost; None: nobody has asked."""

    way: Way
    cost: Foresight | None = None


def ways(feed: Feed) -> tuple[Way, ...]:
    """All ways of reading a feed, one call for each id first."""
    return (one_by_one(feed), *WAYS.get(feed.name, ()))


def why_not(way: Way, settings: Mapping[str, Any]) -> str | None:
    """What stands against a way under these settings; None if nothing does."""
    if way.name == ONE_BY_ONE:
        return why_no_ids(way.feed, settings)
    if not settings["management_key"]:
        return "it needs management_key"
    given = [name for name in (f"{way.owner}_ids", f"{way.owner}_ids_file") if settings[name] is not None]
    if given:
        return f"it reads whole programs, and {given[0]} names some ids; leave {given[0]} out, or read {ONE_BY_ONE}"
    if settings.get("shard"):
        return f"it reads whole programs, and shard takes a part of the ids; leave shard out, or read {ONE_BY_ONE}"
    if way.name == "card_list" and settings["as_of"]:
        return "the list of cards knows the present balances only; leave as_of out"
    return None


def why_unreadable(feed: Feed, settings: Mapping[str, Any]) -> str | None:
    """What to set before a feed can be read in any way; None if it can be."""
    reasons = [why_not(way, settings) for way in ways(feed) if way.name in (ONE_BY_ONE, *allowed(feed, settings))]
    return None if None in reasons else reasons[0]


def offers(feed: Feed, question: Question, settings: Mapping[str, Any], client: TalonOneClient) -> list[Offer]:
    """The ways to try, in this order; says in the log which comes first and why.

    Raises:
        ConfigError: the strategy that is set cannot be taken.
        TalonOneError: asking for the costs failed.
    """
    if feed.strategy is None:
        return [Offer(one_by_one(feed))]
    names = allowed(feed, settings)
    usable = [way for way in ways(feed) if way.name in names and why_not(way, settings) is None]
    if len(names) == 1 and not usable:
        raise ConfigError(f"{feed.strategy} is {names[0]}: {why_not(_named(feed, names[0]), settings)}")
    if question.begun is not None and any(way.name == question.begun for way in usable):
        others = [Offer(way) for way in reversed(usable) if way.name != question.begun]
        return [Offer(_named(feed, question.begun)), *others]
    if len(usable) <= 1:
        return [Offer(way) for way in usable or ways(feed)[:1]]
    return _cheapest_first(feed, usable, question, settings, client)


def allowed(feed: Feed, settings: Mapping[str, Any]) -> list[str]:
    """Names of the ways that the settings allow; a strategy for cards alone leaves profiles on auto."""
    wanted = settings[feed.strategy] if feed.strategy else ONE_BY_ONE
    known = [way.name for way in ways(feed)]
    return [wanted] if wanted in known else known


def _named(feed: Feed, name: str) -> Way:
    return next(way for way in ways(feed) if way.name == name)


def _cheapest_first(
    feed: Feed, usable: Sequence[Way], question: Question, settings: Mapping[str, Any], client: TalonOneClient
) -> list[Offer]:
    found: list[Offer] = []
    waiting = list(usable)
    while waiting:
        way = waiting.pop()
        try:
            cost = foresee(way, question, settings, client)
        except (PermissionDeniedError, NotFoundError, BadRequestError) as error:
            log.info("%s: %s cannot be taken: %s", feed.name, way.name, error)
            continue
        found.append(Offer(way, cost))
        if cost.calls - cost.checks <= question.instants:
            break  # nothing is cheaper
    found.sort(key=lambda offer: offer.cost.seconds if offer.cost else 0.0)
    if found:
        said = ", ".join(f"{offer.way.name} {offer.cost}" for offer in found)
        log.info("%s of program %s: by %s; foreseen: %s", feed.name, question.program, found[0].way.name, said)
    return [*found, *(Offer(way) for way in reversed(waiting))] or [Offer(usable[0])]
