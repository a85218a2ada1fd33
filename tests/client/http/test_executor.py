"""Calls that fail on the way: which are repeated, which are not, and how often they take effect."""

import logging
import re
import threading

import pytest

from talon_one_client import ClientConfig, Observer, RetryConfig, Secret, TalonOneClient
from talon_one_client import errors as e

EVENT = {"profileId": "ada", "type": "visit", "attributes": {"page": "x"}}
KEYED = {
    "update_customer_session_v2": lambda c: c.update_customer_session_v2("s-2", {"customerSession": {}}),
    "return_cart_items": lambda c: c.return_cart_items("s-1", {"return": {"returnedCartItems": [{"position": 0}]}}),
    "reopen_customer_session": lambda c: c.reopen_customer_session("s-1"),
    "update_customer_profile_v2": lambda c: c.update_customer_profile_v2("ada", {"attributes": {"Name": "A"}}),
    "update_customer_profiles_v2": lambda c: c.update_customer_profiles_v2({"customerProfiles": []}, silent="no"),
    "track_event_v2": lambda c: c.track_event_v2(EVENT, silent="no"),
}
ONCE = {
    "create_referral": lambda c: c.create_referral({"campaignId": 1, "advocateProfileIntegrationId": "ada"}),
    "create_audience_v2": lambda c: c.create_audience_v2({"name": "New"}),
}
MADE = {"create_referral": "referrals", "create_audience_v2": "audiences"}
TRANSIENT = ["429", "500", "502", "503", "drop_before", "drop_after", "truncate", "malformed"]


@pytest.fixture(params=["auto", "requests"])
def transport(request):
    """The setting of the same name: what is repeated does not depend on it."""
    return request.param


def programs(client):
    """A harmless call."""
    return len(client.get_loyalty_programs()["data"])


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_harmless_request_is_repeated(client, emu, waits, kind):
    """A harmless request is repeated after any failure, with growing waits and jitter."""
    emu.fault("get_loyalty_programs", kind, count=2)
    assert 2 == programs(client)
    assert [0.25, 0.5] == waits


@pytest.mark.parametrize("kind", ["429", "503"])
def test_the_server_says_when(client, emu, waits, kind):
    """The wait follows the Retry-After of the server."""
    emu.fault("get_loyalty_programs", kind, retry_after="3")
    assert 2 == programs(client)
    assert [pytest.approx(3.15)] == waits


def test_a_retry_after_beyond_the_budget_ends_at_once(client, emu, waits):
    """A Retry-After beyond the retry budget ends the call without a wait."""
    emu.fault("get_loyalty_programs", "429", retry_after="3600")
    with pytest.raises(e.RateLimitedError) as raised:
        programs(client)
    assert 1 == raised.value.attempts
    assert [] == waits


def test_attempts_end(emu, client_of, waits):
    """After the last attempt the error of the last answer is raised."""
    emu.fault("get_loyalty_programs", "503", count=0)
    with pytest.raises(e.ServerError) as raised:
        programs(client_of(emu.url, retry=RetryConfig(max_attempts=4)))
    assert 4 == raised.value.attempts
    assert 3 == len(waits)
    assert 503 == raised.value.status


@pytest.mark.parametrize("kind", ["502", "500", "503", "drop_after", "truncate", "malformed"])
@pytest.mark.parametrize("name", ONCE)
def test_what_might_happen_twice_is_not_repeated(client, emu, waits, name, kind):
    """A non-idempotent request is not repeated once the server may have acted; it has happened once at most."""
    before = len(emu.state(MADE[name])[MADE[name]])
    emu.fault(name, kind)
    with pytest.raises(e.TalonOneError) as raised:
        ONCE[name](client)
    made = len(emu.state(MADE[name])[MADE[name]]) - before
    assert 1 == raised.value.attempts
    assert [] == waits
    assert (0 if kind[0] == "5" else 1) == made


@pytest.mark.parametrize("name", ONCE)
def test_what_was_refused_unseen_is_repeated(client, emu, waits, name):
    """A 429 is repeated for any request, because the server has not processed it."""
    before = len(emu.state(MADE[name])[MADE[name]])
    emu.fault(name, "429", count=3)
    ONCE[name](client)
    assert 3 == len(waits)
    assert 1 == len(emu.state(MADE[name])[MADE[name]]) - before


def test_an_address_without_server_is_repeated_until_first_contact_fails(client_of, closed_port, waits):
    """A refused connection is tried three times until a server has answered once."""
    with pytest.raises(e.ConnectionFailedError) as raised:
        ONCE["create_referral"](client_of(f"http://127.0.0.1:{closed_port}"))
    assert 3 == raised.value.attempts
    assert 2 == len(waits)


