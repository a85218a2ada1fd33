"""Achievements and the progress of profiles. The Rule Engine is not emulated: a control endpoint records progress.

An attempt is in progress until it reaches the target of its achievement, or until its end, and then completed or
expired. Source: https://docs.talon.one/docs/product/campaigns/achievements/achievement-overview
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text
from talon_one_emulator.domain.account import Account, raw, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_STARTED: dict[str, Any] = {"status": "not_started", "progress": 0}
_COLUMNS = "id, created, campaign, name, title, target, starts, ends, body"
_ATTEMPT_COLUMNS = "id, achievement, profile, progress, started, completed, ends"


class Achievement(NamedTuple):
    """A row of table ``achievements``."""

    id: int
    created: int
    campaign: int
    name: str
    title: str
    target: str
    starts: int | None
    ends: int | None
    body: str

    def status(self, at: int) -> str | None:
        """Return ``active``, ``scheduled``, or None after the end."""
        if self.ends is not None and self.ends <= at:
            return None
        return "scheduled" if self.starts is not None and self.starts > at else "active"


class Attempt(NamedTuple):
    """A row of table ``achievement_progress``: one attempt of a profile at an achievement."""

    id: int
    achievement: int
    profile: int
    progress: str
    started: int
    completed: int | None
    ends: int | None

    def status(self, at: int) -> str:
        """Return ``completed``, ``expired`` or ``inprogress``."""
        if self.completed is not None:
            return "completed"
        return "expired" if self.ends is not None and self.ends <= at else "inprogress"

    def describe(self, at: int) -> dict[str, Any]:
        """Return the JSON object AchievementProgress."""
        instants = {"startDate": self.started, "completionDate": self.completed, "endDate": self.ends}
        return {
            "status": self.status(at),
            "progress": raw(self.progress),
            **{name: stamp(value) for name, value in instants.items() if value is not None},
        }


def select(account: Account, where: str, args: Sequence[Any] = ()) -> list[Achievement]:
    """Return the achievements that match an SQL condition, ordered by id."""
    rows = account.store.rows(f"SELECT {_COLUMNS} FROM achievements WHERE {where} ORDER BY id", args)  # noqa: S608
    return [Achievement(*row) for row in rows]


def attempts(account: Account, profile: int, achievement: int | None = None) -> list[Attempt]:
    """Return the attempts of a profile, at one achievement or at all, the oldest first."""
    where, args = ("profile = ?", [profile]) if achievement is None else _of(profile, achievement)
    rows = account.store.rows(
        f"SELECT {_ATTEMPT_COLUMNS} FROM achievement_progress WHERE {where} ORDER BY id",  # noqa: S608 - constants
        args,
    )
    return [Attempt(*row) for row in rows]


def _of(profile: int, achievement: int) -> tuple[str, list[int]]:
    return "profile = ? AND achievement = ?", [profile, achievement]


def current(account: Account, profile: int) -> dict[int, Attempt]:
    """Return the latest attempt of a profile by achievement, unless it has expired."""
    latest = {attempt.achievement: attempt for attempt in attempts(account, profile)}
    now = account.now()
    return {number: attempt for number, attempt in latest.items() if attempt.status(now) != "expired"}


def record(
    account: Account, profile: int, achievement: Achievement, progress: str, *, started: int | None, ends: int | None
) -> int:
    """Record the progress of a profile, and return the id of the attempt.

    The attempt in progress is continued; otherwise, or with ``started``, a new one begins. It is completed once its
    progress reaches the target.
    """
    now, db = account.now(), account.store.db
    earlier = attempts(account, profile, achievement.id)
    done = now if Decimal(progress) >= Decimal(achievement.target) else None
    if started is None and earlier and earlier[-1].status(now) == "inprogress":
        db.execute(
            "UPDATE achievement_progress SET progress = ?, completed = ? WHERE id = ?", (progress, done, earlier[-1].id)
        )
        return earlier[-1].id
    return account.store.insert(
        "achievement_progress",
        achievement=achievement.id,
        profile=profile,
        progress=progress,
        started=now if started is None else started,
        completed=done,
        ends=ends,
    )


def describe(account: Account, achievement: Achievement, attempt: Attempt | None) -> dict[str, Any]:
    """Return the JSON object AchievementStatusEntry."""
    now = account.now()
    return {
        "id": achievement.id,
        "created": stamp(achievement.created),
        "name": achievement.name,
        "title": achievement.title,
        "target": raw(achievement.target),
        **json_text.decode(achievement.body),
        **_instants(achievement, "fixedStartDate", "endDate"),
        "campaignId": achievement.campaign,
        "status": achievement.status(now),
        "currentProgress": attempt.describe(now) if attempt else NOT_STARTED,
    }


def describe_progress(account: Account, achievement: Achievement, attempt: Attempt) -> dict[str, Any]:
    """Return the JSON object AchievementProgressWithDefinition."""
    body = json_text.decode(achievement.body)
    return {
        **attempt.describe(account.now()),
        "achievementId": achievement.id,
        "name": achievement.name,
        "title": achievement.title,
        "description": body["description"],
        "campaignId": achievement.campaign,
        "target": raw(achievement.target),
        "achievementRecurrencePolicy": body["recurrencePolicy"],
        "achievementActivationPolicy": body["activationPolicy"],
        "achievementAllowRollbackAfterCompletion": body["allowRollbackAfterCompletion"],
        **_instants(achievement, "achievementFixedStartDate", "achievementEndDate"),
    }


def _instants(achievement: Achievement, start: str, end: str) -> dict[str, str]:
    given = {start: achievement.starts, end: achievement.ends}
    return {name: stamp(value) for name, value in given.items() if value is not None}
