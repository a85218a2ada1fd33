"""Erasing a person empties the rows about that person in every table of notifications, and no others."""

from __future__ import annotations

import json
from datetime import UTC, datetime

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
IDS = {"notification_id", "position", "notification_type", "received_at"}
KEPT = {False: IDS, True: IDS | {"reason", "body_text", "body_bytes"}}  # True: of rejected notifications


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
        listed = ", ".join(map(warehouse.column_name, names))
        for row in warehouse.query(f"SELECT {listed} FROM {warehouse.name_of(table.name)}"):
            values = dict(zip(names, row, strict=True))
            found[table.name, tuple(str(values[name]) for name in table.key)] = values
    return found


def test_rows_about_erased_persons_keep_ids_and_times_only(url):
    """In each table the rows of three persons lose their values, and those of similar ids keep all of them."""
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
        for table in TABLES:
            keys = ", ".join(warehouse.literal(key[0]) for name, key in theirs if name == table.name)
            gone = [one.name for one in table.columns if one.name not in KEPT[table is REJECTED]]
            counts = ", ".join(f"count({warehouse.column_name(name)})" for name in gone)
            ((*found,),) = warehouse.query(
                f"SELECT {counts} FROM {warehouse.name_of(table.name)} WHERE notification_id IN ({keys})"
            )
            assert dict.fromkeys(gone, 0) == dict(zip(gone, found, strict=True)), table.name
        rejected = [left[name, key] for name, key in theirs if name == REJECTED.name]
        assert {("(erased)", "(erased)", 0)} == {(r["reason"], r["body_text"], r["body_bytes"]) for r in rejected}
        assert 0 == erase(warehouse, persons, lambda: None)