def test_a_server_that_was_there_is_waited_for(serve, client_of, waits):
    """After a first answer, refused connections are retried for the whole budget, for any request."""
    server = serve((200, {"Connection": "close"}, b'{"data":[],"totalResultSize":0}'))
    client = client_of(server.url, retry=RetryConfig(max_attempts=6))
    programs(client)
    server.shutdown()
    server.socket.close()
    with pytest.raises(e.ConnectionFailedError) as raised:
        ONCE["create_referral"](client)
    assert 6 == raised.value.attempts
    assert 5 == len(waits)


@pytest.mark.parametrize("kind", TRANSIENT)
@pytest.mark.parametrize("name", KEYED)
def test_an_idempotency_key_stays_the_same_and_the_effect_is_one(client, emu, name, kind):
    """All attempts of a call carry one Idempotency-Key, and its effect happens once."""
    cart = [{"sku": "MUG-1", "quantity": 1, "price": 5}]
    body = {"customerSession": {"profileId": "ada", "state": "closed", "cartItems": cart}}
    client.update_customer_session_v2("s-1", body)
    emu.clear_requests()
    emu.fault(name, kind, count=2)
    KEYED[name](client)
    log = emu.requests(name)
    keys = {entry["idempotency_key"] for entry in log}
    assert 3 == len(log)
    assert 1 == len(keys)
    assert 36 == len(keys.pop())
    if name in ("return_cart_items", "reopen_customer_session"):
        counts = {each["integration_id"]: each["total_sales"] for each in emu.state("profiles")["profiles"]}
        assert 0 == float(counts["ada"])
    if name == "track_event_v2":
        assert 1 == len(emu.state("events")["events"])


def test_each_call_has_a_key_of_its_own(client, emu):
    """Two calls have two Idempotency-Keys; a key that the caller gives is sent as it is."""
    for key in (None, None, "mine", "mine"):
        client.track_event_v2(EVENT, idempotency_key=key)
    keys = [entry["idempotency_key"] for entry in emu.requests("track_event_v2")]
    assert 3 == len(set(keys))
    assert ["mine", "mine"] == keys[2:]
    assert 3 == len(emu.state("events")["events"])


@pytest.mark.parametrize("key", ["x" * 256, "a\nb", "ü"])
def test_an_impossible_idempotency_key_is_refused(client, key):
    """An Idempotency-Key of more than 255 characters, or of others than printable ASCII, is refused."""
    with pytest.raises(e.InvalidRequestError, match="at most 255 printable ASCII characters"):
        client.reopen_customer_session("s", idempotency_key=key)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, e.BadRequestError), (401, e.AuthenticationError), (403, e.PermissionDeniedError), (404, e.NotFoundError),
     (413, e.BadRequestError), (422, e.BadRequestError)],
)  # fmt: skip
def test_what_will_fail_again_is_not_repeated(serve, client_of, waits, status, kind):
    """An error that is not temporary is raised after one request."""
    server = serve((status, {}, b'{"message":"no"}'))
    with pytest.raises(kind) as raised:
        programs(client_of(server.url))
    assert 1 == raised.value.attempts
    assert [] == waits
    assert 1 == len(server.seen)
    assert status == raised.value.status


HTML, OTHER_JSON, TALON_ONE = b"<html>Bad request</html>", b'{"error":"blocked"}', b'{"message":"no"}'
REFUSALS = [(status, body) for status in range(400, 500) if status not in (401, 408, 409, 429) for body in (HTML, b"")]
REFUSALS += [(400, OTHER_JSON), (404, OTHER_JSON), (405, TALON_ONE), (410, TALON_ONE), (425, TALON_ONE)]


def test_what_a_gateway_refuses_is_no_refusal_of_talon_one(serve, client_of):
    """A 4xx that Talon.One does not send is tried again; if it persists, it is no verdict about an id."""
    left = []

    def answer(_):
        return left.pop() if left else (200, {}, b'{"data":[]}')

    client = client_of(serve(answer).url)
    for status, body in REFUSALS:
        left[:] = [(status, {}, body)]
        programs(client)
        left[:] = [(status, {}, body)] * 3
        with pytest.raises(e.TalonOneError, match="comes from a gateway, proxy or firewall; check base_url") as raised:
            programs(client)
        assert (status, 3) == (raised.value.status, raised.value.attempts)
        assert not isinstance(raised.value, e.RejectedError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, e.RejectedError), (406, e.RejectedError), (413, e.RejectedError),
     (405, e.UnexpectedResponseError), (410, e.UnexpectedResponseError)],
)  # fmt: skip
def test_a_gateway_may_refuse_what_a_row_holds(serve, client_of, status, kind):
    """A write that is refused for its content or size fails for its rows, other refusals of a gateway for the run."""
    with pytest.raises(kind, match="comes from a gateway"):
        client_of(serve((status, {}, HTML)).url).create_audience_v2({"name": "a"})


@pytest.mark.parametrize(
    ("name", "kind", "requests"),
    [
        ("update_customer_profile_v2", e.ConflictError, 26),
        ("track_event_v2", e.ConflictError, 26),
        ("return_cart_items", e.BadRequestError, 1),
    ],
)
def test_409_by_its_meaning(serve, client_of, name, kind, requests):
    """A 409 for too many requests in flight is retried for the whole budget; an undocumented 409 is not."""
    server = serve((409, {}, b'{"message":"conflict"}'))
    with pytest.raises(kind):
        KEYED[name](client_of(server.url))
    assert requests == len(server.seen)


