"""Faults on demand: every kind, and how they are counted."""

from __future__ import annotations

import socket
import time

import pytest
import requests

CARDS = "get_loyalty_card_balances"
PATH = "/v1/loyalty_programs/1/cards/card-ada/balances"
WRITE = "update_customer_profile_v2"


@pytest.mark.parametrize(
    ("kind", "media"), [("403", "json"), ("429", "json"), ("500", "json"), ("502", "html"), ("503", "html")]
)
def test_statuses(api, emu, kind, media):
    """403, 429 and 500 are JSON, 502 and 503 are HTML pages of a gateway; none has Retry-After by default."""
    emu.fault(CARDS, kind)
    reply = api(CARDS, 1, "card-ada")
    assert reply.status == int(kind)
    assert reply.headers.get("Retry-After") is None
    assert media in reply.headers["Content-Type"]
    assert api(CARDS, 1, "card-ada").status == 200


@pytest.mark.parametrize("kind", ["429", "503"])
def test_retry_after(api, emu, kind):
    """The option retry_after is sent unchanged as the header Retry-After."""
    emu.fault(CARDS, kind, retry_after=7)
    assert api(CARDS, 1, "card-ada").headers["Retry-After"] == "7"


@pytest.mark.parametrize(("kind", "written"), [("drop_before", False), ("drop_after", True)])
def test_dropped_connections(api, emu, kind, written):
    """The connection closes without an answer, before or after the request took effect."""
    emu.fault(WRITE, kind)
    with pytest.raises(requests.ConnectionError):
        api(WRITE, "dropped", body={})
    assert (api("get_customer_inventory", "dropped").status == 200) is written
    assert emu.requests(WRITE)[0]["status"] == 0


def test_truncated_bodies(api, emu):
    """A truncated answer announces its whole body and sends half of it."""
    emu.fault(CARDS, "truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api(CARDS, 1, "card-ada")


def test_malformed_json(api, emu):
    """A malformed answer is a complete 200 whose body is not JSON."""
    emu.fault(CARDS, "malformed")
    reply = api.send("GET", PATH, headers=api.key("integration"))
    assert reply.status == 200
    assert reply.json is None


def test_exports_that_end_early(api, emu):
    """An export that is cut off is a complete answer with the first rows; other answers are unchanged."""
    emu.reset("synthetic", cards=4)
    whole = api("export_loyalty_card_balances", 1).text.splitlines()
    assert 4 < len(whole)
    emu.fault("*", "cut_rows", rows=2, count=0)
    assert whole[:3] == api("export_loyalty_card_balances", 1).text.splitlines()
    assert 4 == len(api("get_loyalty_cards", 1).json["data"])


def test_malformed_instead_of_no_content(api, emu):
    """An operation that answers 204 gives a 200 that is not JSON."""
    emu.fault("delete_audience_memberships_v2", "malformed")
    reply = api.send("DELETE", "/v2/audiences/1/memberships", headers=api.key("integration"))
    assert reply.status == 200
    assert reply.json is None
    assert emu.state("memberships")["memberships"] == []


def test_an_unfinished_upload_is_not_processed(api, emu):
    """A client that leaves in the middle of its body has sent nothing."""
    host, port = emu.url.removeprefix("http://").split(":")
    head = f"PUT /v2/customer_profiles/half HTTP/1.1\r\nHost: x\r\nAuthorization: ApiKey-v1 {emu.api_key}\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{}}".encode())
    assert api("get_customer_inventory", "half").status == 404
    assert emu.requests("update_customer_profile_v2") == []


@pytest.mark.parametrize(("late", "written"), [(False, False), (True, True)])
def test_latency(api, emu, late, written):
    """The answer waits, and ``late`` decides whether the request has taken effect by then."""
    emu.fault(WRITE, "latency", seconds=30, late=late)
    with pytest.raises(requests.ReadTimeout):
        requests.put(emu.url + "/v2/customer_profiles/slow", data=b"{}", headers=api.key("integration"), timeout=0.2)
    assert (api("get_customer_inventory", "slow").status == 200) is written


def test_latency_delays_an_answer(api, emu):
    """An answer arrives after a short latency."""
    emu.fault(CARDS, "latency", seconds=0.05)
    begun = time.monotonic()
    assert api(CARDS, 1, "card-ada").status == 200
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize(
    ("kind", "options", "rows"),
    [
        ("insert_rows", {"rows": 3}, 103),
        ("insert_rows", {"rows": 3, "at": "past"}, 103),
        ("delete_rows", {"rows": 3}, 97),
    ],
)
@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("get_loyalty_card_transactions", (1, "card-000001")),
        ("get_loyalty_card_transaction_logs", (1, "card-000001")),
        ("get_loyalty_program_transactions", (1,)),
        ("get_loyalty_program_profile_transactions", (2, "profile-000001")),
        ("get_loyalty_program_transactions", (2,)),
    ],
)
def test_rows_come_and_go_between_pages(api, emu, *, kind, options, rows, operation, path):
    """After a page, its ledger has more or fewer rows; other reads change nothing."""
    emu.reset("synthetic", cards=1, transactions=100, profile_transactions=100)
    emu.fault("*", kind, **options)
    assert api("get_loyalty_programs").status == 200
    emu.clear_faults()
    emu.fault(operation, kind, **options)
    before = api(operation, *path, pageSize=10, startDate="2000-01-01").json["data"]
    after = emu.state("ledger")["ledger"]
    assert len(before) == 10
    assert sum(row["program"] == path[0] for row in after) == rows


