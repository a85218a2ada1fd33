"""What a store remembers beside the rows: refused rows, runs, ids of things that were made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from talon_one_singer.redaction import redact
from target_talon_one.database import Database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not sent, and why; ``kind`` is invalid (we refused), rejected (Talon.One) or unknown."""

    stream: str
    kind: str
    op: str
    key: str | None
    fields: bytes | None
    source: str | None
    place: str
    reason: str
    server: str = ""
    status: int | None = None
    attempts: int = 0


# A key is an id, or a JSON list that holds one.
_OF_PERSON = "(key = ? OR (starts_with(key, '[') AND (contains(key, ?) OR contains(key, ?))))"
_LARGEST = 4_000_000  # characters; a larger row is in the rejects file only, and is not tried again
_LONGEST_ERROR = 1000
_REJECT_TYPES = {"status": pa.int32(), "attempts": pa.int32()}


class History(Database):
    """The small tables of a store."""

    # Rejects

    def reject(self, run: str, destination: int, rejects: Sequence[Reject]) -> None:
        """Keep rows that were not sent; an older refusal of the same row goes."""
        with self._transaction():
            keys = [one.key for one in rejects if one.key is not None and one.kind != "invalid"]
            if keys:
                self._run(
                    "DELETE FROM rejects WHERE destination = ? AND kind <> 'invalid' AND list_contains(?, key)",
                    destination,
                    keys,
                )
            names = list(Reject.__slots__)
            values: dict[str, list[Any]] = {name: [getattr(one, name) for one in rejects] for name in names}
            values["fields"] = [None if one.fields is None else one.fields.decode() for one in rejects]
            values["source"] = [None if len(one.source or "") > _LARGEST else one.source for one in rejects]
            for name in ("place", "reason", "server"):
                values[name] = list(map(redact, values[name]))
            columns = {name: pa.array(column, _REJECT_TYPES.get(name, pa.string())) for name, column in values.items()}
            self._db.register("refused", pa.table(columns))
            self._run(
                "INSERT INTO rejects SELECT ?, ?, stream, kind, op, key, fields, source, place, reason, server, status,"
                " attempts FROM refused",
                run,
                destination,
            )
            self._db.unregister("refused")

    def rejects(self, run: str | None = None) -> list[dict[str, Any]]:
        """The rows still refused, of one run or of all."""
        names = "run, destination, stream, kind, op, key, fields, source, place, reason, server, status, attempts"
        where = "" if run is None else "WHERE run = ?"
        rows = self._run(f"SELECT {names} FROM rejects {where}", *([] if run is None else [run]))
        return [dict(zip(names.split(", "), row, strict=True)) for row in rows]

    def clear_unknown(self, run: str, destination: int) -> None:
        """Somebody has looked: rows of which nobody knew may be sent again."""
        self._run(
            "UPDATE rejects SET kind = 'rejected' WHERE run = ? AND destination = ? AND kind = 'unknown'",
            run,
            destination,
        )

    def drop_invalid(self, run: str, destination: int) -> None:
        """Forget the rows that could not be mapped: they were tried again."""
        self._run("DELETE FROM rejects WHERE run = ? AND destination = ? AND kind = 'invalid'", run, destination)

    def erase(self, name: str) -> int:
        """Delete every trace of a person; how many rows went.

        Args:
            name: integration id of the profile.
        """
        part, value = json.dumps([name])[1:-1], json.dumps(name, ensure_ascii=False)
        gone = 0
        with self._transaction():
            numbers = [number for (number,) in self._run("SELECT id FROM destinations")]
            for table in [f"{kind}_{number}" for number in numbers for kind in ("sent", "changes")]:
                gone += self._count(f"DELETE FROM {table} WHERE {_OF_PERSON}", name, part, value)
            gone += self._count(
                f"DELETE FROM rejects WHERE {_OF_PERSON} OR contains(coalesce(fields, '') || coalesce(source, ''), ?)",
                *(name, part, value, value),
            )
            gone += self._count("DELETE FROM profiles WHERE name = ?", name)
            self._run("UPDATE runs SET error = NULL WHERE contains(error, ?)", name)
        return gone

    def _count(self, statement: str, *values: str) -> int:
        return int(self._run(statement, *values)[0][0])

    # Runs

    def start_run(self, run: str, command: str, started: str) -> None:
        """A run begins; those that never ended are marked as broken off."""
        with self._transaction():
            self._run("UPDATE runs SET status = 'broken off' WHERE status = 'running'")
            self._run("INSERT INTO runs VALUES (?, ?, ?, NULL, 'running', NULL)", run, redact(command), started)

    def end_run(self, run: str, ended: str, status: str, error: str | None) -> None:
        """A run has ended; what is kept of its error is redacted and has _LONGEST_ERROR characters at most."""
        words = None if error is None else redact(error)[:_LONGEST_ERROR]
        self._run("UPDATE runs SET ended = ?, status = ?, error = ? WHERE id = ?", ended, status, words, run)

    def note_figures(self, run: str, destination: int, name: str, figures: Mapping[str, Any]) -> None:
        """What a run did to a destination."""
        with self._transaction():
            self._run("DELETE FROM run_destinations WHERE run = ? AND destination = ?", run, destination)
            self._run("INSERT INTO run_destinations VALUES (?, ?, ?, ?)", run, destination, name, json.dumps(figures))

    def runs(self, run: str | None = None) -> list[dict[str, Any]]:
        """All runs, the newest first, each with its destinations; or one."""
        names = ("id", "command", "started", "ended", "status", "error")
        where = "" if run is None else "WHERE id = ?"
        rows = self._run(
            f"SELECT {', '.join(names)} FROM runs {where} ORDER BY started DESC, id DESC",
            *([] if run is None else [run]),
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        for one in found:
            parts = self._run("SELECT name, figures FROM run_destinations WHERE run = ? ORDER BY name", one["id"])
            one["destinations"] = {name: json.loads(figures) for name, figures in parts}
        return found

    # Things to remember

    def remember(self, name: str, value: str | None) -> None:
        """Keep a value under a name; None forgets it."""
        with self._transaction():
            self._run("DELETE FROM remembered WHERE name = ?", name)
            if value is not None:
                self._run("INSERT INTO remembered VALUES (?, ?)", name, value)

    def remembered(self, name: str) -> str | None:
        """The value kept under a name."""
        found = self._run("SELECT value FROM remembered WHERE name = ?", name)
        return None if not found else str(found[0][0])
