"""Every operation, every parameter and every field of a body, with values that no honest client sends.

The endpoint table and the schemas say what there is, so a new operation or field is walked by itself. An answer is
right if it is documented for the operation; an answer of the 500s is an exception in the emulator.
"""

from __future__ import annotations

import http.client
import json
from urllib.parse import quote, quote_plus, urlsplit

import pytest

import talon_one_schemas
from talon_one_client import endpoints
from tests.answer_schemas import check_answer
from tests.examples import slow

TEXTS = [
    "", " ", "0", "-1", "1", "1.5", "1e400", "NaN", "Infinity", "True", "FALSE", "null", "[]", "{}", "'", '"', "%",
    "%00", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1" * 400,
    "x" * 3000, "a\0b", "é", "😀", "\u202e", "../..", ";", ",", ",,", "1,9223372036854775808,2", "-", "-id,id",
    "0000-00-00", "2024-02-30", "2024-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60.999999-23:59",
    "2024-01-01T00:00:00+9999",
]  # fmt: skip
# JSON text, so that also what no JSON library writes can be sent.
JSONS = [
    "null", "true", "0", "-0", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" * 400,
    "1" * 5000, "1.5", "1e308", "1e400", "1e-400", "1e99999999999999999999", "-0.0", '""', '"x"', f'"{"x" * 5000}"',
    '"a\\u0000b"', '"😀"', '"\\ud800"', '"9999-12-31T23:59:59-23:59"', '"2024-02-30T00:00:00Z"', "[]", "[[]]",
    "[null]", '["x","x"]', "{}", '{"":null}', '{"a":{"b":[]}}', "[" * 400 + "]" * 400, "[" * 5000 + "]" * 5000, "NaN",
    "{", '"\xff"',
]  # fmt: skip
MARK = '"@hostile@"'
PATHS = {
    "loyaltyProgramId": 1,
    "loyaltyCardId": "card-ada",
    "integrationId": "ada",
    "customerSessionId": "session",
    "couponValue": "WELCOME",
}
# What makes a body do something: ids that exist. All else is taken from the schema.
KNOWN = {
    "sku": "MUG-1",
    "profileId": "ada",
    "profileIntegrationId": "ada",
    "integrationId": "ada",
    "advocateProfileIntegrationId": "ada",
    "advocateProfileIntegrationIds": ["ada"],
    "integrationIDs": ["ada"],
    "attributes": {},
    "version": None,
    "state": "open",
    "position": 0,
    "attr": "colour",
    "op": "EQ",
    "value": "red",
    "transactionUUIDs": ["00000001-0000-4000-8000-000000000006"],
    "sessionId": "order-1",
    "connectedSessionId": "session",
    "cardIdentifier": "card-new",
    "customerProfileIds": ["ada"],
    "timeframe": "30",
}
UNDOCUMENTED = {404, 405}  # of a path that is empty or has another meaning


def sample(schema, name=""):
    """Return a full body of a schema: every field, one row in every list."""
    if name in KNOWN:
        return KNOWN[name]
    if "oneOf" in schema:
        return sample(schema["oneOf"][0])
    if "const" in schema or "enum" in schema:
        return schema.get("const") or schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        values = {each: sample(of, each) for each, of in schema.get("properties", {}).items()}
        if not values and isinstance(schema.get("additionalProperties"), dict):
            values = {"shipping": sample(schema["additionalProperties"])}
        return {each: value for each, value in values.items() if value is not None}
    if kind == "array":
        return [sample(schema.get("items", {}))]
    plain = {"integer": 1, "number": 2, "boolean": True, "string": "2025-01-01T00:00:00Z"}
    return plain.get(kind, "x")


def bodies(endpoint):
    """Return full bodies of an operation: one of each kind of action for a catalog, and of activation."""
    schema = talon_one_schemas.request(endpoint.request)
    body = sample(schema)
    if endpoint.name == "activate_loyalty_points":
        return [{name: value} for name, value in body.items()]
    if endpoint.name != "sync_catalog":
        return [body]
    actions = schema["properties"]["actions"]["items"]["oneOf"]
    return [{"actions": [sample(action)], "version": 1} for action in actions]


def spoiled(body):
    """Return the texts of a body with the mark in place of each of its values, names and rows, and of itself."""
    yield MARK
    yield from _spoiled(body, lambda inner: inner)


