"""What stops a run before its first call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_talon_one.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_talon_one.sync.destination_run import Feed
    from target_talon_one.sync.row_counts import Comparison


def check_before_reading(feed: Feed, environment: str) -> None:
    """Guards that need no rows.

    Raises:
        GuardError: the sink is destructive, or the environment is another one than expected.
    """
    destination, guards = feed.destination, feed.destination.guards
    if guards.expect_environment and guards.expect_environment != environment:
        raise _stopped(
            feed,
            "expect_environment",
            f"this is the {environment} environment, and expect_environment says {guards.expect_environment}; use the "
            "key of the other one, or set environment to what this key belongs to",
            environment=environment,
        )
    if destination.sink.destructive(destination.mode) and not guards.allow_destructive:
        raise _stopped(
            feed,
            "allow_destructive",
            f"the sink {destination.sink.name} in mode {destination.mode} deletes what cannot be brought back; set "
            "allow_destructive: true if that is meant",
        )


def check(feed: Feed, found: Comparison) -> None:
    """Guards that look at what would be done.

    Raises:
        GuardError: with the figures.
    """
    for problem in problems(feed, found):
        raise problem


def problems(feed: Feed, found: Comparison) -> Iterator[GuardError]:
    """Everything that stops the run."""
    guards, difference = feed.destination.guards, found.difference
    empty = feed.figures.read == feed.figures.deleted and not feed.of_others
    if feed.destination.mirror and feed.complete is not False and empty and not guards.allow_empty:
        yield _stopped(
            feed,
            "allow_empty",
            f"the source has no row; as a mirror that removes {difference.removes:,} of {difference.known:,} rows; "
            "set allow_empty: true if that is meant",
            removes=difference.removes,
            known=difference.known,
        )
    if feed.unfiltered and not guards.allow_whole_catalog:
        yield _stopped(
            feed,
            "allow_whole_catalog",
            f"{feed.unfiltered:,} catalog rules have no filter and would hit the whole catalog; set "
            "allow_whole_catalog: true if that is meant",
            unfiltered=feed.unfiltered,
        )
    if difference.removes and feed.destination.mode in ("mirror", "upsert"):
        yield from _too_many(feed, found)
    if found.new_profiles and guards.create_profiles == "guard":
        yield _stopped(
            feed,
            "create_profiles",
            f"{found.new_profiles:,} of {difference.adds:,} profiles to add do not exist and would be created; set "
            "create_profiles: allow, skip or reject",
            new_profiles=found.new_profiles,
            adds=difference.adds,
        )


def _too_many(feed: Feed, found: Comparison) -> Iterator[GuardError]:
    guards, difference = feed.destination.guards, found.difference
    removes, known = difference.removes, difference.known
    if guards.max_deletes is not None and removes > guards.max_deletes:
        yield _stopped(
            feed,
            "max_deletes",
            f"{removes:,} of {known:,} rows would be removed, and max_deletes is {guards.max_deletes:,}",
            removes=removes,
            known=known,
        )
    if feed.destination.mirror and removes > guards.max_delete_share * known:
        yield _stopped(
            feed,
            "max_delete_share",
            f"{removes:,} of {known:,} rows ({removes / known:.1%}) would be removed, and max_delete_share is "
            f"{guards.max_delete_share:g}; look at the source, or raise it for this run",
            removes=removes,
            known=known,
        )


def _stopped(feed: Feed, guard: str, message: str, **figures: Any) -> GuardError:
    return GuardError(message, guard=guard, destination=feed.destination.name, figures=figures)


def too_many_refused(feed: Feed, *, planned: bool = False) -> str | None:
    """Say whether more rows were refused than is allowed, and why; ``planned``: nothing was sent yet."""
    destination, figures = feed.destination, feed.figures
    refused = figures.invalid + figures.rejected + figures.unknown
    limits = destination.guards
    tried = figures.read if planned else refused + figures.sent + figures.same
    share = refused / tried if tried else 0.0
    why = f" ({'; '.join(feed.reasons.lines())})"
    if limits.max_rejects is not None and refused > limits.max_rejects:
        return f"{destination.name}: {refused:,} rows were refused, and max_rejects is {limits.max_rejects:,}{why}"
    if share > limits.max_reject_share:
        limit = f"max_reject_share is {limits.max_reject_share:g}"
        return f"{destination.name}: {share:.1%} of the rows were refused, and {limit}{why}"
    return None
