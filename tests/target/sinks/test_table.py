"""Every sink and mode writes to the emulator, whose state is read afterward; together they use all 25 writes."""

from __future__ import annotations

import json

import pytest

from talon_one_client import TalonOneClient, endpoints
from talon_one_client.http.transport import Response
from talon_one_client.http.transports.requests_transport import RequestsTransport
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.errors import Stopped
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import GuardError, IncompleteError, SyncConfigError
from target_talon_one.sinks import import_sinks
from target_talon_one.sinks.sink_type import SinkType
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

COVERED: set[tuple[str, str]] = set()
NO_SINK = {"import_audiences_memberships"}  # it replaces the members of an audience


def case(sink, mode, **settings):
    """Return a destination, and note that its sink and mode have a test."""
    COVERED.add((sink, mode))
    return {"sink": sink, "mode": mode, **settings}


AUDIENCE_ATTRIBUTES = case("audience_attributes", "upsert", map={"attributes": ["tier"]}, key="audienceId")
PROFILES = case("customer_profiles", "upsert", key="id", map={"attributes": ["tier", "points"]})
PROFILE = case("customer_profile", "upsert", map={"attributes": ["tier"]})
EVENTS = case("events", "add")
SESSIONS = case("customer_sessions", "upsert")
RETURNS = case("cart_item_returns", "add")
REOPENS = case("session_reopens", "add")
REFERRALS = case("referrals", "add", campaign_id=1)
MANY_REFERRALS = case("referrals_multiple", "add", campaign_id=1, usage_limit=1)
ADVANCED_EVENTS = case("advanced_events", "add")
LINKS = {mode: case("loyalty_card_links", mode, loyalty_program_id=1) for mode in ("add", "upsert", "remove")}
CARDS = case("loyalty_cards", "add", loyalty_program_id=1)
MEMBERS_OF_PROGRAM = case("loyalty_program_members", "add", loyalty_program_id=2)
ACTIVATIONS = case("loyalty_point_activations", "add", loyalty_program_id=1)
TRANSACTION_DELETIONS = case("loyalty_transaction_deletions", "remove", loyalty_program_id=2)
DELETIONS = case("customer_data_deletions", "remove")


def state(engine, table):
    """Return the rows of a table of the emulator."""
    return engine.emu.state(table)[table]


def profiles(engine):
    """Return the attributes of each profile by integration id."""
    return {row["integration_id"]: row["attributes"] for row in state(engine, "profiles")}


def attribute(engine, entity, name, kind):
    """Define an attribute."""
    engine.emu.add("attributes", {"entity": entity, "name": name, "type": kind})


def audience(engine, *members):
    """Create an audience with members that the connector did not add."""
    with engine.client() as client:
        number = client.create_audience_v2({"name": "VIP"})["id"]
        if members:
            data = [{"action": "add", "profileIntegrationId": name, "audienceId": number} for name in members]
            client.update_customer_profile_audiences({"data": data})
    return number


MEMBERS = {
    "mirror": case("audience_members", "mirror"),
    "upsert": case("audience_members", "upsert"),
    "add": case("audience_members", "add"),
    "remove": case("audience_members", "remove"),
}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("mirror", {"old", "b", "c"}),
        ("upsert", {"old", "a", "b", "c"}),
        ("add", {"old", "a", "b", "c"}),
    ],
)
def test_audience_members_come_and_go_as_the_mode_says(engine, mode, expected):
    """Only a mirror removes members, and only those that it added."""
    number = audience(engine, "old")
    given = MEMBERS[mode] | {"audience": number, "create_profiles": "allow", "max_delete_share": 1}
    for segment in (["a", "b"], ["b", "c"]):
        engine.push(given, [{"profileIntegrationId": name} for name in segment])
    assert expected == engine.members(number)


def test_audience_members_are_removed_by_a_list(engine):
    """Members in the list are removed, whoever added them; an id that is not a member is not an error."""
    number = audience(engine, "a", "b", "c")
    figures = engine.push(
        MEMBERS["remove"] | {"audience": number}, [{"profileIntegrationId": n} for n in ("a", "b", "zz")]
    )
    assert {"c"} == engine.members(number)
    assert 3 == figures.sent
    assert 0 == figures.rejected