def _spoiled(value, around):
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:

        def put(new, key=key):
            changed = dict(value) if isinstance(value, dict) else list(value)
            changed[key] = new
            return around(changed)

        yield json.dumps(put("@hostile@"))
        yield from _spoiled(inner, put)
    if isinstance(value, dict):
        yield json.dumps(around({**value, "unknown": "@hostile@"}))


class Wire:
    """Requests as bytes, through a connection that stays open."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=20)

    def send(self, endpoint, path, query="", body=None, **headers):
        """Return the status, and check that the answer has the documented shape."""
        key = f"ApiKey-v1 {self.emulator.api_key}"
        if endpoint.api == "management":
            key = f"ManagementKey-v1 {self.emulator.management_key}"
        self.connection.request(endpoint.method, path + query, body, {"Authorization": key, **headers})
        answer = self.connection.getresponse()
        payload = answer.read()
        self.check(endpoint, answer.status, payload, (path[:200], query[:200], (body or b"")[:400], headers))
        return answer.status

    @staticmethod
    def check(endpoint, status, payload, sent):
        """A documented success of the documented shape, or an error that says something."""
        assert status < 500, sent
        if status in endpoint.responses:
            schema = endpoint.responses[status]
            if schema is not None:
                check_answer(schema, json.loads(payload))
            return
        assert status in {400, *endpoint.errors, *UNDOCUMENTED}, sent
        error = json.loads(payload)
        assert error["message"], sent


@pytest.fixture
def current(emu):
    """The demo account in era ``current``."""
    yield from connected(emu, "current")


@pytest.fixture
def wire(request, emu):
    """The demo account in an era, ``current`` if the test names none."""
    yield from connected(emu, getattr(request, "param", "current"))


def connected(emu, era):
    emu.reset("demo", era=era)
    made = Wire(emu)
    prepare(made)
    yield made
    made.connection.close()


def prepare(wire):
    """Create a session, an event and one of what else there is, so that each operation finds what it names."""
    cart = {"profileId": "ada", "state": "closed", "cartItems": [{"sku": "MUG-1", "quantity": 2, "price": 1}]}
    body = json.dumps({"customerSession": cart}).encode()
    wire.send(endpoints.UPDATE_CUSTOMER_SESSION_V2, "/v2/customer_sessions/session", body=body)
    event = {"integrationId": "event", "profileId": "ada", "type": "visit"}
    wire.send(endpoints.TRACK_EVENT_V3, "/v3/events", body=json.dumps(event).encode())
    wire.emulator.add("achievements", {"name": "walk", "target": 1})
    wire.emulator.add("collections", {"name": "teas"}, {"name": "mugs", "campaignId": 1})
    wire.emulator.add("giveaways", {"code": "G-1"})


OF_PROFILES = {
    "export_customers_tiers",
    "export_loyalty_balances",
    "export_loyalty_join_dates",
    "import_loyalty_customers_tiers",
    "import_loyalty_join_dates",
}
FILES = {
    "import_account_collection": "item\ntea\n",
    "import_audiences_memberships": "profileintegrationid\nada\n",
    "import_collection": "item\ntea\n",
    "import_coupons": (
        "value,expirydate,startdate,recipientintegrationid,limitval,discountlimit,attributes\n"
        "SPRING,2030-01-01,2025-01-01,ada,1,10,{}\n"
    ),
    "import_loyalty_cards": "identifier,state,customerprofileids,attributes\ncard-new,active,ada,{}\n",
    "import_loyalty_customers_tiers": (
        "subledgerid,customerprofileid,tiername,expirydate\nx,ada,Gold,9000-01-01T00:00:00Z\n"
    ),
    "import_loyalty_join_dates": "customerprofileid,newjoindate\nada,2020-05-01\n",
    "import_loyalty_points": (
        "customerprofileid,identifier,amount,startdate,expirydate,subledgerid,reason\n"
        "ada,card-ada,5,immediate,unlimited,x,because\n"
    ),
    "import_referrals": (
        "code,advocateprofileintegrationid,startdate,expirydate,limitval,attributes\nADA-1,ada,2025-01-01,2030-01-01,1,{}\n"
    ),
}


def path_of(endpoint, **changed):
    """Return the path of an operation with existing ids and the given ones."""
    known = {"customerSessionId": "cart"} if endpoint.request == "IntegrationRequest" else {}
    if "/profile/" in endpoint.path or endpoint.name in OF_PROFILES:
        known["loyaltyProgramId"] = 2
    if endpoint.name in {"import_collection", "export_collection_items"}:
        known["collectionId"] = 2
    if endpoint.name == "get_event_v3":
        known["integrationId"] = "event"
    path = endpoint.path
    for param in endpoint.path_params:
        value = {**PATHS, **known, **changed}.get(param.name, 1)
        path = path.replace("{" + param.name + "}", quote(str(value), safe=""))
    return path


def upload(text):
    head = 'Content-Disposition: form-data; name="upFile"; filename="m.csv"\r\n\r\n'
    return f"--b\r\n{head}{text}\r\n--b--\r\n".encode("utf-8", "surrogateescape")


def a_body(endpoint):
    """Return a body that the operation accepts, with its headers."""
    if endpoint.request_media == "multipart":
        return upload(FILES[endpoint.name]), {"Content-Type": "multipart/form-data; boundary=b"}
    if endpoint.request is None:
        return None, {}
    return json.dumps(bodies(endpoint)[0]).encode(), {}


A_PART = pytest.mark.parametrize("every", [3, slow(1)])  # of the values
EVERY = pytest.mark.parametrize("endpoint", endpoints.ALL, ids=lambda each: each.name)


def in_each_era(chosen):
    """Walk operations in the eras that have them; in another era their paths are unknown, whatever is sent."""
    pairs = [(era, each) for era in ("current", "seed") for each in chosen if era in ("current", each.since)]
    slow = {"current": (), "seed": pytest.mark.slow}
    cases = [pytest.param(era, each, marks=slow[era], id=f"{era}-{each.name}") for era, each in pairs]
    return pytest.mark.parametrize(("wire", "endpoint"), cases, indirect=["wire"])


@EVERY
def test_the_unspoiled_request_is_accepted(current, endpoint):
    """What is spoiled below would succeed, so the values reach the handlers."""
    body, headers = a_body(endpoint)
    values = {"audienceIds": "1", "rangeStart": "2025-01-01", "rangeEnd": "2025-02-01"}
    query = "?" + "&".join(f"{param.name}={values[param.name]}" for param in endpoint.query if param.required)
    assert current.send(endpoint, path_of(endpoint), query, body, **headers) in endpoint.responses


@in_each_era(endpoints.ALL)
@A_PART
def test_no_parameter_breaks_the_emulator(wire, endpoint, every):
    """Any text in any parameter of path and query gives a documented answer."""
    body, headers = a_body(endpoint)
    names = [param.name for param in endpoint.query]
    for text in TEXTS[::every]:
        for param in endpoint.path_params:
            wire.send(endpoint, path_of(endpoint, **{param.name: text}), "", body, **headers)
        for name in [*names, "unknown"]:
            wire.send(endpoint, path_of(endpoint), f"?{name}={quote_plus(text)}", body, **headers)


@in_each_era(endpoints.ALL)
def test_no_query_as_a_whole_breaks_the_emulator(wire, endpoint):
    """All parameters at once, a query that is no query, and hostile headers give a documented answer."""
    body, headers = a_body(endpoint)
    for text in TEXTS:
        query = "&".join(f"{param.name}={quote_plus(text)}" for param in endpoint.query)
        wire.send(endpoint, path_of(endpoint), f"?{query}", body, **headers)
    for query in ("?", "?&&", "?=", "?%", "?%ff=%ff", "?a=%zz", "?skip", "?skip=1;pageSize=2", "?" + "a=1&" * 2000):
        wire.send(endpoint, path_of(endpoint), query, body, **headers)
    for key in ("", " ", "x" * 300, "é", "'"):
        wire.send(endpoint, path_of(endpoint), "", body, **headers, **{"Idempotency-Key": key})
    for kind in (
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/json; charset=x",
    ):
        wire.send(endpoint, path_of(endpoint), "", body or b"{}", **{"Content-Type": kind})


@in_each_era([each for each in endpoints.ALL if each.request])
@A_PART
def test_no_body_breaks_the_emulator(wire, endpoint, every):
    """Any JSON, and what only looks like it, in the place of any value of a body gives a documented answer."""
    for full in bodies(endpoint):
        for text in spoiled(full):
            for value in JSONS[::every]:
                wire.send(endpoint, path_of(endpoint), "", text.replace(MARK, value).encode("latin-1", "ignore"))
    for value in JSONS:
        wire.send(endpoint, path_of(endpoint), "", value.encode())
    wire.send(endpoint, path_of(endpoint), "", b"")


@in_each_era([each for each in endpoints.ALL if each.request_media == "multipart"])
def test_no_upload_breaks_the_emulator(wire, endpoint):
    """A file that is no CSV, has no rows or strange values in any column gives a documented answer."""
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    heading, row = FILES[endpoint.name].splitlines()
    for text in [*TEXTS, '"', "a,b\n1", "\udcff", "x\n" * 5000]:
        wire.send(endpoint, path_of(endpoint), "", upload(text), **kind)
    values = row.split(",")
    for text in TEXTS:
        lines = [",".join([*values[:at], text, *values[at + 1 :]]) for at in range(len(values))]
        wire.send(endpoint, path_of(endpoint), "", upload("\n".join([heading, *lines, ""])), **kind)
    for body in (b"", b"--b", b"--b--", b"\0" * 100, b"--b\r\n\r\n--b--"):
        wire.send(endpoint, path_of(endpoint), "", body, **kind)


CONTROLS = {
    "POST": {
        "reset": {"seed": {"name": "demo", "cards": 1}, "era": "current"},
        "faults": {"route": "sync_catalog", "kind": 503, "count": 1, "seconds": 0, "retry_after": "1"},
        "switches": {"order": "newest"},
        "clock": {"freeze": "2025-01-01T00:00:00Z", "advance": 1, "reset": True},
        "seed": {"name": "demo", "cards": 1, "transactions": 1, "profile_transactions": 1},
        "transactions": [
            {"program": 1, "card": "card-ada", "type": "addition", "amount": 1, "created": "2025-01-01T00:00:00Z",
             "startDate": "immediate", "expiryDate": "unlimited", "subledgerId": "", "customerSessionId": "s",
             "sessionId": 1, "rulesetId": 1, "ruleName": "r", "kind": "manual", "validityDuration": "1D", "name": "n"}
        ],
        "attributes": [{"entity": "Event", "name": "n", "type": "string", "eventType": "visit"}],
        "campaigns": [{"id": 7, "name": "c"}],
        "cards": [{"program": 1, "identifier": "c", "profiles": ["p"], "status": "active", "batchId": "b"}],
        "catalogs": [{"id": 7, "name": "c"}],
        "coupons": [{"value": "v", "campaignId": 1, "usageLimit": 1}],
        "profiles": [{"integrationId": "p", "attributes": {}, "closedSessions": 1, "totalSales": 1}],
        "programs": [{"id": 7, "name": "n", "title": "t", "cardBased": True, "usersPerCardLimit": 1}],
    },
    "DELETE": {"transactions": [1]},
    "PATCH": {"transactions": [{"id": 1, "amount": 2}]},
}  # fmt: skip


AFTERWARD = (
    endpoints.GET_LOYALTY_CARD,
    endpoints.UPDATE_CUSTOMER_PROFILES_V2,
    endpoints.GET_LOYALTY_CARD_TRANSACTIONS,
    endpoints.GET_LOYALTY_CARD_TRANSACTION_LOGS,
    endpoints.GET_LOYALTY_PROGRAM_TRANSACTIONS,
    endpoints.GET_CUSTOMER_PROFILES,
    endpoints.GET_LOYALTY_PROGRAMS,
    endpoints.EXPORT_LOYALTY_CARD_BALANCES,
)


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method, each in CONTROLS.items() for name in each], ids=str
)
@A_PART
def test_no_control_breaks_the_emulator(current, emu, method, name, every):
    """A control endpoint answers nonsense with 400, and the API works on after it."""
    for text in spoiled(CONTROLS[method][name]):
        for value in JSONS[::every]:
            body = text.replace(MARK, value).encode("latin-1", "ignore")
            current.connection.request(method, f"/_emulator/{name}", body)
            answer = current.connection.getresponse()
            answered = json.loads(answer.read())
            assert answer.status == 200 or (answer.status, bool(answered["message"])) == (400, True), body[:400]
            for endpoint in AFTERWARD:
                current.send(endpoint, path_of(endpoint), body=a_body(endpoint)[0])
        emu.reset("demo")


@pytest.mark.parametrize("name", ["requests", "state", "truth", "counters", "health", "faults", "switches", "clock"])
def test_no_query_breaks_a_control(current, name):
    """Any text in a query of a control endpoint gives an answer or 400."""
    for text in TEXTS:
        for parameter in ("operation", "table", "program", "as_of"):
            current.connection.request("GET", f"/_emulator/{name}?{parameter}={quote_plus(text)}")
            answer = current.connection.getresponse()
            assert json.loads(answer.read()) is not None
            assert answer.status in (200, 400), (parameter, text)
