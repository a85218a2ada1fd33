"""The rejects of a store: rows that were refused, until they are sent or something newer supersedes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from talon_one_singer.reporting.redaction import redact
from target_talon_one.store.tables.runs import LATER_RUNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.store.database import Database
    from target_talon_one.store.tables.runs import ChangeLog, RunHistory


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was refused, and why.

    Attributes:
        stream: name of the stream.
        kind: ``invalid`` (the row could not be mapped), ``unreadable`` (the line is not a row), ``rejected`` (Talon.One
            refused it) or ``unknown`` (Talon.One may have received it).
        op: add, update or remove; empty for a row that was not compared.
        key: key of the row, None if it cannot be read.
        fields: the mapped row as JSON.
        source: the row of the source as JSON.
        origin: where the row came from.
        reason: why it was refused.
        server: what Talon.One answered.
        status: HTTP status of that answer.
        attempts: how often the request was tried.
    """

    stream: str
    kind: str
    op: str
    key: str | None
    fields: bytes | None
    source: str | None
    origin: str
    reason: str
    server: str = ""
    status: int | None = None
    attempts: int = 0


Reason = Literal["sent", "found", "removed", "refused", "in_source", "absent", "unreadable"]
_UNKNOWN = "destination = ? AND kind = 'unknown' AND op <> 'remove'"
_LARGEST = 4_000_000  # characters; a larger row is in the rejects file only, and is not sent again
_COLUMNS = "run, destination, stream, kind, op, key, fields, source, place, reason, server, status, attempts"
_TYPES = {"status": pa.int32(), "attempts": pa.int32()}


def too_large(reject: Reject) -> bool:
    """Return whether the row's text is too large for the store; a rejects file holds it, unless it is masked."""
    return len(reject.source or "") > _LARGEST