def test_inserted_rows_lie_now_or_in_the_past(emu, api):
    """``at=now`` is after a pinned window, ``at=past`` inside it."""
    emu.reset("synthetic", cards=1, transactions=10)
    window = {"startDate": "2024-01-01", "endDate": "2024-02-01"}
    for at, seen in (("past", 15), ("now", 15)):
        emu.fault("get_loyalty_card_transactions", "insert_rows", rows=5, at=at)
        api("get_loyalty_card_transactions", 1, "card-000001", **window)
        assert len(api("get_loyalty_card_transactions", 1, "card-000001", **window).json["data"]) == seen


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        ({}, [500, 200, 200, 200, 200, 200]),
        ({"count": 2}, [500, 500, 200, 200, 200, 200]),
        ({"count": 0}, [500] * 6),
        ({"after": 2}, [200, 200, 500, 200, 200, 200]),
        ({"every": 2, "count": 0}, [200, 500, 200, 500, 200, 500]),
        ({"after": 1, "every": 2, "count": 2}, [200, 200, 500, 200, 500, 200]),
    ],
)
def test_counting(api, emu, options, statuses):
    """The options count, after and every choose the requests that fail."""
    emu.fault(CARDS, "500", **options)
    assert [api(CARDS, 1, "card-ada").status for _ in range(6)] == statuses
    assert emu.faults()[0]["hits"] == statuses.count(500)


def test_a_share_of_requests(api, emu):
    """The option fraction chooses about that share of requests, and the same ones for the same seed."""
    runs = []
    for _ in range(2):
        emu.clear_faults()
        emu.fault(CARDS, "500", count=0, fraction=0.3, seed=4)
        runs.append([api(CARDS, 1, "card-ada").status for _ in range(60)])
    assert runs[0] == runs[1]
    assert 5 < runs[0].count(500) < 35


@pytest.mark.parametrize(
    ("route", "struck"),
    [
        (CARDS, True),
        ("getLoyaltyCardBalances", True),
        ("/v1/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/balances", True),
        ("GET /v1/loyalty_programs/{loyaltyProgramId}/cards/{loyaltyCardId}/balances", True),
        ("integration", True),
        ("*", True),
        ("management", False),
        ("get_loyalty_balances", False),
    ],
)
def test_routes(api, emu, route, struck):
    """A fault names an operation, a path or a group."""
    emu.fault(route, "500")
    assert (api(CARDS, 1, "card-ada").status == 500) is struck


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("get_loyalty_card_balance", "500"), {}, "did you mean get_loyalty_card_balances"),
        ((CARDS, "50"), {}, "unknown fault"),
        ((CARDS, "500"), {"cuont": 1}, "did you mean count"),
        ((CARDS, "500"), {"count": "many"}, "must be a number"),
        ((CARDS, "500"), {"every": 0}, "at least 1"),
        ((CARDS, "insert_rows"), {"at": "never"}, "now or past"),
    ],
)
def test_nonsense_is_refused(emu, arguments, options, message):
    """An invalid fault raises an error that says why."""
    with pytest.raises(ValueError, match=message):
        emu.fault(*arguments, **options)


def test_a_dropped_write_is_replayed_by_its_key(api, emu):
    """After a drop the same Idempotency-Key gets the stored answer, and the write happened once."""
    api(
        "update_customer_session_v2",
        "s",
        body={"customerSession": {"cartItems": [{"sku": "A", "quantity": 2, "price": 1}], "state": "closed"}},
    )
    body, key = {"return": {"returnedCartItems": [{"position": 0, "quantity": 1}]}}, {"Idempotency-Key": "k"}
    emu.fault("return_cart_items", "drop_after")
    with pytest.raises(requests.ConnectionError):
        api("return_cart_items", "s", body=body, headers=key)
    assert api("return_cart_items", "s", body=body, headers=key).status == 200
    assert len(emu.state("returns")["returns"]) == 1


def test_a_refused_request_uses_no_fault_up(api, emu):
    """A request without a key is refused before the fault sees it."""
    emu.fault(CARDS, "503")
    assert api.send("GET", PATH).status == 401
    assert emu.faults()[0]["hits"] == 0
    assert api(CARDS, 1, "card-ada").status == 503
