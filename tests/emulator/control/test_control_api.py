"""The control endpoints, the clock, the log, and persistence."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

import pytest

from talon_one_emulator import Emulator
from talon_one_emulator.control.control_api import PREFIX


def control(api, method, path, body=None):
    """Call a control endpoint without a key."""
    return api.send(method, f"{PREFIX}/{path}", json=body)


def test_health(api):
    """The health endpoint answers without a key."""
    assert control(api, "GET", "health").json == {"status": "ok", "era": "current", "seed": "demo"}


def test_faults(api):
    """Faults are added, listed and cleared over HTTP."""
    added = control(api, "POST", "faults", {"route": "*", "kind": 503, "count": 2, "retry_after": 1})
    assert added.json["kind"] == "503"
    assert added.json["count"] == 2
    assert api("get_loyalty_programs").headers["Retry-After"] == "1"
    assert control(api, "GET", "faults").json[0]["hits"] == 1
    assert control(api, "DELETE", "faults").status == 200
    assert api("get_loyalty_programs").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"route": "*"}),
        ("POST", "faults", {"route": "*", "kind": "500", "nope": 1}),
        ("POST", "faults", []),
        ("POST", "switches", {"order": "random"}),
        ("POST", "clock", {"freeze": "soon"}),
        ("POST", "clock", {"advance": -1}),
        ("POST", "clock", {"nope": 1}),
        ("POST", "reset", {"seed": {"name": "jorney"}}),
        ("POST", "reset", {"era": "future"}),
        ("POST", "seed", {"nope": 1}),
        ("POST", "transactions", [{"card": "card-none", "amount": 1}]),
        ("POST", "transactions", [{"card": "card-ada", "amount": -1}]),
        ("POST", "transactions", [{"card": "card-ada", "amount": "x"}]),
        ("POST", "transactions", [{"card": "card-ada", "amount": 1, "colour": "red"}]),
        ("POST", "transactions", [{"amount": 1}]),
        ("POST", "transactions", {}),
        ("POST", "attributes", [{"entity": "Nobody", "name": "a", "type": "string"}]),
        ("POST", "attributes", [{"entity": "Event", "name": "a", "type": "text"}]),
        ("POST", "cards", [{"identifier": "card-ada"}]),
        ("POST", "programs", [{}]),
        ("GET", "state?table=nope", None),
        ("GET", "truth?program=one", None),
    ],
)
def test_nonsense_is_refused(api, method, path, body):
    """Invalid input gets 400 with a message and changes no data."""
    reply = control(api, method, path, body)
    assert reply.status == 400
    assert reply.json["message"]


def test_switches_and_clock(api):
    """Switches and clock can be read and set over HTTP."""
    assert control(api, "POST", "switches", {"order": "newest"}).json["values"]["order"] == "newest"
    assert control(api, "GET", "switches").json["choices"]["errors"] == ["first", "all"]
    assert control(api, "POST", "clock", {"freeze": "2030-01-01"}).json["now"] == "2030-01-01T00:00:00.000000Z"
    assert control(api, "POST", "clock", {"advance": 1.5}).json["now"] == "2030-01-01T00:00:01.500000Z"
    assert control(api, "POST", "clock", {"reset": True}).json["frozen"] is False
    assert control(api, "GET", "clock").json["shift_s"] == 0


def test_the_clock_moves_balances(api, emu):
    """Without endDate a balance is as of the emulator's clock."""
    emu.clock(freeze="2025-01-10T09:29:59Z")
    assert api("get_loyalty_card_balances", 1, "card-ada").json["balance"]["activePoints"] == 0
    emu.clock(advance=1)
    assert api("get_loyalty_card_balances", 1, "card-ada").json["balance"]["activePoints"] == 100.5


def test_fixtures(api):
    """Attributes, campaigns, cards, catalogs, coupons, profiles, programs and rows are made over HTTP."""
    control(api, "POST", "attributes", [{"entity": "CustomerProfile", "name": "size", "type": "number"}])
    control(api, "POST", "campaigns", [{"id": 7, "name": "seven"}])
    control(api, "POST", "coupons", [{"value": "SEVEN", "campaignId": 7}])
    control(api, "POST", "catalogs", [{"id": 7, "name": "seven"}])
    control(api, "POST", "programs", [{"id": 7, "name": "seven", "cardBased": True}])
    control(api, "POST", "profiles", [{"integrationId": "seven", "attributes": {"size": 7}, "totalSales": 7.5}])
    assert control(api, "POST", "cards", [{"program": 7, "identifier": "card-7", "profiles": ["seven"]}]).status == 200
    row = {"program": 7, "card": "card-7", "amount": 7.25, "created": "2025-07-07T00:00:00Z"}
    made = control(api, "POST", "transactions", [row]).json["ids"]
    assert api("get_loyalty_card_balances", 7, "card-7").json["balance"]["activePoints"] == 7.25
    assert api("create_referral", body={"campaignId": 7, "advocateProfileIntegrationId": "seven"}).status == 201
    assert api("list_catalog_items", 7).json["data"] == []
    assert api("get_reserved_customers", "SEVEN").status == 200
    assert control(api, "DELETE", "transactions", made).json == {"deleted": 1}
    assert control(api, "GET", "truth?program=7").json["balances"] == []