def test_an_audience_is_found_or_created_by_its_integration_id(engine):
    """Two syncs with the same integration id use one audience."""
    given = MEMBERS["upsert"] | {"create_profiles": "allow"}
    given |= {"audience": {"name": "VIP", "integration": "warehouse", "integration_id": "vip"}}
    for name in ("a", "b"):
        engine.push(given, [{"profileIntegrationId": name}])
    (row,) = state(engine, "audiences")
    assert "VIP" == row["name"]
    assert "warehouse" == row["integration"]
    assert "vip" == row["integration_id"]
    assert {"a", "b"} == engine.members(row["id"])


AUDIENCES = {mode: case("audiences", mode) for mode in ("upsert", "insert_only", "update_only", "remove", "empty")}


def audiences(engine):
    """Return the names of the audiences by integration id."""
    return {row["integration_id"]: row["name"] for row in state(engine, "audiences")}


def test_audiences_are_made_renamed_emptied_and_deleted(engine):
    """Each mode has its effect on the audience that the integration id identifies."""
    engine.push(AUDIENCES["upsert"], [{"integrationId": "a", "name": "A"}, {"integrationId": "b", "name": "B"}])
    engine.push(AUDIENCES["upsert"], [{"integrationId": "a", "name": "Alpha"}, {"integrationId": "b", "name": "B"}])
    assert {"a": "Alpha", "b": "B"} == audiences(engine)
    assert {"A", "B"} <= {line["answer"]["name"] for line in engine.results()}
    engine.push(AUDIENCES["update_only"], [{"integrationId": "b", "name": "Beta"}])
    engine.push(AUDIENCES["insert_only"], [{"integrationId": "c", "name": "C"}])
    assert {"a": "Alpha", "b": "Beta", "c": "C"} == audiences(engine)
    number = next(row["id"] for row in state(engine, "audiences") if row["integration_id"] == "a")
    engine.push(
        MEMBERS["add"] | {"audience": number, "create_profiles": "allow"},
        [{"profileIntegrationId": f"p{n}"} for n in range(5)],
    )
    assert 5 == len(engine.members(number))
    engine.push(AUDIENCES["empty"] | {"allow_destructive": True}, [{"integrationId": "a"}])
    assert set() == engine.members(number)
    engine.push(AUDIENCES["remove"] | {"allow_destructive": True}, [{"integrationId": "a"}, {"integrationId": "c"}])
    assert {"b": "Beta"} == audiences(engine)


def test_attributes_are_set_on_all_members(engine):
    """Members get the attributes, and other profiles do not."""
    number = audience(engine, "a", "b")
    engine.emu.add("profiles", {"integrationId": "c"})
    attribute(engine, "CustomerProfile", "tier", "string")
    engine.push(AUDIENCE_ATTRIBUTES, [{"audienceId": number, "tier": "gold"}])
    assert {"a": {"tier": "gold"}, "b": {"tier": "gold"}, "c": {}} == profiles(engine)


def test_profiles_get_attributes_in_bulk(engine):
    """A second run sends only changes; a null is left out unless the policy sends it."""
    attribute(engine, "CustomerProfile", "tier", "string")
    attribute(engine, "CustomerProfile", "points", "number")
    engine.push(PROFILES, [{"id": "a", "tier": "gold", "points": "1.5"}, {"id": "b", "tier": None, "points": 2}])
    assert {"a": {"tier": "gold", "points": 1.5}, "b": {"points": 2}} == profiles(engine)
    engine.requests()
    figures = engine.push(
        PROFILES, [{"id": "a", "tier": "gold", "points": "1.50"}, {"id": "b", "tier": "x", "points": 2}]
    )
    assert {"update_customer_profiles_v2": 1} == {k: v for k, v in engine.requests().items() if k.startswith("update")}
    assert 1 == figures.sent
    assert 1 == figures.same
    assert {"points": 2, "tier": "x"} == profiles(engine)["b"]


