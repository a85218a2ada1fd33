"""The history of runs: when each ran, how it ended, and what it did to each destination."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from target_talon_one.store.database import Database
    from target_talon_one.store.tables.named_values import NamedValues

LATER_RUNS = "SELECT id FROM runs WHERE started > (SELECT started FROM runs WHERE id = ?)"
_LONGEST_ERROR = 1000
_KEPT = "changes are logged"  # name of the value
_NOW = "strftime(now() AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
_ROWS_AT_ONCE = 20_000
_LOGGED = (
    *("run_id", "sync", "row_key", "operation", "outcome", "kind", "reason", "answer", "origin", "http_status"),
    "noted_at",
)
_COLUMNS = ("id", "command", "started", "ended", "status", "error")


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by time."""
    return f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


class RunHistory:
    """The runs that used this store."""

    def __init__(self, database: Database, values: NamedValues) -> None:
        self._database, self._values = database, values

    def start(self, run: str, command: str, started: str) -> None:
        """Add a run, and mark those that never ended as broken off."""
        with self._database.transaction():
            self._database.run("UPDATE runs SET status = 'broken off' WHERE status = 'running'")
            self._database.run(
                "INSERT INTO runs VALUES (?, ?, ?, NULL, 'running', NULL)", run, redact(command), started
            )

    def end(self, run: str, ended: str, status: str, error: str | None) -> None:
        """Note how a run ended; its error is redacted and cut to _LONGEST_ERROR characters."""
        text = None if error is None else redact(error)[:_LONGEST_ERROR]
        self._database.run("UPDATE runs SET ended = ?, status = ?, error = ? WHERE id = ?", ended, status, text, run)

    def mark_broken_off(self) -> None:
        """Mark runs that never ended as broken off; no other process may be using the store."""
        self._database.run("UPDATE runs SET status = 'broken off' WHERE status = 'running'")

    def note_acknowledged(self, destination: int, acknowledged: int) -> None:
        """Add rows to the counts of the last run, if it ended before it could count them.

        Its refused rows are counted, too. How many requests it has sent is unknown: null.
        """
        found = self._database.run(
            "SELECT run, name, figures FROM run_destinations WHERE destination = ? AND run = "
            "(SELECT max_by(id, started) FROM runs) AND run IN "
            "(SELECT id FROM runs WHERE status IN ('running', 'broken off'))",
            destination,
        )
        if not found or not acknowledged:
            return
        ((run, name, text),) = found
        counts = json.loads(text)
        refused = dict(
            self._database.run(
                "SELECT kind, count(*) FROM rejects WHERE run = ? AND destination = ? GROUP BY kind", run, destination
            )
        )
        counts |= {kind: max(counts[kind], refused.get(kind, 0)) for kind in ("rejected", "unknown")}
        counts["sent"] += acknowledged
        changes = counts["adds"] + counts["updates"] + counts["removes"]
        counts["to_do"] = max(0, changes - counts["sent"] - counts["rejected"] - counts["unknown"])
        self.note_counts(run, destination, name, counts | {"requests": None})

    def note_counts(self, run: str, destination: int, name: str, counts: Mapping[str, Any]) -> None:
        """Note what a run did to a destination."""
        with self._database.transaction():
            self._database.run("DELETE FROM run_destinations WHERE run = ? AND destination = ?", run, destination)
            self._database.run(
                "INSERT INTO run_destinations VALUES (?, ?, ?, ?)", run, destination, name, json.dumps(counts)
            )

    def find(self, run: str | None = None) -> list[dict[str, Any]]:
        """Return one run or all, the newest first, each with its destinations."""
        where = "" if run is None else "WHERE id = ?"
        rows = self._database.run(
            f"SELECT {', '.join(_COLUMNS)} FROM runs {where} ORDER BY started DESC, id DESC",
            *([] if run is None else [run]),
        )
        found = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        for one in found:
            counts = self._database.run(
                "SELECT name, figures FROM run_destinations WHERE run = ? ORDER BY name", one["id"]
            )
            one["destinations"] = {name: json.loads(text) for name, text in counts}
        return found

    def note_complete_source(self, run: str, destination: int) -> None:
        """Note that a run has read the complete source of a destination."""
        self._values.set(f"complete {destination}", run)

    def source_was_read_after(self, run: str, destination: int) -> bool:
        """Return whether a later run has read the complete source of a destination."""
        last = self._values.get(f"complete {destination}")
        return bool(self._database.run(f"SELECT 1 WHERE ? IN ({LATER_RUNS})", last, run))


