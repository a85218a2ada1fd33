"""What a store remembers beside the rows: refused rows, runs, ids of things that were made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa

from talon_one_singer.reporting.redaction import redact
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.database import Database
from target_talon_one.sync.personal_data import Person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.sinks.table import SinkType


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not sent, and why.

    Its ``kind`` is invalid (we refused it), unreadable (a line that is no row), rejected (by Talon.One) or unknown.
    """

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


Reason = Literal["sent", "removed", "refused", "in_source", "absent", "unreadable"]
_LARGEST = 4_000_000  # characters; a larger row is in the rejects file only, and is not tried again
_LONGEST_ERROR = 1000
_REJECT = "run, destination, stream, kind, op, key, fields, source, place, reason, server, status, attempts"
_LATER = "SELECT id FROM runs WHERE started > (SELECT started FROM runs WHERE id = ?)"
_REJECT_TYPES = {"status": pa.int32(), "attempts": pa.int32()}


def too_large(reject: Reject) -> bool:
    """Whether the row's text is too large for the store; a rejects file does, unless it is masked."""
    return len(reject.source or "") > _LARGEST


def _table_of(rejects: Sequence[Reject]) -> pa.Table:
    names = list(Reject.__slots__)
    values: dict[str, list[Any]] = {name: [getattr(one, name) for one in rejects] for name in names}
    values["fields"] = [None if one.fields is None else one.fields.decode() for one in rejects]
    values["source"] = [None if too_large(one) else one.source for one in rejects]
    for name in ("place", "reason", "server"):
        values[name] = list(map(redact, values[name]))
    return pa.table({name: pa.array(column, _REJECT_TYPES.get(name, pa.string())) for name, column in values.items()})