def test_one_profile_a_request_runs_the_rule_engine(engine):
    """The answers of the Rule Engine are written to the results file."""
    attribute(engine, "CustomerProfile", "tier", "string")
    rows = [{"integrationId": name, "tier": "gold"} for name in ("a", "b")]
    engine.push(PROFILE, rows)
    assert {"a": {"tier": "gold"}, "b": {"tier": "gold"}} == profiles(engine)
    assert ["a", "b"] == sorted(line["key"] for line in engine.results())
    assert all("runRuleEngine=true" in one["query"] for one in engine.emu.requests("update_customer_profile_v2"))


ITEMS = {mode: case("catalog_items", mode, catalog_id=1) for mode in SINKS["catalog_items"].modes}


@pytest.mark.parametrize(
    ("mode", "prices", "rejected"),
    [
        ("mirror", {"b": 22, "c": 3}, 0),
        ("upsert", {"a": 1, "b": 22, "c": 3}, 0),
        ("insert_only", {"a": 1, "b": 2, "c": 3}, 0),
        ("update_only", {"a": 1, "b": 22}, 1),
        ("remove", {"a": 1}, 0),
    ],
)
def test_catalog_items_change_as_the_mode_says(engine, mode, prices, rejected):
    """Each mode has its effect on items that exist, change or are new."""
    engine.push(ITEMS["mirror"], [{"sku": "a", "price": 1}, {"sku": "b", "price": 2}])
    guards = {"max_delete_share": 1, "max_reject_share": 1}
    figures = engine.push(ITEMS[mode] | guards, [{"sku": "b", "price": 22}, {"sku": "c", "price": 3}])
    assert prices == {sku: float(row["price"]) for sku, row in engine.items().items()}
    assert rejected == figures.rejected


def test_a_catalog_patch_keeps_what_the_row_does_not_name(engine):
    """An upsert keeps the other fields of an item, and a mirror replaces the item."""
    attribute(engine, "CartItem", "brand", "string")
    engine.push(ITEMS["mirror"], [{"sku": "a", "price": 1, "brand": "x"}])
    engine.push(ITEMS["upsert"] | {"map": {"sku": "sku", "price": "price"}}, [{"sku": "a", "price": 5}])
    assert 5 == float(engine.items()["a"]["price"])
    assert {"brand": "x"} == engine.items()["a"]["attributes"]


RULES = {mode: case("catalog_rules", mode, catalog_id=1) for mode in SINKS["catalog_rules"].modes}
CHEAP = [{"attr": "sku", "op": "EQ", "value": "a"}]


def test_catalog_rules_change_and_remove_what_passes_their_filters(engine):
    """A rule changes or removes the items that match its filters, and no others."""
    engine.push(ITEMS["mirror"], [{"sku": "a", "price": 1}, {"sku": "b", "price": 2}])
    engine.push(RULES["upsert"], [{"rule": "r1", "filters": CHEAP, "price": 9}])
    assert {"a": 9, "b": 2} == {sku: float(row["price"]) for sku, row in engine.items().items()}
    engine.push(RULES["remove"] | {"allow_destructive": True}, [{"rule": "r1", "filters": CHEAP}])
    assert {"b"} == set(engine.items())


def test_a_rule_without_filter_is_refused_before_the_first_call(engine):
    """A rule without a filter is refused, because it would change the whole catalog."""
    engine.push(ITEMS["mirror"], [{"sku": "a", "price": 1}])
    engine.requests()
    with pytest.raises(GuardError, match="allow_whole_catalog"):
        engine.push(RULES["upsert"], [{"rule": "r1", "filters": [], "price": 9}])
    assert 0 == engine.requests().get("sync_catalog", 0)


def test_events_are_tracked_once(engine):
    """A second run with the same events sends nothing, because events are known by their id."""
    engine.emu.add("attributes", {"entity": "Event", "eventType": "visit", "name": "shop", "type": "string"})
    rows = [{"eventId": f"e{n}", "profileId": f"p{n % 3}", "type": "visit", "shop": "x"} for n in range(10)]
    mapped = {"profileId": "profileId", "type": "type", "attributes": ["shop"]}
    assert [10, 0] == [engine.push(EVENTS | {"map": mapped}, rows).sent for _ in range(2)]
    assert [{"shop": "x"}] * 10 == [row["attributes"] for row in state(engine, "events")]
    assert {f"e{n}" for n in range(10)} == {line["key"] for line in engine.results()}


