"""The history of runs: when each ran, how it ended, and what it did to each destination."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_talon_one.store.database import Database
    from target_talon_one.store.tables.named_values import NamedValues

LATER_RUNS = "SELECT id FROM runs WHERE started > (SELECT started FROM runs WHERE id = ?)"
_LONGEST_ERROR = 1000
_COLUMNS = ("id", "command", "started", "ended", "status", "error")


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