@pytest.mark.parametrize(
    ("body", "kind", "requests"),
    [
        (b'{"message":"An advanced event already exists"}', e.AlreadyExistsError, 1),
        (b'{"message":"Conflict","errors":[{"title":"Exists"}]}', e.AlreadyExistsError, 1),
        (b'{"message":"Too many requests are updating this profile at the same time"}', e.ConflictError, 26),
        (b"{}", e.ConflictError, 26),
    ],
)
def test_the_words_of_a_409_decide_between_its_two_meanings(serve, client_of, body, kind, requests):
    """An advanced event that exists is not sent again; too many requests, or no word of an event, are tried again."""
    server = serve((409, {}, body))
    with pytest.raises(kind):
        client_of(server.url).track_event_v3({"integrationId": "e", "profileId": "p", "type": "t"})
    assert requests == len(server.seen)


@pytest.mark.parametrize("body", [b"[1]", b'{"message":"temporarily unavailable"}'])
def test_a_shape_that_is_not_documented_is_tried_again(serve, client_of, body):
    """JSON of another shape is requested again; if it persists, the error says what is missing."""
    server = serve((200, {}, body))
    with pytest.raises(e.UnexpectedResponseError, match="not the JSON"):
        programs(client_of(server.url))
    assert 3 == len(server.seen)


@pytest.mark.parametrize(("status", "body"), [(200, b""), (204, b"")])
def test_an_empty_answer_where_one_is_due_is_an_error(serve, client_of, status, body):
    """A read with an empty answer is repeated, then raised as an error."""
    server = serve((status, {}, body))
    with pytest.raises(e.UnexpectedResponseError):
        programs(client_of(server.url))
    assert 3 == len(server.seen)


def test_an_observer_hears_of_all_attempts(emu, client_of):
    """An observer gets each request with its status, and each retry with its reason and wait."""
    heard = []

    class Ear(Observer):
        def request(self, endpoint, status, seconds):
            heard.append((endpoint.name, status, seconds >= 0))

        def retry(self, endpoint, reason, wait_s):
            heard.append((endpoint.name, re.sub(r";.*", "", reason), wait_s))

    emu.fault("get_loyalty_programs", "drop_before")
    emu.fault("get_loyalty_programs", "429", after=1)
    programs(client_of(emu.url, observer=Ear()))
    name = "get_loyalty_programs"
    assert (name, None, True) == heard[0]
    assert heard[1][1].startswith(f"{name}: {emu.url} does not answer: ")
    again = (name, f"{name}: HTTP 429: lower requests_per_second", 0.5)
    assert [(name, 429, True), again, (name, 200, True)] == heard[2:]


def test_a_retry_is_logged(client, emu, caplog):
    """Each retry is one line of the log at level INFO."""
    caplog.set_level(logging.INFO, "talon_one_client")
    emu.fault("get_loyalty_programs", "503")
    programs(client)
    assert [r"get_loyalty_programs: HTTP 503; Talon.One says", "trying again in 0.2 s"] == [
        caplog.messages[0].partition(' "')[0],
        caplog.messages[0].rpartition("; ")[2],
    ]


def test_the_clock_bounds_a_call(emu, waits):
    """The time that requests take counts towards the retry budget."""
    emu.clear_requests()
    key = Secret(emu.management_key)
    config = ClientConfig(
        emu.url, management_key=key, management_requests_per_second=1000, retry=RetryConfig(budget_s=300)
    )
    emu.fault("get_loyalty_programs", "503", count=0)
    with (
        TalonOneClient(config, clock=lambda: 120.0 * len(emu.requests()), sleep=waits.append, rng=lambda: 0) as client,
        pytest.raises(e.ServerError) as raised,
    ):
        programs(client)
    assert 3 == raised.value.attempts


def test_refusals_reach_the_rate_limiter(serve, transport):
    """After many 429 the next request waits for the rate limiter, as long as the last ``Retry-After`` asks."""
    slept, clock = [], threading.Event()
    server = serve(lambda _: (429, {"Retry-After": "0.05"}, b'{"message":"no"}'))
    config = ClientConfig(
        server.url,
        management_key=Secret("m" * 8),
        management_requests_per_second=1e6,
        transport=transport,
        retry=RetryConfig(max_attempts=12),
    )

    def sleep(seconds):
        slept.append(seconds)
        clock.wait(seconds)

    with (
        TalonOneClient(config, sleep=lambda _: None, rate_limit_sleep=sleep, rng=lambda: 0) as client,
        pytest.raises(e.RateLimitedError),
    ):
        programs(client)
    assert 12 == len(server.seen)
    assert 2 <= len(slept)
    assert all(seconds <= 0.05 for seconds in slept)