def test_an_event_whose_answer_got_lost_happens_once(engine):
    """The retry of an event has the same Idempotency-Key."""
    engine.emu.fault("track_event_v2", "drop_after", count=2)
    rows = [{"eventId": f"e{n}", "profileId": "p", "type": "visit"} for n in range(5)]
    figures = engine.push(EVENTS, rows)
    assert 5 == figures.sent
    assert 5 == len(state(engine, "events"))


def test_events_of_one_profile_are_never_in_flight_together(engine):
    """The events of a profile are sent one after the other, in the order of the rows."""
    engine.emu.fault("track_event_v2", "latency", count=0, seconds=0.02)
    rows = [{"eventId": f"e{n}", "profileId": f"p{n % 2}", "type": f"t{n}"} for n in range(20)]
    engine.push(EVENTS, rows, concurrency=8)
    engine.emu.clear_faults()
    by_profile = {
        who: [row["type"] for row in state(engine, "events") if row["profile"] == who] for who in ("p0", "p1")
    }
    assert {"p0": [f"t{n}" for n in range(0, 20, 2)], "p1": [f"t{n}" for n in range(1, 20, 2)]} == by_profile
    assert 2 == engine.emu.counters()["track_event_v2"]["max_in_flight"]


SESSION = {"customerSessionId": "s1", "profileId": "p1", "state": "closed"}
CART = [{"name": "Milk", "sku": "m", "quantity": 2, "price": 1.5}]


def sessions(engine):
    """Return id, profile and state of each session."""
    return {(row["integration_id"], row["profile"], row["state"]) for row in state(engine, "sessions")}


def test_sessions_close_are_returned_and_reopened(engine):
    """Two sessions are closed, an item of the first is returned, and the second is reopened."""
    engine.push(SESSIONS, [SESSION | {"cartItems": CART}, SESSION | {"customerSessionId": "s2"}])
    assert {("s1", "p1", "closed"), ("s2", "p1", "closed")} == sessions(engine)
    items = [{"position": 0, "quantity": 1}]
    engine.push(RETURNS, [{"returnId": "r1", "customerSessionId": "s1", "returnedCartItems": items}])
    assert [[items[0] | {"sku": "m"}]] == [row["items"] for row in state(engine, "returns")]
    engine.push(REOPENS, [{"reopenId": "o1", "customerSessionId": "s2"}])
    assert {("s1", "p1", "partially_returned"), ("s2", "p1", "open")} == sessions(engine)
    assert ["o1", "r1", "s1", "s2"] == sorted(line["key"] for line in engine.results())


COUPONS = {
    mode: case("coupon_reservations", mode, allow_destructive=True) for mode in SINKS["coupon_reservations"].modes
}


def reservations(engine):
    """Return pairs of coupon and profile."""
    coupons = {row["id"]: row["value"] for row in state(engine, "coupons")}
    names = {row["id"]: row["integration_id"] for row in state(engine, "profiles")}
    return {(coupons[row["coupon"]], names[row["profile"]]) for row in state(engine, "reservations")}


def pairs(*texts):
    """Return rows of the sink."""
    return [{"couponValue": text[0], "integrationId": text[1]} for text in texts]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("mirror", {("A", "2"), ("B", "1")}),
        ("upsert", {("A", "1"), ("A", "2"), ("B", "1")}),
        ("add", {("A", "1"), ("A", "2"), ("B", "1")}),
        ("remove", {("A", "1")}),
    ],
)
def test_coupons_are_reserved_and_released(engine, mode, expected):
    """Each request has one coupon with all of its profiles."""
    engine.emu.add("profiles", {"integrationId": "1"}, {"integrationId": "2"})
    engine.emu.add("coupons", {"value": "A"}, {"value": "B"})
    engine.push(COUPONS["mirror"], pairs("A1", "A2"))
    engine.push(COUPONS[mode] | {"max_delete_share": 1}, pairs("A2", "B1"))
    assert expected == reservations(engine)


