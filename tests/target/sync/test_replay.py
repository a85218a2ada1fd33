"""``retry`` of an old run never undoes later changes, in whichever way a refused row was superseded."""

from __future__ import annotations

import pytest

from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import SyncConfigError
from target_talon_one.store.opening import open_store
from target_talon_one.sync.replay import forget_retried, retry
from target_talon_one.sync.run import SyncRun

ITEMS = {"sink": "catalog_items", "catalog_id": 1, "map": {"sku": "id", "price": "price", "attributes": ["brand"]}}
PROFILES = {"sink": "customer_profiles", "map": {"integrationId": "id", "attributes": ["brand"]}}
EVENTS = {
    "sink": "events",
    "map": {"eventId": "id", "profileId": "id", "type": "{{ 'visit' }}", "attributes": ["brand"]},
}
MODES = [
    (ITEMS, "mirror"),
    (ITEMS, "upsert"),
    (PROFILES, "upsert"),
    (EVENTS, "add"),
]
ENTITIES = {"CartItem": "", "CustomerProfile": "", "Event": "visit"}  # with the type of event
IDS = [f"{given['sink']} {mode}" for given, mode in MODES]


def row(name="a", brand="old", price=1):
    return {"id": name, "brand": brand, "price": price}


class Story:
    """Pushes of one sync, of which the first one has refused rows, and the replay of that run."""

    def __init__(self, engine, given, mode, by):
        self.engine, self.by = engine, by
        engine.management = by == "us"
        more = {"max_reject_share": 1, "max_delete_share": 1, "allow_empty": True}
        # an attribute that map names would be refused before any row
        named = {"attributes": "{{ {'brand': brand} }}"} if engine.management else {}
        self.given = given | more | {"mode": mode, "map": given["map"] | named}

    def push(self, *rows, complete=True):
        """Push and return the id of the run."""
        with (
            self.engine.client() as client,
            open_store(self.engine.store) as store,
            SyncRun(client, store, self.engine.options(), command="push") as run,
        ):
            destination = run.open(
                destination_from("rows", self.given), columns=["id", "brand", "price", "_sdc_deleted_at"]
            )
            destination.add(rows, [f"row {n}" for n, _ in enumerate(rows)])
            destination.close_source(complete=complete)
            run.finish()
            return run.id

    def define(self):
        """Define the attribute whose absence made the connector or Talon.One refuse rows."""
        for entity, kind in ENTITIES.items():
            given = {"entity": entity, "name": "brand", "type": "string", "eventType": kind}
            self.engine.emu.add("attributes", given)

    def retry(self, run_id, **options):
        """Return what was skipped, by reason, and how many rows were sent."""
        with (
            self.engine.client() as client,
            open_store(self.engine.store) as store,
            SyncRun(client, store, self.engine.options(), command="retry") as run,
        ):
            replay = retry(run, store, run_id, {}, **options)
            run.flush()
            forget_retried(store, run_id, replay)
            return dict(replay.skipped), sum(destination.counts.sent for destination in run.destinations.values())

    def brands(self):
        """Return the brand of every row at Talon.One, however the sink stores it."""
        if self.given["sink"] == "catalog_items":
            return {sku: brand_of(item) for sku, item in self.engine.items().items()}
        state = self.engine.emu.state("profiles", "events")
        if self.given["sink"] == "customer_profiles":
            return {one["integration_id"]: one["attributes"]["brand"] for one in state["profiles"]}
        return {one["profile"]: one["attributes"]["brand"] for one in state["events"]}


def brand_of(item):
    attributes = item["attributes"]
    return attributes["brand"] if isinstance(attributes, dict) else attributes[0]["value"]


@pytest.fixture(params=["us", "Talon.One"])
def story(request, engine):
    """Return a sync whose first rows are refused by the connector (with a management key) or by Talon.One."""
    return lambda given, mode: Story(engine, given, mode, request.param)


@pytest.mark.parametrize(("given", "mode"), MODES, ids=IDS)
def test_a_row_that_nothing_has_overtaken_is_sent(story, given, mode):
    """A row whose reason is gone is sent, and a second replay has nothing to do."""
    one = story(given, mode)
    first = one.push(row())
    one.define()
    assert ({}, 1) == one.retry(first)
    assert {"a": "old"} == one.brands()
    assert ({"sent": 1}, 0) == one.retry(first) if one.by == "Talon.One" else True


@pytest.mark.parametrize("brand", ["new", "old"])
@pytest.mark.parametrize(("given", "mode"), MODES, ids=IDS)
def test_a_row_that_was_sent_later_is_not_sent_again(story, given, mode, brand):
    """A row that a later run has sent keeps its later values."""
    one = story(given, mode)
    first = one.push(row())
    one.define()
    one.push(row(brand=brand))
    one.engine.requests()
    skipped, sent = one.retry(first)
    assert 1 == sum(skipped.values())
    assert 0 == sent
    assert set(skipped) <= {"sent", "in_source"}
    assert {"a": brand} == one.brands()
    assert [] == [name for name in one.engine.requests() if not name.startswith(("get_", "list_"))]


def test_a_row_that_left_the_source_of_a_mirror_is_not_added(story):
    """A row that has left the source of a mirror is not added, because nothing would remove it."""
    one = story(ITEMS, "mirror")
    first = one.push(row("a"), row("b"))
    one.define()
    one.push(row("b", "new"))
    skipped, sent = one.retry(first, include_absent=True)
    assert {"absent": 1, "in_source": 1} == skipped
    assert 0 == sent
    assert {"b": "new"} == one.brands()