class History(Database):
    """The small tables of a store."""

    # Rejects

    def reject(self, run: str, destination: int, rejects: Sequence[Reject]) -> None:
        """Keep rows that were not sent; an older refusal of the same row goes."""
        newest = {one.key: one for one in rejects if one.key is not None}
        rejects = [one for one in rejects if one.key is None or newest[one.key] is one]
        with self._transaction():
            self._db.register("refused", _table_of(rejects))
            # A row of which nobody knows stays that until somebody has looked or it was sent.
            older = (
                f"destination = {destination} AND key IN (SELECT key FROM refused WHERE kind <> 'invalid' "
                "OR rejects.kind <> 'unknown')"
            )
            self._count_overtaken("refused", f"{older} AND run <> ?", run)
            self._run(f"DELETE FROM rejects WHERE {older}")
            self._run(
                f"INSERT INTO rejects ({_REJECT}) SELECT ?, ?, stream, kind, op, key, fields, source, place, reason, "
                "server, status, attempts FROM refused",
                run,
                destination,
            )
            self._db.unregister("refused")

    def _count_overtaken(self, reason: Reason, where: str, *values: Any) -> None:
        self._run(
            f"INSERT INTO overtaken SELECT run, destination, '{reason}', count(*) FROM rejects "
            f"WHERE {where} GROUP BY run, destination",
            *values,
        )

    def overtake(self, destination: int, reason: Reason, keys: str) -> None:
        """Forget what was refused of rows that came later, and count it by run.

        Args:
            destination: its number.
            reason: what came later.
            keys: a SELECT of the keys of those rows.
        """
        where = f"destination = {destination} AND key IN ({keys})"
        if reason in ("in_source", "absent"):
            where += " AND kind <> 'unknown'"
        self._count_overtaken(reason, where)
        self._run(f"DELETE FROM rejects WHERE {where}")

    def overtaken(self, run: str) -> dict[Reason, int]:
        """How many rows that a run left refused were overtaken, by what came later."""
        return dict(self._run("SELECT reason, sum(rows)::BIGINT FROM overtaken WHERE run = ? GROUP BY reason", run))

    def refused_after(self, destination: int, run: str) -> set[str]:
        """Keys of rows that later runs have refused."""
        found = self._run(
            f"SELECT DISTINCT key FROM rejects WHERE destination = ? AND run IN ({_LATER})", destination, run
        )
        return {key for (key,) in found if key is not None}

    def note_complete(self, destination: int, run: str) -> None:
        """A run has read the whole source of a destination."""
        self.remember(f"complete {destination}", run)

    def was_read_after(self, destination: int, run: str) -> bool:
        """Whether a later run has read the whole source of a destination."""
        last = self.remembered(f"complete {destination}")
        return bool(self._run(f"SELECT 1 WHERE ? IN ({_LATER})", last, run))

    def rejects(self, run: str | None = None) -> list[dict[str, Any]]:
        """The rows still refused, of one run or of all."""
        names = _REJECT
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

    def sinks(self) -> dict[str, SinkType]:
        """The sink of each destination by its name."""
        found = self._run("SELECT name, identity FROM destinations ORDER BY id")
        return {name: sink for name, identity in found if (sink := _sink_of(identity))}

    def erase(self, name: str) -> int:
        """Delete every trace of a person; how many rows went.

        Args:
            name: integration id of the profile.
        """
        person, gone = Person(name), 0
        with self._transaction():
            for number, identity in self._run("SELECT id, identity FROM destinations"):
                sink = _sink_of(identity)
                for kind in ("sent", "changes"):
                    gone += self._erase_keys(f"{kind}_{number}", person, sink)
                gone += self._erase_rejects(number, person, sink)
            gone += self._count("DELETE FROM profiles WHERE name = ?", name)
            for run, error in self._run("SELECT id, error FROM runs WHERE contains(error, ?)", name):
                if person.mentioned_in(error):
                    self._run("UPDATE runs SET error = NULL WHERE id = ?", run)
        return gone

    def _erase_keys(self, table: str, person: Person, sink: SinkType | None) -> int:
        if sink is not None and len(sink.key) == 1:
            theirs = person.has_key(person.name, sink)
            return self._count(f"DELETE FROM {table} WHERE key = ?", person.name) if theirs else 0
        part = msgspec.json.encode(person.name)[1:-1].decode()
        found = self._run(f"SELECT DISTINCT key FROM {table} WHERE contains(key, ?)", part)
        keys = [key for (key,) in found if person.has_key(key, sink)]
        return self._count(f"DELETE FROM {table} WHERE list_contains(?, key)", keys) if keys else 0

    def _erase_rejects(self, destination: int, person: Person, sink: SinkType | None) -> int:
        """Delete their refused rows; in the words about rows of others their id is blotted out."""
        spellings = {person.name, *(json.dumps(person.name, ensure_ascii=one)[1:-1] for one in (True, False))}
        row = "concat_ws(chr(10), key, fields, source, reason, server)"
        found = self._run(
            "SELECT rowid, key, fields, source, reason, server FROM rejects WHERE destination = ? AND "
            f"(contains({row}, ?) OR contains({row}, ?) OR contains({row}, ?) OR contains({row}, '\\u'))",
            *(destination, *(sorted(spellings) * 3)[:3]),
        )
        theirs = []
        for rowid, key, fields, source, reason, server in found:
            if person.has_key(key, sink) or person.has_row(fields) or person.has_row(source):
                theirs.append(rowid)
            elif person.mentioned_in(f"{reason}\n{server}"):
                words = [person.without_mentions(reason or ""), person.without_mentions(server or "")]
                self._run("UPDATE rejects SET reason = ?, server = ? WHERE rowid = ?", *words, rowid)
        return self._count("DELETE FROM rejects WHERE list_contains(?, rowid)", theirs) if theirs else 0

    def _count(self, statement: str, *values: Any) -> int:
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


def _sink_of(identity: str) -> SinkType | None:
    """The sink of a destination; None for one of another version."""
    try:
        return SINKS.get(json.loads(identity)[1])
    except (ValueError, LookupError, TypeError):
        return None