class Rejects:
    """The rejects of all runs.

    Args:
        database: holds them.
        runs: knows which run came later.
        log: gets what was refused.
    """

    def __init__(self, database: Database, runs: RunHistory, log: ChangeLog) -> None:
        self._database, self._runs, self._log = database, runs, log

    def add(self, run: str, destination: int, rejects: Sequence[Reject]) -> None:
        """Keep refused rows; each replaces the older reject of the same row."""
        newest = {one.key: one for one in rejects if one.key is not None}
        rejects = [one for one in rejects if one.key is None or newest[one.key] is one]
        with self._database.transaction(), self._database.registered("refused", _table_of(rejects)):
            # An unknown row stays unknown until it was sent or looked up: an invalid one does not replace it.
            older = (
                f"destination = {destination} AND key IN (SELECT key FROM refused WHERE kind <> 'invalid' "
                "OR rejects.kind <> 'unknown')"
            )
            self._count_superseded("refused", f"{older} AND run <> ?", run)
            self._database.run(f"DELETE FROM rejects WHERE {older}")
            self._database.run(
                f"INSERT INTO rejects ({_COLUMNS}) SELECT ?, ?, stream, kind, op, key, fields, source, origin, reason, "
                "server, status, attempts FROM refused",
                run,
                destination,
            )
            self._log.note_refused(run, destination, "refused")

    def find(self, run: str | None = None) -> list[dict[str, Any]]:
        """Return the rows that are still refused, of one run or of all."""
        where = "" if run is None else "WHERE run = ?"
        rows = self._database.run(f"SELECT {_COLUMNS} FROM rejects {where}", *([] if run is None else [run]))
        return [dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in rows]

    def samples(self, run: str, most: int) -> list[dict[str, Any]]:
        """Return up to ``most`` rows of each stream that a run has refused: stream, kind, op, key, place and reason."""
        names = ("stream", "kind", "op", "key", "place", "reason")
        rows = self._database.run(
            f"SELECT {', '.join(names)} FROM rejects WHERE run = ? "
            "QUALIFY row_number() OVER (PARTITION BY stream ORDER BY place, key) <= ?",
            run,
            most,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def unknown(self, destination: int) -> dict[str, bytes]:
        """Return the fields of the rows that Talon.One may have received, by key."""
        rows = self._database.run(f"SELECT key, fields FROM rejects WHERE {_UNKNOWN}", destination)
        return {key: fields.encode() for key, fields in rows}

    def unknown_since(self, destination: int) -> str:
        """Return when the first run with a row that Talon.One may have received was started, in RFC 3339."""
        found = self._database.run(
            f"SELECT min(started) FROM runs WHERE id IN (SELECT run FROM rejects WHERE {_UNKNOWN})", destination
        )
        return str(found[0][0] or "1970-01-01T00:00:00Z")

    def keys_refused_after(self, run: str, destination: int) -> set[str]:
        """Return the keys of rows that later runs have refused."""
        found = self._database.run(
            f"SELECT DISTINCT key FROM rejects WHERE destination = ? AND run IN ({LATER_RUNS})", destination, run
        )
        return {key for (key,) in found if key is not None}

    def release_unknown(self, run: str, destination: int) -> None:
        """Allow the unknown rows of a run to be sent again, because the user asked for a retry."""
        self._database.run(
            "UPDATE rejects SET kind = 'rejected' WHERE run = ? AND destination = ? AND kind = 'unknown'",
            run,
            destination,
        )

    def drop_resent(self, destination: int, keys: str) -> None:
        """Remove rejects of rows that were sent again; ``keys`` is a SELECT of their keys."""
        where = f"destination = {destination} AND kind <> 'invalid' AND key IN ({keys})"
        self._count_superseded("refused", where)
        self._database.run(f"DELETE FROM rejects WHERE {where}")

    def drop_invalid(self, run: str, destination: int) -> None:
        """Remove the rows of a run that could not be mapped, because they were mapped again."""
        self._database.run(
            "DELETE FROM rejects WHERE run = ? AND destination = ? AND kind = 'invalid'", run, destination
        )

    def superseded(self, run: str) -> dict[Reason, int]:
        """Return how many rejects of a run were superseded, by what came later."""
        return dict(
            self._database.run("SELECT reason, sum(rows)::BIGINT FROM overtaken WHERE run = ? GROUP BY reason", run)
        )

    def supersede(self, destination: int, reason: Reason, keys: str) -> None:
        """Remove the rejects of rows that came later, and count them by run.

        Args:
            destination: its number.
            reason: what came later.
            keys: a SELECT of the keys of those rows.
        """
        where = f"destination = {destination} AND key IN ({keys})"
        if reason in ("in_source", "absent"):
            where += " AND kind <> 'unknown'"
        self._count_superseded(reason, where)
        self._database.run(f"DELETE FROM rejects WHERE {where}")

    def supersede_by_source(self, run: str, destination: int, *, complete: bool, mirror: bool) -> None:
        """Remove the rejects of earlier runs about which the source of this run says something newer.

        Args:
            run: the run that has read the source.
            destination: its number.
            complete: the complete source was read, so that a row that is not in it has left it.
            mirror: such a row is not wanted at the destination.
        """
        with self._database.transaction():
            if self.any(destination, "run <> ?", run):
                read = f"SELECT key FROM staged_{destination} WHERE seq >= 0"
                unchanged = f"SELECT key FROM unchanged_{destination}"
                self.supersede(destination, "in_source", f"{read} UNION ALL {unchanged}")
                self.supersede(destination, "removed", f"SELECT key FROM deleted_{destination}")
                if complete and mirror:
                    present = f"SELECT key FROM staged_{destination} UNION ALL SELECT key FROM kept_{destination}"
                    absent = "SELECT key FROM rejects WHERE destination = {} AND run <> '{}' AND key NOT IN ({})"
                    self.supersede(destination, "absent", absent.format(destination, run, present))
        if complete:
            self._runs.note_complete_source(run, destination)

    def any(self, destination: int, where: str = "true", *values: Any) -> bool:
        """Return whether a destination has rejects, of those that a condition selects."""
        statement = f"SELECT 1 FROM rejects WHERE destination = {destination} AND {where} LIMIT 1"
        return bool(self._database.run(statement, *values))

    def _count_superseded(self, reason: Reason, where: str, *values: Any) -> None:
        self._database.run(
            f"INSERT INTO overtaken SELECT run, destination, '{reason}', count(*) FROM rejects "
            f"WHERE {where} GROUP BY run, destination",
            *values,
        )


def _table_of(rejects: Sequence[Reject]) -> pa.Table:
    names = list(Reject.__slots__)
    values: dict[str, list[Any]] = {name: [getattr(one, name) for one in rejects] for name in names}
    values["fields"] = [None if one.fields is None else one.fields.decode() for one in rejects]
    values["source"] = [None if too_large(one) else one.source for one in rejects]
    for name in ("origin", "reason", "server"):
        values[name] = list(map(redact, values[name]))
    return pa.table({name: pa.array(column, _TYPES.get(name, pa.string())) for name, column in values.items()})