def test_a_row_that_a_mirror_removed_is_not_added_again(story):
    """A row whose change was refused before a mirror removed it is not added again."""
    one = story(ITEMS, "mirror")
    one.define()
    one.push(row("a"), row("b"))
    first = one.push({"id": "a", "brand": "old", "price": "many"}, row("b"))
    one.push(row("b"))
    skipped, sent = one.retry(first)
    assert 1 == sum(skipped.values())
    assert 0 == sent
    assert {"b": "old"} == one.brands()


@pytest.mark.parametrize(("given", "mode"), [one for one in MODES if one[1] != "mirror"], ids=IDS[1:])
def test_a_row_that_a_later_source_lacks_waits_for_a_word(story, given, mode):
    """A row that a later source lacks needs --include-absent, because only the user knows whether it has left."""
    one = story(given | {"retry_rejects": False}, mode)
    first = one.push(row("a"))
    one.define()
    one.push(row("b"))
    assert ({"absent": 1}, 0) == one.retry(first)
    assert {"b": "old"} == one.brands()
    assert ({}, 1) == one.retry(first, include_absent=True)
    assert {"a": "old", "b": "old"} == one.brands()


@pytest.mark.parametrize(("given", "mode"), MODES, ids=IDS)
def test_after_a_source_that_broke_off_the_row_is_sent(story, given, mode):
    """An incomplete source does not show that a row has left, so the row is sent."""
    one = story(given | {"retry_rejects": False}, mode)
    first = one.push(row("a"))
    one.define()
    one.push(row("b"), complete=False)
    assert ({}, 1) == one.retry(first)
    assert {"a": "old", "b": "old"} == one.brands()


@pytest.mark.parametrize(("given", "mode"), MODES, ids=IDS)
def test_of_two_refusals_the_newer_one_is_replayed(story, given, mode):
    """The replay of the older run skips the row and reports the newer refusal."""
    one = story(given, mode)
    first = one.push(row())
    second = one.push(row(brand="new"))
    one.define()
    skipped, sent = one.retry(first)
    assert 1 == sum(skipped.values())
    assert 0 == sent
    assert set(skipped) <= {"refused", "in_source"}
    assert ({}, 1) == one.retry(second)
    assert {"a": "new"} == one.brands()


def test_a_row_that_is_marked_as_deleted_later_is_not_added(story):
    """A later mark as deleted supersedes the refused row."""
    one = story(ITEMS | {"retry_rejects": False}, "upsert")
    first = one.push(row("a"))
    one.define()
    one.push(row("a") | {"_sdc_deleted_at": "2026-01-01"}, complete=False)
    skipped, sent = one.retry(first)
    assert {"removed": 1} == skipped
    assert 0 == sent
    assert {} == one.brands()


def test_a_refused_row_of_an_upsert_is_tried_again_by_the_next_push_with_its_newest_values(story):
    """``retry_rejects`` sends the last refused values, and no row that was sent or refused later."""
    one = story(ITEMS, "upsert")
    one.push(row("a", "older"))
    one.push(row("a", "newer"))
    one.define()
    one.push(row("b"), complete=False)
    if one.by == "Talon.One":
        assert {"a": "newer", "b": "old"} == one.brands()
    one.push(row("a", "newest"), complete=False)
    one.push(row("c"), complete=False)
    assert {"a": "newest", "b": "old", "c": "old"} == one.brands()


@pytest.mark.parametrize(
    ("rows", "brand"),
    [([row(price="many"), row(brand="new")], "new"), ([row(brand="new"), row(price="many")], None)],
    ids=["mended within the source", "broken within the source"],
)
def test_of_rows_with_one_key_in_a_source_the_last_counts(engine, rows, brand):
    """If the last row of a key is refused, an older row of the key is neither sent nor replayed."""
    one = Story(engine, ITEMS, "upsert", "us")
    one.define()
    first = one.push(*rows)
    assert ({} if brand is None else {"a": brand}) == one.brands()
    _, sent = one.retry(first)
    assert 0 == sent
    assert ({} if brand is None else {"a": brand}) == one.brands()


def test_a_row_without_a_key_is_not_replayed_after_the_source_was_read_again(engine):
    """Rows that were invalid because of a wrong key column are not replayed after the corrected sync has read them."""
    one = Story(engine, ITEMS, "mirror", "us")
    one.define()
    right, one.given = one.given, one.given | {"map": {"sku": "nothing", "price": "price", "attributes": ["brand"]}}
    rows = [{"id": "a", "nothing": None, "brand": "old", "price": 1}, {"id": "b", "nothing": None, "brand": "old"}]
    with (
        engine.client() as client,
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="push") as run,
    ):
        destination = run.open(destination_from("rows", one.given))
        destination.add(rows, ["row 1", "row 2"])
        run.finish()
        first = run.id
    one.given = right
    one.push(row("a", "new"))
    assert ({"absent": 2}, 0) == one.retry(first)
    assert {"a": "new"} == one.brands()


def test_a_line_that_is_no_row_is_never_sent(engine, singer):
    """A line that is not a row is never sent, even if it looks like a row."""
    streams = {"items": {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "map": {"sku": "stream"}}}
    schema = {
        "type": "SCHEMA",
        "stream": "items",
        "key_properties": ["stream"],
        "schema": {"properties": {"stream": {}}},
    }
    assert 1 == singer([schema, {"type": "RECORD", "stream": "items"}], streams).returncode
    one = Story(engine, ITEMS, "upsert", "us")
    with open_store(engine.store) as store:
        (run,) = store.runs.find()
    assert ({"unreadable": 1}, 0) == one.retry(run["id"])
    assert {} == engine.items()


def test_a_run_without_rejects_is_reported_as_such(engine):
    """A run without refused rows ends with a message that says so."""
    one = Story(engine, ITEMS, "upsert", "us")
    one.define()
    first = one.push(row())
    with pytest.raises(SyncConfigError, match="has no refused rows left"):
        one.retry(first)
