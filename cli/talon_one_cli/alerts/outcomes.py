"""What a run of a sync or load did, what of it needs a person, and both in Markdown for chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talon_one_singer.errors import lines_of
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.printable import printable
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_cli.alerts.settings import Alerts

_MOST_LINES, _MOST_CHARACTERS = 5, 400


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one sync, or a load, did.

    Attributes:
        name: of the sync; ``load`` for a load.
        alerts: who is informed of what.
        seconds: duration of its run.
        counts: rows and requests by what they are, in the order in which they are shown.
        read: rows of the source; None: unknown, because the run ended before they were read.
        refused: rows that were refused.
        reasons: why rows were refused, without values, and how many rows each.
        error: lines of the error that ended the run.
        drift: what a verification found, if it found drift.
    """

    name: str
    alerts: Alerts
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)
    read: int | None = None
    refused: int = 0
    reasons: Sequence[tuple[str, int]] = ()
    error: Sequence[str] = ()
    drift: str = ""


def error_lines(error: Exception) -> list[str]:
    """Return the lines of an error without values of rows; that of a bug names its class."""
    from talon_one_cli.command import EXPECTED

    return lines_of(error, values=False) if isinstance(error, EXPECTED) else [f"{type(error).__name__}: {error}"]


def problems(one: Outcome) -> Iterator[str]:
    """Yield in Markdown what of an outcome needs a person."""
    wanted = one.alerts
    if wanted.failure and one.error:
        more = len(one.error) - _MOST_LINES
        lines = [_code(line) for line in one.error[:_MOST_LINES]] + [f"and {more:,} more lines"] * (more > 0)
        yield f"failed: {'; '.join(lines)}"
    rows = max(one.read or 0, one.refused)
    if wanted.refused_share is not None and one.refused > wanted.refused_share * rows:
        share = f"{one.refused / rows:.1%}, more than {wanted.refused_share:.1%}"
        yield f"refused: {one.refused:,} of {counted(rows, 'row')}, {share}"
    if wanted.duration_s is not None and one.seconds > wanted.duration_s:
        yield f"slow: {one.seconds:,.0f} s, more than {wanted.duration_s:,g} s"
    if wanted.empty_source and one.read == 0:
        yield "empty: the source has no rows"
    if wanted.drift and one.drift:
        yield f"drift: {one.drift}"


def markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the summary of outcomes in Markdown: a heading, the problems and the counts of each."""
    return "\n\n".join(_section(one) for one in outcomes)


def _section(one: Outcome) -> str:
    lines = [f"**{_plain(one.name)}**", *(f"- {text}" for text in problems(one))]
    if one.counts:
        lines.append(f"- {', '.join(f'{count:,} {name}' for name, count in one.counts.items())}, {one.seconds:,.1f} s")
    lines += [f"- {counted(count, 'row')} refused: {_code(reason)}" for reason, count in one.reasons]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return a name without what Markdown or a chat would take for markup."""
    return "".join(c for c in printable(redact(text)) if c.isalnum() or c in " ._-/")


def _code(text: str) -> str:
    """Return a text of somebody else as code, so that it can neither format the message nor mention anybody."""
    shown = printable(redact(text)).replace("`", "'")
    return f"`{shown[:_MOST_CHARACTERS]}{'…' * (len(shown) > _MOST_CHARACTERS)}`"
