"""Each import sink writes to the emulator, whose state is read afterward; files are divided, refused and counted."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from talon_one_client import TalonOneClient
from talon_one_client.http.transport import Response
from talon_one_client.http.transports.requests_transport import RequestsTransport
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import GuardError, IncompleteError
from target_talon_one.sinks import import_sinks
from target_talon_one.sinks.sink_type import SinkType
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun
from target_talon_one.sync.verify import Verification

POINTS = {"sink": "loyalty_points_import", "loyalty_program_id": 1}
OF_PROFILES = {"sink": "loyalty_points_import", "loyalty_program_id": 2}
CARDS = {"sink": "loyalty_cards_import", "loyalty_program_id": 1}
TIERS = {"sink": "loyalty_tiers_import", "loyalty_program_id": 2}
JOIN_DATES = {"sink": "loyalty_join_dates_import", "loyalty_program_id": 2}
COUPONS = {"sink": "coupons_import", "application_id": 1, "campaign_id": 1}
REFERRALS = {"sink": "referrals_import", "application_id": 1, "campaign_id": 1}
ITEMS = {"sink": "collection_items", "collection_id": 1, "allow_destructive": True}
OF_CAMPAIGN = {"sink": "campaign_collection_items", "application_id": 1, "campaign_id": 1, "collection_id": 2}
GIVEN = (POINTS, CARDS, TIERS, JOIN_DATES, COUPONS, REFERRALS, ITEMS, OF_CAMPAIGN)
IMPORT = "import_loyalty_points"


def state(engine, table):
    """Return the rows of a table of the emulator."""
    return engine.emu.state(table)[table]


def points(engine):
    """Return the amounts of the ledger, by the name of their row."""
    return {row["head"].split('"name":"')[1].split('"')[0]: Decimal(row["amount"]) for row in state(engine, "ledger")}


def rows_of(count, **more):
    """Return rows of points for some cards, each with a reason of its own."""
    return [
        {"pointsId": f"p{n}", "cardIdentifier": f"card-{n % 7}", "amount": f"{n + 1}.25", "reason": f"r{n}", **more}
        for n in range(count)
    ]


@pytest.fixture
def shop(engine):
    """Create seven cards and two profiles."""
    engine.emu.add("cards", *({"identifier": f"card-{n}"} for n in range(7)))
    for name in ("ann", "bob"):
        engine.emu.add("profiles", {"integrationId": name})
    engine.emu.add("collections", {"name": "of the account"}, {"name": "of the campaign", "campaignId": 1})
    return engine


def test_every_import_sink_is_used_here():
    """The destinations of this module use each sink of the module of imports."""
    sinks = {one.name for one in vars(import_sinks).values() if isinstance(one, SinkType)}
    assert sinks == {given["sink"] for given in GIVEN}


def test_points_are_added_once(shop):
    """Files hold 1,000 rows; a second push sends only new rows, and a null field stays empty."""
    rows = rows_of(1002)
    counts = shop.push(POINTS, rows)
    assert (1002, 2) == (counts.sent, counts.requests)
    counts = shop.push(POINTS, [*rows, {"pointsId": "new", "cardIdentifier": "card-1", "amount": 1, "reason": None}])
    assert (1, 1002) == (counts.sent, counts.same)
    assert sum(points(shop).values()) == sum(Decimal(row["amount"]) for row in rows) + 1


def test_points_for_new_profiles_wait_for_a_guard(shop):
    """The import would create the profile, so the guard stops the push; a card-based program has no such profile."""
    row = {"pointsId": "p", "customerProfileId": "typo", "amount": 5}
    with pytest.raises(GuardError) as stopped:
        shop.push(OF_PROFILES, [row])
    assert "create_profiles" == stopped.value.guard
    known = row | {"pointsId": "q", "customerProfileId": "ann"}
    counts = shop.push(OF_PROFILES | {"create_profiles": "skip"}, [row, known])
    assert (1, 1) == (counts.sent, counts.left_out)
    assert {"ann", "bob"} == {one["integration_id"] for one in state(shop, "profiles")}
    assert ["ann"] == [row["owner"].split('"')[3] for row in state(shop, "ledger")]


@pytest.mark.parametrize("amount", [0, -5, "none", None])
def test_an_amount_that_adds_nothing_is_refused_here(shop, amount):
    """Rows without an amount above 0 are invalid and never sent."""
    rows = [*rows_of(1), {"pointsId": "x", "cardIdentifier": "card-1", "amount": amount}]
    counts = shop.push(POINTS | {"max_reject_share": 1}, rows)
    assert (1, 1) == (counts.sent, counts.invalid)


def test_cards_come_with_their_profiles(shop):
    """Profiles are a list or a text with semicolons; attributes are checked by their types."""
    shop.emu.add("attributes", {"entity": "LoyaltyCard", "name": "shop", "type": "string"})
    rows = [
        {"identifier": "new-1", "status": "active", "customerProfileIds": ["bob", "ann"], "shop": "Faro"},
        {"identifier": "new-2", "status": "inactive", "customerProfileIds": "ann", "shop": None},
    ]
    fields = {name: name for name in ("identifier", "status", "customerProfileIds")}
    counts = shop.push(CARDS | {"map": fields | {"attributes": ["shop"]}}, rows)
    assert (2, 1) == (counts.sent, counts.requests)
    cards = {row["identifier"]: row for row in state(shop, "cards")}
    assert {"shop": "Faro"} == cards["new-1"]["attributes"]
    assert "inactive" == cards["new-2"]["status"]
    assert 3 == len(state(shop, "card_profiles"))


def test_tiers_and_join_dates_follow_their_source(shop):
    """A changed row is sent again, and nothing else."""
    tiers = [{"customerProfileId": name, "tierName": "Silver", "expiryDate": "2090-01-01"} for name in ("ann", "bob")]
    dates = [{"customerProfileId": name, "joinDate": "2020-02-29"} for name in ("ann", "bob")]
    for given, rows in ((TIERS | {"subledger_id": "s"}, tiers), (JOIN_DATES, dates)):
        assert 2 == shop.push(given, rows).sent
    tiers[0]["tierName"], dates[0]["joinDate"] = "Gold", "2021-01-01"
    for given, rows in ((TIERS | {"subledger_id": "s"}, tiers), (JOIN_DATES, dates)):
        counts = shop.push(given, rows)
        assert (1, 1) == (counts.updates, counts.same)
    assert {("s", "Gold"), ("s", "Silver")} == {(row["subledger"], row["tier"]) for row in state(shop, "profile_tiers")}
    assert 2 == len({row["joined"] for row in state(shop, "program_members")})


def test_coupons_and_referral_codes_keep_their_codes(shop):
    """Limits, dates and recipients arrive; a code that exists is rejected by itself."""
    coupons = [
        {"value": "ONE", "usageLimit": 3, "expiryDate": "2030-01-01", "recipientIntegrationId": "ann"},
        {"value": "TWO", "usageLimit": None},
    ]
    referrals = [{"code": "ANN-1", "advocateProfileIntegrationId": "ann"}]
    assert 2 == shop.push(COUPONS, coupons).sent
    assert 1 == shop.push(REFERRALS, referrals).sent
    shop.emu.add("coupons", {"value": "TAKEN"})
    counts = shop.push(
        COUPONS | {"max_reject_share": 1}, [*coupons, {"value": "TAKEN", "usageLimit": 9}, {"value": "LAST"}]
    )
    assert (1, 1) == (counts.sent, counts.rejected)
    rows = {row["value"]: row for row in state(shop, "coupons")}
    assert (3, 1) == (rows["ONE"]["usage_limit"], rows["TWO"]["usage_limit"])
    assert "ann" == rows["ONE"]["body"]["recipientIntegrationId"]
    assert "LAST" in rows
    assert ["ANN-1"] == [row["code"] for row in state(shop, "referrals")]


def finding(engine, given, rows):
    """Verify a destination and return what was found."""
    with (
        engine.client() as client,
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="verify") as run,
    ):
        destination = run.open(destination_from("rows", given), columns=list(rows[0]))
        destination.add(rows, [f"row {number}" for number in range(1, len(rows) + 1)])
        destination.close_source(complete=True)
        return Verification(client, store, destination, lambda: None).find()


def rows_of_items(*names):
    """Return a row for each item."""
    return [{"item": name} for name in names]


NEW_CARDS = [{"identifier": f"new-{n}", "status": "active", "customerProfileIds": "ann"} for n in range(2)]
GOLD = [{"customerProfileId": "ann", "tierName": "Gold", "expiryDate": "2090-01-01"}]
CODES = [{"value": "ONE", "usageLimit": 3, "expiryDate": "2030-01-01T00:00:00.5Z"}, {"value": "TWO"}]
OF_ANN = [{"code": "ANN-1", "advocateProfileIntegrationId": "ann", "usageLimit": 2}]
READ_BACK = {
    "points": (POINTS, rows_of(3), {"amount": 99}),
    "cards": (CARDS, NEW_CARDS, {"status": "inactive"}),
    "tiers": (TIERS, GOLD, {"tierName": "Silver"}),
    "join_dates": (JOIN_DATES, [{"customerProfileId": "ann", "joinDate": "2020-02-29"}], {"joinDate": "2021-01-01"}),
    "coupons": (COUPONS, CODES, {"usageLimit": 9}),
    "referrals": (REFERRALS, OF_ANN, {"usageLimit": 9}),
    "items": (ITEMS, rows_of_items("tea", "mug"), {"item": "cup"}),
}


@pytest.mark.parametrize(("given", "rows", "other"), READ_BACK.values(), ids=list(READ_BACK))
def test_what_was_imported_is_read_back(shop, given, rows, other):
    """A verification finds every row, and a row with another value is drift."""
    shop.push(given, rows)
    found = finding(shop, given, rows)
    assert ("equal", len(rows), 0) == (found.verdict, found.expected, found.missing + found.changed)
    found = finding(shop, given, [rows[0] | other, *rows[1:]])
    assert ("drift", 1) == (found.verdict, found.missing + found.changed)


@pytest.mark.parametrize("batch", ["all_or_nothing", "partial"])
def test_a_bad_row_of_points_costs_no_other_row(shop, batch):
    """Whether a refused file was imported in part is looked up, so each good row is imported exactly once."""
    shop.emu.switch(batch=batch)
    rows = rows_of(40)
    rows[17]["cardIdentifier"] = "no-such-card"
    counts = shop.push(POINTS | {"max_reject_share": 1}, rows)
    assert (39, 1, 0) == (counts.sent, counts.rejected, counts.unknown)
    ledger = state(shop, "ledger")
    assert 39 == len(ledger)
    assert sum(Decimal(row["amount"]) for row in rows if row["reason"] != "r17") == sum(points(shop).values())
    assert ["p17"] == [line["key"] for line in shop.rejects()]


class _CountsOneLess(RequestsTransport):
    """Sends every request, but an import of three rows counts two."""

    def send(self, *request):
        """See Transport."""
        answer = super().send(*request)
        return Response(answer.status, answer.headers, answer.body.replace(b'"amount":3', b'"amount":2'))


def test_an_answer_that_counts_other_rows_acknowledges_none(shop):
    """An import that says it has skipped rows leaves all of them unknown, because nobody knows which."""
    config = shop.client().config
    with (
        TalonOneClient(config, transport=_CountsOneLess(config)) as client,
        open_store(shop.store) as store,
        SyncRun(client, store, shop.options(), command="test") as run,
    ):
        destination = run.open(destination_from("rows", POINTS), columns=["pointsId", "cardIdentifier", "amount"])
        destination.add(rows_of(3), ["row 1", "row 2", "row 3"])
        destination.close_source(complete=True)
        with pytest.raises(IncompleteError, match="had 3 rows, and the answer counts 2"):
            run.finish()
    assert 3 == len(state(shop, "ledger"))
    assert ["unknown"] * 3 == [line["kind"] for line in shop.rejects()]


def items(engine, collection=1):
    """Return the items of a collection."""
    return {row["item"] for row in state(engine, "collection_items") if row["collection"] == collection}


@pytest.mark.parametrize("given", [ITEMS, OF_CAMPAIGN | {"allow_destructive": True}], ids=["account", "campaign"])
def test_a_collection_becomes_what_its_source_has(shop, given):
    """One request replaces everything, also what nobody knew of; without a change, nothing is sent."""
    number = given["collection_id"]
    shop.emu.add("collections", {"name": "other", "items": ["x"]})
    counts = shop.push(given, rows_of_items("tea", "mug", "a,b\n"))
    assert (3, 1) == (counts.sent, counts.requests)
    assert 0 == shop.push(given, rows_of_items("tea", "mug", "a,b\n")).requests
    counts = shop.push(given | {"max_delete_share": 1}, rows_of_items("tea", "cup", "a,b\n"))
    assert (1, 1, 2, 2, 1) == (counts.adds, counts.removes, counts.same, counts.sent, counts.requests)
    assert {"tea", "cup", "a,b\n"} == items(shop, number)
    assert {"x"} == items(shop, 3)


def test_a_collection_is_not_replaced_by_accident(shop):
    """Guards stop a push that was not allowed to replace, an empty source, and one that was not read to its end."""
    with pytest.raises(GuardError, match="allow_destructive"):
        shop.push(OF_CAMPAIGN, rows_of_items("tea"))
    shop.push(ITEMS, rows_of_items("tea", "mug"))
    with pytest.raises(GuardError, match="allow_empty"):
        shop.push(ITEMS, [])
    with pytest.raises(GuardError, match="was not read to its end"):
        shop.push(ITEMS, rows_of_items("tea", "cup"), complete=False)
    assert {"tea", "mug"} == items(shop)


def test_a_refused_collection_stays_as_it_was(shop, between, monkeypatch):
    """A file is not taken apart, because half of it would replace the collection."""
    refusal = 400, {"Content-Type": "application/json"}, b'{"message": "no"}'
    refused = set()
    url = between(shop.emu.url, lambda exchange: refusal if exchange.path in refused else None)
    monkeypatch.setattr(shop, "client", partial(shop.client, base_url=url))
    shop.push(ITEMS, rows_of_items("tea", "mug"))
    refused.add("/v1/collections/1/import")
    with pytest.raises(IncompleteError, match="refuses the file"):
        shop.push(ITEMS | {"max_delete_share": 1}, rows_of_items("tea"))
    assert {"tea", "mug"} == items(shop)


def test_a_lost_answer_replaces_a_collection_again(shop):
    """The rows of a request without an answer are uncertain, so the next push sends the whole file once more."""
    shop.emu.fault("import_account_collection", "malformed", count=0)
    with pytest.raises(IncompleteError):
        shop.push(ITEMS, rows_of_items("tea", "mug"))
    shop.emu.clear_faults()
    counts = shop.push(ITEMS, rows_of_items("tea", "mug"))
    assert (2, 1) == (counts.sent, counts.requests)
