"""Guards: limits that stop a run before its first call, or fail it because of refused rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_singer.reporting.amounts import counted
from target_talon_one.errors import GuardError, IncompleteError, TooManyRefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from target_talon_one.store.tables.changes import Difference
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.row_counts import Comparison


def check_before_reading(destination: DestinationRun, environment: str) -> None:
    """Check the guards that need no rows.

    Raises:
        GuardError: the sink is destructive, or the environment is not the expected one.
    """
    config, guards = destination.config, destination.config.guards
    if guards.expect_environment and guards.expect_environment != environment:
        raise _stopped(
            destination,
            "expect_environment",
            f"the environment is {environment}, but expect_environment is {guards.expect_environment}; use a key of "
            "the expected environment, or set environment to the one that this key belongs to",
            environment=environment,
        )
    if config.sink.destructive(config.mode) and not guards.allow_destructive:
        raise _stopped(
            destination,
            "allow_destructive",
            f"the sink {config.sink.name} in mode {config.mode} deletes what cannot be restored; set "
            "allow_destructive: true if that is intended",
        )


def check(compared: Iterable[tuple[DestinationRun, Comparison]]) -> None:
    """Check the guards that depend on what is to be done at each destination.

    Raises:
        GuardError: the first guard that stops the run, with its figures.
    """
    for destination, found in compared:
        for problem in problems(destination, found):
            raise problem


def problems(destination: DestinationRun, found: Comparison) -> Iterator[GuardError]:
    """Yield an error for each guard that stops the run."""
    guards, difference = destination.config.guards, found.difference
    empty = destination.counts.read == destination.counts.deleted and not destination.of_other_shards
    if destination.removes_absent and empty and not guards.allow_empty:
        yield _stopped(
            destination,
            "allow_empty",
            f"{_emptied(difference)}; set allow_empty: true if that is intended",
            removes=difference.removes,
            known=difference.known,
        )
    if destination.unfiltered and not guards.allow_whole_catalog:
        yield _stopped(
            destination,
            "allow_whole_catalog",
            f"{destination.unfiltered:,} catalog rules have no filter and would change the whole catalog; set "
            "allow_whole_catalog: true if that is intended",
            unfiltered=destination.unfiltered,
        )
    if destination.config.sink.replaces and difference.changes:
        yield from _not_replaceable(destination, difference)
    if difference.removes and destination.config.mode in ("mirror", "upsert"):
        yield from _too_many(destination, found)
    if found.new_profiles and destination.config.sink.creates_profiles and guards.create_profiles == "guard":
        yield _stopped(
            destination,
            "create_profiles",
            f"{found.new_profiles:,} of {counted(difference.adds, 'profile')} to add do not exist and would be created"
            "; set create_profiles: allow, skip or reject",
            new_profiles=found.new_profiles,
            adds=difference.adds,
        )


def _emptied(difference: Difference) -> str:
    if not difference.known:
        return "the source has no rows, and no row was sent before"
    removed = f"{difference.removes:,} of {counted(difference.known, 'row')}"
    return f"the source has no rows, so the mirror would remove {removed}"


def _not_replaceable(destination: DestinationRun, difference: Difference) -> Iterator[GuardError]:
    """Yield why a destination must not be replaced by the rows of its source."""
    rows = difference.adds + difference.updates + difference.same
    most = destination.config.sink.rows_per_request(destination.config.mode)
    if not destination.removes_absent:
        yield _stopped(
            destination,
            "complete_source",
            "the source was not read to its end, and what it does not have would be removed; correct the lines that "
            "cannot be read, and push again",
        )
    if rows > most:
        yield _stopped(
            destination,
            "largest_file",
            f"the source has {counted(rows, 'row')}, and Talon.One takes {most:,}; select fewer rows",
            rows=rows,
        )


def _too_many(destination: DestinationRun, found: Comparison) -> Iterator[GuardError]:
    guards, difference = destination.config.guards, found.difference
    removes, known = difference.removes, difference.known
    if guards.max_deletes is not None and removes > guards.max_deletes:
        yield _stopped(
            destination,
            "max_deletes",
            f"{removes:,} of {counted(known, 'row')} would be removed, and max_deletes is {guards.max_deletes:,}; "
            "check the source, or raise max_deletes for this run",
            removes=removes,
            known=known,
        )
    if destination.config.mirror and removes > guards.max_delete_share * known:
        yield _stopped(
            destination,
            "max_delete_share",
            f"{removes:,} of {counted(known, 'row')} ({removes / known:.1%}) would be removed, and max_delete_share is "
            f"{guards.max_delete_share:g}; check the source, or raise max_delete_share for this run",
            removes=removes,
            known=known,
        )


def _stopped(destination: DestinationRun, guard: str, message: str, **figures: Any) -> GuardError:
    return GuardError(message, guard=guard, destination=destination.config.name, figures=figures)


def incomplete(destinations: Iterable[DestinationRun]) -> tuple[str, ...]:
    """Return the names of the destinations with rows to do, or with more refused rows than allowed."""
    return tuple(one.config.name for one in destinations if one.counts.to_do or too_many_refused(one))


class TooMany(NamedTuple):
    """Why a run fails because of refused rows.

    Attributes:
        brief: without the reasons why the rows were refused.
        why: these reasons.
    """

    brief: str
    why: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.brief} ({'; '.join(self.why)})" if self.why else self.brief


def check_refused(destinations: Collection[DestinationRun], rejects: str) -> None:
    """Check how many rows were refused; ``rejects``: where they are kept.

    Raises:
        TooManyRefusedError: more than is allowed.
        IncompleteError: and Talon.One may have received some of them.
    """
    problems = [problem for one in destinations if (problem := too_many_refused(one))]
    if problems:
        end = f"; see {rejects}"
        unknown = any(one.counts.unknown for one in destinations)
        kind = IncompleteError if unknown else TooManyRefusedError  # rows without an answer may be accepted now
        raise kind(*(f"{one}{end}" for one in problems), brief=[f"{one.brief}{end}" for one in problems])


def check_refused_before_sending(destinations: Iterable[DestinationRun]) -> None:
    """Check how many rows were refused before anything is sent.

    Raises:
        TooManyRefusedError: more than is allowed.
    """
    problems = [problem for one in destinations if (problem := too_many_refused(one, planned=True))]
    if problems:
        raise TooManyRefusedError(*map(str, problems), brief=[one.brief for one in problems])


def too_many_refused(destination: DestinationRun, *, planned: bool = False) -> TooMany | None:
    """Return why a run fails because of refused or unknown rows, or None; ``planned``: nothing was sent yet."""
    if destination.unknown_left and not destination.replayed:
        return TooMany(
            f"{destination.config.name}: the answer to {counted(destination.unknown_left, 'row')} of an earlier run "
            "was lost, and they were not found at Talon.One; talon-one retry RUN looks once more and sends what is "
            "missing (talon-one runs shows the run)"
        )
    config, counts = destination.config, destination.counts
    refused = counts.invalid + counts.rejected + counts.unknown
    limits = config.guards
    tried = counts.read if planned else refused + counts.sent + counts.same
    share = refused / tried if tried else 0.0
    why = destination.reasons.lines()
    if limits.max_rejects is not None and refused > limits.max_rejects:
        limit = f"max_rejects is {limits.max_rejects:,}"
        return TooMany(f"{config.name}: {counted(refused, 'row was', 'rows were')} refused, and {limit}", why)
    if share > limits.max_reject_share:
        limit = f"max_reject_share is {limits.max_reject_share:g}"
        return TooMany(f"{config.name}: {share:.1%} of the rows were refused, and {limit}", why)
    return None