def test_a_coupon_that_is_not_there_rejects_its_rows_only(engine):
    """The rows of a missing coupon are rejected, and the other coupon is reserved."""
    engine.emu.add("profiles", {"integrationId": "1"}, {"integrationId": "2"})
    engine.emu.add("coupons", {"value": "A"})
    figures = engine.push(COUPONS["add"] | {"max_reject_share": 1}, pairs("A1", "B1", "B2"))
    assert {("A", "1")} == reservations(engine)
    assert 1 == figures.sent
    assert 2 == figures.rejected
    assert ["B", "B"] == [json.loads(line["key"])[0] for line in engine.rejects()]


def test_referral_codes_come_into_the_results_file(engine):
    """Codes are written to the results file, for one advocate per request and for many."""
    advocates = ["a", "b", *(f"m{n}" for n in range(150))]
    engine.emu.add("profiles", *({"integrationId": name} for name in advocates))
    rows = [{"advocateProfileIntegrationId": name} for name in ("a", "b")]
    engine.push(REFERRALS, rows)
    singles = {line["key"]: line["answer"]["code"] for line in engine.results()}
    assert singles == {row["advocate"]: row["code"] for row in state(engine, "referrals")}
    engine.push(MANY_REFERRALS, [{"advocateProfileIntegrationId": name} for name in advocates[2:]])
    codes = {row["code"] for row in state(engine, "referrals") if row["advocate"].startswith("m")}
    answers = [line["answer"] for line in engine.results() if line["key"] is None]
    assert codes == {item["code"] for answer in answers for item in answer["data"]}
    assert 150 == len(codes)


class _SaysElse(RequestsTransport):
    """Sends every request, but replaces the answers to writes by undocumented ones."""

    other = Response(200, {}, b'{"message":"queued"}')

    def send(self, method, *rest):
        """See Transport."""
        answer = super().send(method, *rest)
        return answer if method == "GET" else self.other


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207])
@pytest.mark.parametrize("sink", ["one by one", "in batches", "repeatable"])
def test_what_is_not_the_documented_yes_is_never_acknowledged(engine, sink, status):
    """An undocumented success fails the run; repeatable rows are sent again, and others become unknown."""
    given, rows = {
        "one by one": (REFERRALS, [{"advocateProfileIntegrationId": "ada"}]),
        "in batches": (MANY_REFERRALS, [{"advocateProfileIntegrationId": "ada"}]),
        "repeatable": (PROFILES, [{"id": "ada", "tier": "gold", "points": 1}]),
    }[sink]
    engine.emu.add("profiles", {"integrationId": "ada"})
    attribute(engine, "CustomerProfile", "tier", "string")
    attribute(engine, "CustomerProfile", "points", "number")
    with engine.client() as client:
        transport = _SaysElse(client.config)
        transport.other = Response(status, {}, b'{"message":"queued"}')
        with TalonOneClient(client.config, transport=transport, sleep=lambda _: None) as changed:
            engine.client = lambda: changed
            with pytest.raises(IncompleteError, match=r"the answer is not the .*queued"):
                engine.push(given, rows)
    del engine.client
    assert (sink == "repeatable") == bool(engine.push(given, rows).sent)
    assert ([] if sink == "repeatable" else ["unknown"]) == [line["kind"] for line in engine.rejects()]


def test_a_referral_whose_answer_got_lost_is_unknown_and_not_sent_again(engine):
    """A referral without an answer is unknown and is not sent again, because it could be created twice."""
    engine.emu.add("profiles", {"integrationId": "a"}, {"integrationId": "b"})
    engine.emu.fault("create_referral", "drop_after", count=1)
    rows = [{"advocateProfileIntegrationId": name} for name in ("a", "b")]
    with pytest.raises(IncompleteError, match="does not answer"):
        engine.push(REFERRALS, rows, concurrency=1)
    assert (1, 0) == ((figures := engine.push(REFERRALS, rows)).sent, figures.unknown)
    assert 2 == len(state(engine, "referrals"))
    assert ["unknown"] == [line["kind"] for line in engine.rejects()]


