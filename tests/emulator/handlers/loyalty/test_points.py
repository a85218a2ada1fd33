"""Unused points: their lists agree with the balances, their filters, their activation, and deleted transactions."""

from __future__ import annotations

from decimal import Decimal

import pytest

LISTS = [
    ("get_loyalty_card_points", "get_loyalty_card_balances", 1, "card-"),
    ("get_loyalty_program_profile_points", "get_loyalty_balances", 2, "profile-"),
]


@pytest.mark.parametrize(("points", "balances", "program", "prefix"), LISTS, ids=["cards", "profiles"])
def test_points_add_up_to_the_balances(api, emu, *, points, balances, program, prefix):
    """The pages of each status add up to the balance that is computed independently of the endpoints."""
    emu.reset("synthetic", cards=2, transactions=60, profile_transactions=60)
    emu.clock(freeze="2025-02-04T23:00:00Z")
    truth = {(row[0], row[1]): row[2:] for row in emu.truth(program)["balances"]}
    for (owner, subledger), (active, pending, _, expired, _) in truth.items():
        for status, expected in (("active", active), ("pending", pending), ("expired", expired)):
            rows, skip = [], 0
            while True:
                query = {"status": status, "subledgerId": subledger, "pageSize": 7, "skip": skip}
                page = api(points, program, owner, **query).json
                rows += page["data"]
                skip += len(page["data"])
                if not page["hasMore"]:
                    break
            assert sum((Decimal(row["amount"]) for row in rows), Decimal(0)) == expected
            assert {row["subledgerId"] for row in rows} <= {subledger}
            assert len({row["id"] for row in rows}) == len(rows)
            assert all(owner.startswith(prefix) and "type" not in row for row in rows)


def test_points_are_sorted_and_filtered(api, emu):
    """Points come in the order that is asked for, and only those of sessions, transactions and subledgers."""
    emu.reset("synthetic", cards=1, transactions=60)
    emu.clock(freeze="2024-01-02T00:00:00Z")

    def listed(**query):
        return api("get_loyalty_card_points", 1, "card-000001", pageSize=100, **query).json["data"]

    dates = [row["expiryDate"] for row in listed(sort="expiryDate")]
    assert dates == sorted(dates)
    starts = [row["created"] for row in listed(sort="-startDate")]
    assert starts == sorted(starts, reverse=True)
    emu.switch(order="oldest")
    ids = [row["id"] for row in listed()]
    assert ids == sorted(ids)
    first = listed()[0]
    assert [first] == listed(transactionUUIDs=[first["transactionUUID"], "other"])
    assert [first] == listed(customerSessionIDs=first["customerSessionId"])
    assert {row["subledgerId"] for row in listed(subledgerId=["bonus"])} == {"bonus"}


def test_points_of_a_session_are_activated(api, emu):
    """Activation names a session; points that have expired stay as they are, and active ones pay a debt."""
    emu.clock(freeze="2025-06-01T00:00:00Z")
    emu.add("cards", {"identifier": "card-x"})
    row = {"card": "card-x", "created": "2025-01-01T00:00:00Z", "startDate": "on_action", "customerSessionId": "s"}
    waiting, expired, _ = emu.add_transactions(
        [
            {**row, "amount": 5},
            {**row, "amount": 6, "expiryDate": "2025-05-01T00:00:00Z"},
            {"card": "card-x", "amount": 2, "type": "subtraction", "created": "2025-02-01T00:00:00Z"},
        ]
    )
    reply = api("activate_loyalty_points", 1, body={"sessionId": "s"})
    assert [entry["amount"] for entry in reply.json["ledgerEntries"]] == [5]
    points = api("get_loyalty_card_points", 1, "card-x").json["data"]
    assert [(row["id"], row["amount"]) for row in points] == [(waiting, 3)]
    rows = {row["id"]: row["startDate"] for row in api("get_loyalty_card_transactions", 1, "card-x").json["data"]}
    assert rows[waiting] == "2025-06-01T00:00:00.000000Z"
    assert rows[expired] == "on_action"


@pytest.mark.parametrize("body", [{}, {"sessionId": "s", "transactionUUIDs": ["u"]}, {"transactionUUIDs": ["u"] * 51}])
def test_an_activation_names_a_session_or_up_to_50_transactions(api, body):
    """Neither, both and too many are refused."""
    assert api("activate_loyalty_points", 1, body=body).status == 400


@pytest.mark.parametrize(("batch", "active"), [("all_or_nothing", "on_action"), ("partial", "2025")])
def test_an_unknown_transaction_is_not_activated(api, emu, batch, active):
    """An unknown transaction is 404; whether the others are activated is up to the switch ``batch``."""
    emu.clock(freeze="2025-06-01T00:00:00Z")
    emu.switch(batch=batch)
    (row,) = api("get_loyalty_card_points", 1, "card-ben", status="pending").json["data"]
    reply = api("activate_loyalty_points", 1, body={"transactionUUIDs": [row["transactionUUID"], "other"]})
    assert reply.status == 404
    head = next(each["head"] for each in emu.state("ledger")["ledger"] if each["id"] == row["id"])
    assert f'"startDate":"{active}' in head
    assert api("activate_loyalty_points", 1, body={"sessionId": "none"}).status == 404


@pytest.mark.parametrize(
    ("program", "body", "status"),
    [
        (2, {"scope": "SelectedSubledgers"}, 400),
        (2, {"scope": "SelectedSubledgers", "subledgerIds": []}, 400),
        (2, {"scope": "All"}, 400),
        (1, {"scope": "AllSubledgers"}, 400),
        (9, {"scope": "AllSubledgers"}, 404),
    ],
)
def test_a_deletion_names_its_ledgers(api, emu, program, body, status):
    """A deletion without ledgers, in a card-based program or in none is refused and deletes nothing."""
    before = emu.state("ledger")
    assert api("delete_loyalty_transactions_from_ledgers", program, "ada", body=body).status == status
    assert emu.state("ledger") == before


def test_ids_of_deleted_transactions_are_not_given_again(api, emu):
    """A transaction that is created after a deletion has a new id, also if the last ones were deleted."""
    row = {"program": 2, "profile": "ada", "amount": 1}
    (last,) = emu.add_transactions([row])
    api("delete_loyalty_transactions_from_ledgers", 2, "ada", body={"scope": "AllSubledgers"})
    assert emu.add_transactions([row]) == [last + 1]
    assert emu.delete_transactions([last + 1]) == 1
    assert emu.add_transactions([row]) == [last + 2]