class Writers:
    """Which sync has written to a destination last, by its name.

    Args:
        database: holds the history of runs, which says it for stores of earlier versions.
        values: remember the name.
    """

    def __init__(self, database: Database, values: NamedValues) -> None:
        self._database, self._values = database, values

    def note(self, destination: int, name: str) -> None:
        """Note that a sync writes to a destination."""
        if self._values.get(f"writer {destination}") != name:
            self._values.set(f"writer {destination}", name)

    def last(self, destination: int) -> str | None:
        """Return the name of the sync that has written to a destination last, or None if it is not known."""
        noted = self._values.get(f"writer {destination}")
        if noted is not None:
            return noted
        found = self._database.run(
            "SELECT d.name FROM run_destinations AS d JOIN runs AS r ON r.id = d.run WHERE d.destination = ? "
            "AND json_extract_string(d.figures, '$.sent')::BIGINT > 0 ORDER BY r.started DESC LIMIT 1",
            destination,
        )
        return found[0][0] if found else None


class ChangeLog:
    """What happened to rows, from the moment it happens until a warehouse has it.

    Args:
        database: holds it.
        values: remember whether it is kept, so that it is kept for a killed run, too, which the next one completes.
        runs: the history of the runs.
    """

    def __init__(self, database: Database, values: NamedValues, runs: RunHistory) -> None:
        self._database, self._values, self._runs = database, values, runs

    def keep(self, *, on: bool) -> None:
        """Keep what happens from now on, or do not."""
        if on != self._is_kept():
            self._values.set(_KEPT, "yes" if on else None)

    def note_acknowledged(self, destination: int, changes: str) -> None:
        """Note changes of the last run that Talon.One has acknowledged; ``changes`` is a SELECT of them."""
        if self._is_kept():
            self._database.run(
                "INSERT INTO unlogged SELECT coalesce((SELECT max_by(id, started) FROM runs), ''), ?, op, key, "
                f"'acknowledged', NULL, NULL, NULL, NULL, NULL, {_NOW} FROM ({changes})",
                destination,
            )

    def note_refused(self, run: str, destination: int, refused: str) -> None:
        """Note the rows of a table of rejects."""
        if self._is_kept():
            self._database.run(
                "INSERT INTO unlogged SELECT ?, ?, op, coalesce(key, origin), 'refused', kind, reason, server, origin, "
                f"status, {_NOW} FROM {refused}",
                run,
                destination,
            )

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs as rows of a table."""
        return [
            {
                "run_id": one["id"],
                "command": one["command"],
                "status": one["status"],
                "error": one["error"],
                "started_at": one["started"],
                "ended_at": one["ended"],
                "syncs": one["destinations"],
            }
            for one in self._runs.find()
        ]

    def changes(self) -> Iterator[list[dict[str, Any]]]:
        """Yield what was noted as rows of a table, in lists."""
        statement = (
            "SELECT u.run, d.name, u.key, u.op, u.outcome, u.kind, u.reason, u.server, u.place, u.status, u.noted "
            "FROM unlogged AS u JOIN destinations AS d ON d.id = u.destination"
        )
        for rows in self._database.stream(statement, _ROWS_AT_ONCE):
            yield [dict(zip(_LOGGED, row, strict=True)) for row in rows]

    def forget(self) -> None:
        """Drop what was noted, because a warehouse has it."""
        self._database.run("DELETE FROM unlogged")

    def _is_kept(self) -> bool:
        return self._values.get(_KEPT) is not None