def test_the_log_and_the_counters(api):
    """Each request is logged with operation, key kind, status and sizes, and counted."""
    api("get_loyalty_card_balances", 1, "card-ada", endDate="2025-01-01")
    api.send("PUT", "/v2/customer_profiles/a%2Fb", data=b"{", headers={"Idempotency-Key": "k"})
    api.send("GET", "/nowhere", headers={"Authorization": "ApiKey-v1 nope"})
    first, second, third = control(api, "GET", "requests").json
    assert first["operation"] == "get_loyalty_card_balances"
    assert first["key"] == "integration"
    assert first["query"] == "endDate=2025-01-01"
    assert second["path"] == "/v2/customer_profiles/a%2Fb"
    assert second["status"] == 401
    assert second["key"] == "none"
    assert second["idempotency_key"] == "k"
    assert second["body_bytes"] == 1
    assert third["operation"] is None
    assert third["key"] == "wrong"
    assert third["status"] == 404
    assert len(control(api, "GET", "requests?operation=get_loyalty_card_balances").json) == 1
    counters = control(api, "GET", "counters").json
    assert counters["get_loyalty_card_balances"] == {"requests": 1, "statuses": {"200": 1}, "max_in_flight": 1}
    assert counters["unknown"]["statuses"] == {"404": 1}
    control(api, "DELETE", "requests")
    assert control(api, "GET", "requests").json == []


def test_the_state_is_complete(api):
    """Every table can be read, JSON columns as JSON."""
    state = control(api, "GET", "state").json
    assert len(state) == 31
    assert state["profiles"][0]["attributes"]["Name"] == "Ada"
    assert control(api, "GET", "state?table=cards&table=coupons").json.keys() == {"cards", "coupons"}


def test_reset_and_seed(api, emu):
    """The endpoint seed replaces the data only; reset also resets faults, switches, clock and log."""
    emu.fault("*", "500", count=0)
    emu.switch(order="newest")
    emu.clock(freeze="2030-01-01")
    assert (
        control(api, "POST", "seed", {"name": "synthetic", "cards": 2, "transactions": 3}).json["seed"] == "synthetic"
    )
    assert len(emu.state("ledger")["ledger"]) == 6
    assert len(emu.faults()) == 1
    assert control(api, "POST", "reset", {"era": "seed"}).json["era"] == "seed"
    assert emu.faults() == []
    assert emu.switch()["order"] == "shuffled"
    assert emu.clock()["frozen"] is False
    assert len(emu.state("ledger")["ledger"]) == 6


def test_synthetic_data_is_the_same_every_time(emu):
    """Two loads give the same rows, and as many as asked for."""

    def rows():
        emu.reset("synthetic", cards=3, transactions=50, profile_transactions=4)
        return emu.state("ledger", "cards", "items", "profiles")

    first = rows()
    assert {name: len(values) for name, values in first.items()} == {
        "ledger": 162,
        "cards": 3,
        "items": 3,
        "profiles": 3,
    }
    assert first["ledger"] == rows()["ledger"]


def test_synthetic_data_can_cover_a_year(emu):
    """With days, the rows of each card are in order and in every month, and are otherwise the same rows."""
    found = []
    for days in (0, 366):
        emu.reset("synthetic", cards=3, transactions=60, days=days)
        found.append(emu.state("ledger")["ledger"])
    by_card = {}
    for row in found[1]:
        by_card.setdefault(row["card"], []).append(row["created"])
    assert all(instants == sorted(instants) for instants in by_card.values())
    months = {name: {datetime.fromtimestamp(at / 1e6, UTC).month for at in ats} for name, ats in by_card.items()}
    assert {name: set(range(1, 13)) for name in by_card} == months
    assert [row["amount"] for row in found[0]] == [row["amount"] for row in found[1]]


def test_a_database_file_outlives_the_emulator(tmp_path, client_of):
    """A database file keeps its data at the next start for any seed; a file of another version is refused."""
    file = tmp_path / "account.sqlite"
    with Emulator(db=file, seed="demo") as emu:
        client_of(emu)("update_customer_profile_v2", "kept", body={"attributes": {"Name": "Kept"}})
    with Emulator(db=file, seed="empty") as emu:
        read = client_of(emu)("get_customer_inventory", "kept", profile="true")
    assert read.json["profile"]["attributes"] == {"Name": "Kept"}


def test_a_foreign_database_is_refused(tmp_path):
    """A SQLite file of another program is refused and not changed."""
    import sqlite3

    file = tmp_path / "other.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(ValueError, match="not a database of this version"), Emulator(db=file):
        pass


def test_it_leaves_nothing_open(client_of):
    """Starting and stopping with an open keep-alive connection raises no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Emulator() as emu:
            assert client_of(emu)("get_loyalty_programs").status == 200


def test_two_emulators_run_side_by_side(client_of):
    """Each has its own port and data."""
    with Emulator(seed="demo") as one, Emulator() as two:
        assert client_of(one)("get_loyalty_card", 1, "card-ada").status == 200
        assert client_of(two)("get_loyalty_card", 1, "card-ada").status == 404


def test_methods_need_a_running_emulator():
    """A call before or after the context raises an error that says so."""
    with pytest.raises(RuntimeError, match="not running"):
        Emulator().counters()
