"""Rows that a tap or a loader marks as deleted are removed where the sink can remove rows, and never added."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import GuardError
from target_talon_one.sinks.table import SINKS

MEMBERS = {"sink": "audience_members", "audience": {"name": "VIP"}, "key": "id", "create_profiles": "allow"}
ITEMS = {"sink": "catalog_items", "catalog_id": 1, "map": {"sku": "id", "price": "price"}}
WHEN = "2026-01-01T00:00:00Z"
MARK = "_sdc_deleted_at"


def live(*names):
    return [{"id": name, "price": 1, MARK: None} for name in names]


def dead(*names, mark=MARK):
    return [{"id": name, "price": 1, mark: WHEN} for name in names]


def there(engine):
    """Return members and items."""
    return engine.members() | set(engine.items())


@pytest.mark.parametrize("given", [MEMBERS, ITEMS], ids=["members", "items"])
@pytest.mark.parametrize("mode", ["mirror", "upsert"])
@pytest.mark.parametrize("mark", [MARK, MARK.upper()])
def test_a_row_that_is_marked_is_removed_if_it_is_ours(engine, given, mode, mark):
    """A marked row that the connector never added is left alone, and no profile is created for it."""
    given = given | {"mode": mode, "max_delete_share": 1}
    engine.push(given, live("a", "b"))
    figures = engine.push(given, [*live("b"), *dead("a", "never-seen", mark=mark)])
    assert {"b"} == there(engine)
    assert 3 == figures.read
    assert 2 == figures.deleted
    assert 1 == figures.removes
    assert 0 == figures.adds
    assert "never-seen" not in {row["integration_id"] for row in engine.emu.state("profiles")["profiles"]}


@pytest.mark.parametrize("mode", ["mirror", "upsert"])
def test_somebody_elses_row_stays(engine, mode):
    """A marked row that someone else has added is not removed."""
    given = MEMBERS | {"mode": mode, "max_delete_share": 1}
    engine.push(given, live("a"))
    with engine.client() as client:
        change = {"action": "add", "profileIntegrationId": "foreign", "audienceId": 1}
        client.update_customer_profile_audiences({"data": [change]})
    engine.push(given, [*live("a"), *dead("foreign")])
    assert {"a", "foreign"} == engine.members()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*live("a"), *dead("a")], set()),
        ([*dead("a"), *live("a")], {"a"}),
        ([*live("a"), *dead("a"), *live("a"), *dead("a"), *live("a")], {"a"}),
    ],
    ids=["deleted", "added again", "many times"],
)
@pytest.mark.parametrize("known", [True, False])
def test_of_marked_and_other_rows_with_one_key_the_last_counts(engine, rows, expected, known):
    """The last row of a key counts, whether the row existed before or not."""
    given = MEMBERS | {"mode": "upsert"}
    engine.push(given, live("z", *["a"][:known]))
    engine.push(given, rows)
    assert expected | {"z"} == engine.members()


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["x", 5], {"z"}), ([5, "x"], {"a", "z"}), (["x", 5, "x"], {"a", "z"})],
    ids=["invalid", "valid again", "many times"],
)
def test_of_valid_and_invalid_rows_with_one_key_the_last_counts(engine, singer, values, expected):
    """A row that breaks its schema replaces the valid row before it, and a valid row after it replaces both."""
    records = [{"id": "a", "name": value} for value in values] + [{"id": "z", "name": "x"}]
    lines = [SCHEMA, *({"type": "RECORD", "stream": "vip", "record": record} for record in records)]
    done = singer(lines, {"vip": MEMBERS | {"mode": "upsert", "max_reject_share": 1}})
    assert 0 == done.returncode, done.stderr
    assert expected == engine.members()


@pytest.mark.parametrize("sink", SINKS)
def test_no_mode_of_any_sink_adds_a_marked_row(engine, sink):
    """A marked row is counted and nothing is sent for it, whatever else the row holds."""
    targets = {
        "audience": 1,
        "catalog_id": 1,
        "campaign_id": 1,
        "loyalty_program_id": 1,
        "usage_limit": 1,
        "application_id": 1,
        "collection_id": 2 if sink.startswith("campaign") else 1,
    }
    engine.emu.add("collections", {"name": "of the account"}, {"name": "of the campaign", "campaignId": 1})
    values = {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": [1], "object": {}, "attributes": {}}
    found = SINKS[sink]
    row = {field.name: values.get(field.type, WHEN) for field in found.fields} | {MARK: WHEN}
    with engine.client() as client:
        client.create_audience_v2({"name": "one"})
    engine.requests()
    for mode in found.modes:
        given = {"sink": sink, "mode": mode, "allow_destructive": True, "allow_empty": True, "create_profiles": "allow"}
        given |= {name.rstrip("?"): targets[name] for name in found.target if name in targets}
        figures = engine.push(given, [row])
        assert 1 == figures.read, mode
        assert 1 == figures.deleted, mode
        assert 0 == figures.requests, mode
        assert 0 == figures.sent, mode
    assert [] == [one for one in engine.emu.requests() if one["method"] != "GET"]


def test_a_marked_row_without_a_key_is_refused(engine):
    """A marked row without a key is refused, because it is unknown which row was deleted."""
    figures = engine.push(MEMBERS | {"mode": "upsert", "max_reject_share": 1}, [{"id": None, MARK: WHEN}])
    assert 1 == figures.invalid
    assert 0 == figures.deleted
    assert "the row is marked as deleted and its key cannot be read" == engine.rejects()[0]["reason"]


def test_a_mirror_of_rows_that_are_all_marked_is_a_mirror_of_nothing(engine):
    """The guard for an empty source stops a mirror whose rows are all marked."""
    given = MEMBERS | {"mode": "mirror", "max_delete_share": 1}
    engine.push(given, live("a", "b"))
    with pytest.raises(GuardError, match="allow_empty"):
        engine.push(given, dead("a", "b"))
    assert {"a", "b"} == engine.members()


def test_max_deletes_counts_marked_rows_too(engine):
    """max_deletes holds for marked rows in an upsert as in a mirror."""
    given = MEMBERS | {"mode": "upsert", "max_deletes": 1}
    engine.push(given, live("a", "b", "c"))
    with pytest.raises(GuardError, match="max_deletes"):
        engine.push(given, dead("a", "b"))
    engine.push(given, dead("a"))
    assert {"b", "c"} == engine.members()


def test_a_refused_row_that_is_deleted_later_is_not_tried_again(engine):
    """The reject of a row is removed when the row is marked as deleted."""
    engine.management = False
    given = {"sink": "customer_profiles", "mode": "upsert", "key": "id", "max_reject_share": 1}
    engine.push(given, [{"id": "a", "tier": "gold"}])
    assert 1 == len(engine.rejects())
    engine.emu.add("attributes", {"entity": "CustomerProfile", "name": "tier", "type": "string"})
    engine.push(given, dead("a"))
    assert 0 == engine.push(given, [{"id": "b", "tier": "gold"}]).removes
    assert {"b"} == {row["integration_id"] for row in engine.emu.state("profiles")["profiles"]}


SCHEMA = {
    "type": "SCHEMA",
    "stream": "vip",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}, "required": ["id", "name"]},
}


@pytest.mark.parametrize("form", ["RECORD", "BATCH"])
def test_a_marked_row_of_a_tap_needs_no_more_than_its_key(engine, singer, tmp_path, form):
    """A marked row may have only its key, whatever the schema requires, because log-based taps send no more."""
    streams = {"vip": MEMBERS | {"mode": "upsert"}}
    first = [{"type": "RECORD", "stream": "vip", "record": {"id": name, "name": "x"}} for name in "ab"]
    assert 0 == singer([SCHEMA, *first], streams).returncode
    marked = {"type": "RECORD", "stream": "vip", "record": {"id": "a", MARK: WHEN}}
    if form == "BATCH":
        pq.write_table(pa.table({"id": ["a"], MARK: [WHEN]}), tmp_path / "rows.parquet")
        file = str(tmp_path / "rows.parquet")
        marked = {"type": "BATCH", "stream": "vip", "encoding": {"format": "parquet"}, "manifest": [file]}
    done = singer([SCHEMA, marked, {"type": "STATE", "value": {"x": 1}}], streams)
    assert 0 == done.returncode, done.stderr
    assert '{"x":1}\n' == done.stdout, done.stderr
    assert "1 marked as deleted" in done.stderr
    assert {"b"} == engine.members()


def test_a_mark_does_what_the_capability_says():
    """The target declares ``hard-delete``, because sinks that can remove rows remove marked ones."""
    from target_talon_one.target import definition

    removing = {name for name, sink in SINKS.items() if "upsert" in sink.modes and "remove" in sink.actions("upsert")}
    assert "hard-delete" in definition().capabilities
    assert {"audience_members", "catalog_items"} == removing
    assert "upsert" == destination_from("x", ITEMS | {"mode": "upsert"}).mode
