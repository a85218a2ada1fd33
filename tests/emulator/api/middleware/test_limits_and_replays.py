"""Idempotency-Key, limits of requests in flight (409), and the rate limit of the Management API (429)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import requests

from talon_one_client import endpoints
from talon_one_emulator import Emulator

PROFILE = "update_customer_profile_v2"
KEYED = [endpoint.name for endpoint in endpoints.ALL if endpoint.idempotency_key]
REQUESTS = {
    "reopen_customer_session": (("s",), None, {}),
    "return_cart_items": (("s",), {"return": {"returnedCartItems": [{"position": 0, "quantity": 1}]}}, {}),
    "track_event_v2": ((), {"profileId": "ada", "type": "visit", "responseContent": ["event"]}, {"silent": "no"}),
    "update_customer_profile_v2": (("ada",), {"responseContent": ["customerProfile"]}, {"runRuleEngine": "true"}),
    "update_customer_profiles_v2": ((), {"customerProfiles": [{"integrationId": "ada"}]}, {"silent": "no"}),
    "update_customer_session_v2": (("new",), {"customerSession": {}, "responseContent": ["customerSession"]}, {}),
}


@pytest.fixture
def closed(api):
    """Return a closed session ``s`` with units to return."""
    session = {"profileId": "ada", "state": "closed", "cartItems": [{"sku": "A", "quantity": 5, "price": 1}]}
    api("update_customer_session_v2", "s", body={"customerSession": session})


@pytest.mark.parametrize("operation", KEYED)
def test_a_key_replays_the_answer(api, emu, closed, operation):
    """The six documented operations give the same answer again, byte for byte, and change nothing."""
    path, body, query = REQUESTS[operation]
    first = api(operation, *path, body=body, headers={"Idempotency-Key": "k"}, **query)
    state = emu.state()
    second = api(operation, *path, body=body, headers={"Idempotency-Key": "k"}, **query)
    assert first.status == second.status
    assert first.text == second.text
    assert first.status == 200
    assert state == emu.state()
    assert [entry["replayed"] for entry in emu.requests(operation)][-2:] == [False, True]


def events(emu):
    """Return the number of stored events."""
    return len(emu.state("events")["events"])


def track(api, key, **body):
    """Send an event under a key."""
    return api("track_event_v2", body={"profileId": "ada", "type": "visit", **body}, headers={"Idempotency-Key": key})


def test_without_a_key_a_request_counts_twice(api, emu):
    """An event without a key is stored each time."""
    for _ in range(2):
        api("track_event_v2", body={"profileId": "ada", "type": "visit"})
    assert events(emu) == 2


def test_a_key_is_kept_for_24_hours(api, emu):
    """An answer is replayed until one microsecond before 24 hours, and not at 24 hours."""
    emu.clock(freeze="2025-01-01T00:00:00Z")
    track(api, "k")
    emu.clock(freeze="2025-01-01T23:59:59.999999Z")
    track(api, "k")
    assert events(emu) == 1
    emu.clock(freeze="2025-01-02T00:00:00Z")
    track(api, "k")
    assert events(emu) == 2


@pytest.mark.parametrize(("value", "status"), [("reject", 400), ("replay", 204)])
def test_a_key_with_another_body(api, emu, value, status):
    """A switch decides whether a key of another request is refused or replays the answer of that request."""
    emu.switch(idempotency_reuse=value)
    track(api, "k")
    assert track(api, "k", attributes={"page": "home"}).status == status
    assert events(emu) == 1


@pytest.mark.parametrize(("length", "status"), [(255, 204), (256, 400)])
def test_a_key_has_255_characters_at_most(api, length, status):
    """A key of 255 characters is accepted, a longer one is refused."""
    assert track(api, "k" * length).status == status


def test_errors_are_not_kept(api, emu):
    """A refused request can be corrected and sent again with the same key."""
    assert track(api, "k", attributes={"nope": 1}).status == 400
    assert track(api, "k").status == 204


def test_keys_belong_to_an_operation(api, emu):
    """The same key on another operation is another key."""
    track(api, "k")
    assert api(PROFILE, "ada", body={}, headers={"Idempotency-Key": "k"}).status == 200


def test_keys_are_of_the_current_era(api, emu, seed_era):
    """Era ``seed`` does not know the header."""
    track(api, "k")
    track(api, "k")
    assert events(emu) == 2


def test_other_operations_ignore_keys(api, emu):
    """The operation createReferral documents no key, so that two requests create two referrals."""
    body = {"campaignId": 1, "advocateProfileIntegrationId": "ada"}
    for _ in range(2):
        api("create_referral", body=body, headers={"Idempotency-Key": "k"})
    assert len(emu.state("referrals")["referrals"]) == 2


def at_once(emu, count, method, path, body):
    """Return the statuses of requests that are in flight at the same time."""
    headers = {"Authorization": f"ApiKey-v1 {emu.api_key}", "Connection": "close"}
    with ThreadPoolExecutor(count) as pool:
        sent = [pool.submit(requests.request, method, emu.url + path, json=body, headers=headers) for _ in range(count)]
        return sorted(each.result().status_code for each in sent)


@pytest.mark.parametrize(
    ("operation", "method", "path", "body"),
    [
        (PROFILE, "PUT", "/v2/customer_profiles/ada", {}),
        ("update_customer_session_v2", "PUT", "/v2/customer_sessions/s", {"customerSession": {}}),
        ("track_event_v2", "POST", "/v2/events?silent=no", {"profileId": "ada", "type": "visit"}),
        (
            "track_event_v3",
            "POST",
            "/v3/events?silent=no&dry=true",
            {"integrationId": "e", "profileId": "ada", "type": "visit"},
        ),
    ],
)
def test_three_requests_may_be_in_flight_on_one_subject(emu, operation, method, path, body):
    """Of five parallel requests on one profile or session, two get 409; later requests are accepted again."""
    emu.fault(operation, "latency", seconds=0.4, count=5)
    assert at_once(emu, 5, method, path, body) == [200, 200, 200, 409, 409]
    assert at_once(emu, 3, method, path, body) == [200, 200, 200]
    assert emu.counters()[operation]["max_in_flight"] >= 3


def test_a_conflict_is_documented(emu, api):
    """The 409 has a message and StatusCode."""
    emu.fault(PROFILE, "latency", seconds=0.4, count=4)
    with ThreadPoolExecutor(4) as pool:
        path = emu.url + "/v2/customer_profiles/ada"
        sent = [
            pool.submit(requests.put, path, json={}, headers={**api.key("integration"), "Connection": "close"})
            for _ in range(4)
        ]
        refused = next(each.result() for each in sent if each.result().status_code == 409)
    assert refused.json()["StatusCode"] == 409


def test_other_subjects_are_free(emu):
    """Requests on different profiles do not count against each other, nor do batches."""
    emu.fault("update_customer_profiles_v2", "latency", seconds=0.2, count=5)
    assert at_once(emu, 5, "PUT", "/v2/customer_profiles", {"customerProfiles": []}) == [204] * 5


def test_management_endpoints_take_three_requests_a_second(client_of):
    """The fourth request of a second gets 429 without Retry-After; other endpoints and the next second are free."""
    with Emulator() as emu:
        api = client_of(emu)
        replies = [api("get_loyalty_programs") for _ in range(4)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429]
        assert replies[3].json["StatusCode"] == 429
        assert "Retry-After" not in replies[3].headers
        assert api("get_audiences").status == 200
        emu.clock(advance=1)
        assert api("get_loyalty_programs").status == 200


def test_the_integration_api_has_no_such_rate(client_of):
    """No number is documented for the Integration API, so none is enforced."""
    with Emulator(seed="demo") as emu:
        api = client_of(emu)
        assert {api("get_loyalty_card_balances", 1, "card-ada").status for _ in range(20)} == {200}


def test_the_rate_can_be_set(client_of):
    """With management_rate=1, the second request of a second gets 429."""
    with Emulator(management_rate=1) as emu:
        api = client_of(emu)
        assert [api("get_applications").status for _ in range(2)] == [200, 429]


def test_ids_count_up(emu):
    """Ledger ids follow the order of insertion."""
    ids = emu.add_transactions([{"card": "card-ada", "amount": 1} for _ in range(5)])
    assert all(later == earlier + 1 for earlier, later in pairwise(ids))
