"""Erasing a person empties the rows about that person in every table of notifications, and no others."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from talon_one_cli.sync.erase_files import Persons
from talon_one_receiver.notification import Notification
from talon_one_receiver.rejects import REJECTED
from talon_one_receiver.stored.erasure import erase
from talon_one_receiver.stored.merging import TABLES, merge
from talon_one_warehouse import open_warehouse
from target_talon_one.store.tables.personal_data import Person
from tests.receiver.examples import EXAMPLES, body_of

# The number 5 is also a loyalty program, and 10 a limit of the examples.
ERASED, OTHERS = ("5", 'q"uo/te', "łódź"), ("50", "10", 'q"', "łódź-1")
KEPT = {"notification_id", "position", "notification_type", "received_at"}


def about(value, person):
    """Return the body of an example in which everybody is that person."""
    if isinstance(value, dict):
        return {name: about(one, person) for name, one in value.items()}
    if isinstance(value, list):
        return [about(one, person) for one in value]
    return person if value in ("ada", "a", "b") else value


def notifications(person):
    """Yield a notification of every type about a person, and rejected ones."""
    bodies = {kind: {**about(body_of(kind), person), "newProfileId": person} for kind in EXAMPLES}
    bodies["Future"] = {"NotificationType": "Future", "profileIds": [person]}
    texts = {kind: json.dumps(body).encode() for kind, body in bodies.items()}
    for kind, text in {**texts, "no JSON": f"{{ {person} ".encode()}.items():
        yield Notification.of_request(f"{kind.replace(' ', '-')}:{sorted(OTHERS + ERASED).index(person)}", text, NOW)


NOW = datetime(2026, 11, 26, tzinfo=UTC)


def content(warehouse):
    """Return all rows by table and key, without the instants of loads."""
    found = {}
    for table in TABLES:
        names = [column.name for column in table.columns]
        for row in warehouse.query(f"SELECT {', '.join(names)} FROM {warehouse.name_of(table.name)}"):
            values = dict(zip(names, row, strict=True))
            found[table.name, tuple(str(values[name]) for name in table.key)] = values
    return found


@pytest.mark.parametrize("database", ["duckdb", "postgresql"])
def test_rows_about_erased_persons_keep_ids_and_times_only(settings, request, database):
    """In each table the rows of three persons lose their values, and those of similar ids keep all of them."""
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else settings().url
    with open_warehouse(url) as warehouse:
        for table in TABLES:
            warehouse.prepare(table.with_loaded_at())
        merge(warehouse, [one for person in OTHERS for one in notifications(person)])
        others = content(warehouse)
        merge(warehouse, [one for person in ERASED for one in notifications(person)])
        theirs = content(warehouse).keys() - others.keys()
        assert {table.name for table in TABLES} == {table for table, _ in theirs}
        persons = Persons([Person(name) for name in ERASED])
        assert len(theirs) == erase(warehouse, persons, lambda: None)
        left = content(warehouse)
        assert others == {key: left[key] for key in others}
        for table, key in theirs:
            row = left[table, key]
            if table == REJECTED.name:
                assert ("(erased)", "(erased)", 0) == (row["reason"], row["body_text"], row["body_bytes"])
            else:
                assert {name for name, value in row.items() if value is not None} == KEPT
        assert 0 == erase(warehouse, persons, lambda: None)
