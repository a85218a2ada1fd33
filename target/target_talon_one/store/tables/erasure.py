"""Deletes every trace of one person from a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from target_talon_one.store.tables.destinations import sink_of
from target_talon_one.store.tables.personal_data import Person

if TYPE_CHECKING:
    from target_talon_one.sinks.sink_type import SinkType
    from target_talon_one.store.database import Database


def erase_person(database: Database, integration_id: str) -> int:
    """Delete every trace of a person and return the number of deleted rows.

    Args:
        database: of the store.
        integration_id: integration id of the profile, or identifier of the loyalty card.
    """
    person, deleted = Person(integration_id), 0
    with database.transaction():
        for number, identity in database.run("SELECT id, identity FROM destinations"):
            sink = sink_of(identity)
            for kind in ("sent", "changes"):
                deleted += _erase_keys(database, f"{kind}_{number}", person, sink)
            deleted += _erase_rejects(database, number, person, sink)
            _erase_keys(database, "unlogged", person, sink)
        deleted += database.count("DELETE FROM profiles WHERE name = ?", integration_id)
        texts = "concat_ws(chr(10), reason, server)"
        database.run(
            f"UPDATE unlogged SET reason = NULL, server = NULL WHERE {_contains(texts, person)}", *person.spellings
        )
        found = f"SELECT id, error FROM runs WHERE {_contains('error', person)}"
        for run, error in database.run(found, *person.spellings):
            if person.mentioned_in(error):
                database.run("UPDATE runs SET error = NULL WHERE id = ?", run)
    return deleted


def _contains(text: str, person: Person) -> str:
    """Return the condition that an SQL expression contains the id in one of its spellings, which are the parameters."""
    return "(" + " OR ".join(f"contains({text}, ?)" for _ in person.spellings) + ")"


def _erase_keys(database: Database, table: str, person: Person, sink: SinkType | None) -> int:
    if sink is not None and len(sink.key) == 1:
        theirs = person.has_key(person.name, sink)
        return database.count(f"DELETE FROM {table} WHERE key = ?", person.name) if theirs else 0
    part = msgspec.json.encode(person.name)[1:-1].decode()
    found = database.run(f"SELECT DISTINCT key FROM {table} WHERE contains(key, ?)", part)
    keys = [key for (key,) in found if person.has_key(key, sink)]
    return database.count(f"DELETE FROM {table} WHERE list_contains(?, key)", keys) if keys else 0


def _erase_rejects(database: Database, destination: int, person: Person, sink: SinkType | None) -> int:
    """Delete the person's refused rows, and replace the id in messages about the rows of others."""
    row = "concat_ws(chr(10), key, fields, source, reason, server)"
    found = database.run(
        "SELECT rowid, key, fields, source, reason, server FROM rejects WHERE destination = ? AND "
        f"({_contains(row, person)} OR contains({row}, '\\u'))",
        destination,
        *person.spellings,
    )
    theirs = []
    for rowid, key, fields, source, reason, server in found:
        if person.has_key(key, sink) or person.has_row(fields) or person.has_row(source):
            theirs.append(rowid)
        elif person.mentioned_in(f"{reason}\n{server}"):
            texts = [person.without_mentions(reason or ""), person.without_mentions(server or "")]
            database.run("UPDATE rejects SET reason = ?, server = ? WHERE rowid = ?", *texts, rowid)
    return database.count("DELETE FROM rejects WHERE list_contains(?, rowid)", theirs) if theirs else 0