@pytest.mark.parametrize("given", [REFERRALS, MANY_REFERRALS], ids=["one by one", "in batches"])
def test_a_row_whose_request_never_began_is_not_unknown(engine, given):
    """After a push that is stopped before a request, the next one sends the rows, although none may be sent twice."""
    names = [f"p-{n}" for n in range(3)]
    engine.emu.add("profiles", *({"integrationId": name} for name in names))
    rows = [{"advocateProfileIntegrationId": name} for name in names]
    stop = StopSignal()
    with (
        engine.client() as client,
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="test", check=stop.check) as run,
    ):
        run.open(destination_from("rows", given)).add(rows, names)
        stop.set()
        with pytest.raises(Stopped):
            run.finish()
    assert 3 == engine.push(given, rows).sent
    assert [] == engine.rejects()
    assert names == sorted(row["advocate"] for row in state(engine, "referrals"))


@pytest.mark.parametrize("mode", ["add", "upsert"])
def test_cards_are_linked_to_profiles(engine, mode):
    """Several profiles can be linked to one card."""
    engine.emu.add("profiles", {"integrationId": "a"}, {"integrationId": "b"})
    engine.emu.add("cards", {"program": 1, "identifier": "card-1"})
    figures = engine.push(LINKS[mode], [{"loyaltyCardId": "card-1", "integrationId": name} for name in ("a", "b")])
    assert 2 == figures.sent
    assert 2 == len(state(engine, "card_profiles"))
    removal = LINKS["remove"] | {"allow_destructive": True, "max_reject_share": 1}
    figures = engine.push(removal, [{"loyaltyCardId": "card-1", "integrationId": name} for name in ("a", "zz")])
    assert (1, 1) == (figures.sent, figures.rejected)
    assert 1 == len(state(engine, "card_profiles"))


def test_cards_are_generated_once(engine):
    """New cards are linked to profiles; a card whose answer got lost is unknown and is not sent again."""
    engine.emu.add("profiles", {"integrationId": "a"})
    rows = [
        {"cardIdentifier": "card-1", "customerProfileIds": ["a"], "status": None},
        {"cardIdentifier": "card-2", "customerProfileIds": None, "status": "inactive"},
    ]
    engine.push(CARDS, rows)
    assert {"card-1": "active", "card-2": "inactive"} == {
        row["identifier"]: row["status"] for row in state(engine, "cards")
    }
    assert 1 == len(state(engine, "card_profiles"))
    assert {"card-1", "card-2"} == {line["answer"]["identifier"] for line in engine.results()}
    engine.emu.fault("generate_loyalty_card", "drop_after", count=1)
    with pytest.raises(IncompleteError, match="does not answer"):
        engine.push(CARDS, [{"cardIdentifier": "card-3"}])
    assert 0 == engine.push(CARDS, [{"cardIdentifier": "card-3"}]).sent
    assert ["unknown"] == [line["kind"] for line in engine.rejects()]


def test_profiles_join_a_program(engine):
    """A profile that has joined already is rejected, and the others join."""
    engine.push(MEMBERS_OF_PROGRAM, [{"integrationId": "a"}])
    with engine.client() as client:
        client.join_loyalty_program(2, "b")
    figures = engine.push(
        MEMBERS_OF_PROGRAM | {"max_reject_share": 1}, [{"integrationId": name} for name in ("a", "b", "c")]
    )
    assert (1, 1) == (figures.sent, figures.rejected)
    assert 3 == len(state(engine, "program_members"))


def test_points_are_activated_50_a_request(engine):
    """Transactions are activated in requests of 50, and one that does not exist is found and rejected alone."""
    engine.emu.add("cards", {"program": 1, "identifier": "card-1"})
    row = {"program": 1, "card": "card-1", "amount": 1, "startDate": "on_action"}
    engine.emu.add_transactions([row] * 120)
    uuids = [each["uuid"] for each in state(engine, "ledger")]
    engine.requests()
    figures = engine.push(ACTIVATIONS, [{"transactionUUID": uuid} for uuid in uuids[:110]])
    assert 110 == figures.sent
    assert 3 == engine.requests()["activate_loyalty_points"]
    rows = [{"transactionUUID": uuid} for uuid in [*uuids[110:], "00000001-0000-4000-8000-ffffffffffff"]]
    figures = engine.push(ACTIVATIONS | {"max_reject_share": 1}, rows)
    assert (10, 1) == (figures.sent, figures.rejected)
    assert not any("on_action" in each["head"] for each in state(engine, "ledger"))


def test_transactions_are_deleted_only_if_that_is_allowed(engine):
    """Without allow_destructive the guard stops the run; a row deletes in all ledgers or in those that it names.

    A row that lost the names of its ledgers is rejected, and deletes nothing.
    """
    for name in ("a", "b", "c"):
        engine.emu.add("profiles", {"integrationId": name})
        engine.emu.add_transactions(
            {"program": 2, "profile": name, "amount": 1, "subledgerId": subledger} for subledger in ("", "x")
        )
    rows = [
        {"integrationId": "a", "scope": "AllSubledgers", "subledgerIds": None},
        {"integrationId": "b", "scope": "SelectedSubledgers", "subledgerIds": ["x"]},
        {"integrationId": "c", "scope": "SelectedSubledgers", "subledgerIds": None},
    ]
    with pytest.raises(GuardError, match="allow_destructive"):
        engine.push(TRANSACTION_DELETIONS, rows)
    assert 6 == len(state(engine, "ledger"))
    figures = engine.push(TRANSACTION_DELETIONS | {"allow_destructive": True, "max_reject_share": 1}, rows)
    assert (2, 1) == (figures.sent, figures.rejected)
    assert [(2, ""), (3, ""), (3, "x")] == [(row["profile"], row["subledger"]) for row in state(engine, "ledger")]


def test_advanced_events_have_their_id_at_talon_one(engine):
    """An event is sent once; an id that exists at Talon.One, from elsewhere too, is rejected without a retry."""
    with engine.client() as client:
        client.track_event_v3({"integrationId": "e0", "profileId": "p", "type": "visit"})
    engine.requests()
    rows = [{"integrationId": f"e{n}", "profileId": f"p{n % 2}", "type": "visit"} for n in range(4)]
    figures = engine.push(ADVANCED_EVENTS | {"max_reject_share": 1}, rows)
    assert (3, 1) == (figures.sent, figures.rejected)
    assert {"track_event_v3": 4} == {k: v for k, v in engine.requests().items() if k.startswith("track")}
    assert {"e0", "e1", "e2", "e3"} == {row["integration_id"] for row in state(engine, "events")}
    assert {"e1", "e2", "e3"} == {line["key"] for line in engine.results()}


def test_customer_data_is_deleted_only_if_that_is_allowed(engine):
    """Without allow_destructive the guard stops the run; a customer that does not exist is rejected."""
    for name in ("a", "b", "c"):
        engine.emu.add("profiles", {"integrationId": name})
    rows = [{"integrationId": name} for name in ("a", "b", "zz")]
    with pytest.raises(GuardError, match="allow_destructive"):
        engine.push(DELETIONS, rows)
    assert {"a", "b", "c"} == set(profiles(engine))
    engine.push(DELETIONS | {"allow_destructive": True, "max_reject_share": 1}, rows)
    assert {"c"} == set(profiles(engine))
    assert [("zz", 404)] == [(line["key"], line["status"]) for line in engine.rejects()]


def test_every_sink_and_mode_has_a_test_here():
    """Every mode of every sink is used by a test of this module, or of that for imports."""
    imports = {
        (one.name, mode) for one in vars(import_sinks).values() if isinstance(one, SinkType) for mode in one.modes
    }
    assert {(sink.name, mode) for sink in SINKS.values() for mode in sink.modes} == COVERED | imports
    assert not COVERED & imports


def test_all_writes_are_reached_through_a_sink():
    """The sinks use all 25 operations of the Integration API that write, and the imports of the Management API."""
    writes = {one.name for one in endpoints.ALL if one.writes} - NO_SINK
    reached = {
        action.endpoint.name for sink in SINKS.values() for mode in sink.modes.values() for action in mode.values()
    }
    assert 25 == sum(endpoints.BY_NAME[name].api == "integration" for name in writes)
    assert writes == reached


@pytest.mark.parametrize("sink", SINKS.values(), ids=list(SINKS))
def test_an_unsupported_mode_is_refused_with_the_list_of_supported_ones(engine, sink):
    """An unsupported mode is refused before the source is read."""
    with pytest.raises(SyncConfigError) as raised:
        engine.push({"sink": sink.name, "mode": "replace"}, [{}])
    assert f"the sink {sink.name} has no mode 'replace'; it has {', '.join(sink.modes)}" in str(raised.value)
