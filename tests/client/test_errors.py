"""Errors: what they say, what they keep, and that no key is ever in them."""

import copy
import json
import pickle
import re

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from talon_one_client import errors as e
from talon_one_client.errors import ApiErrorDetail

SECRETS = ("integration-k3y-0123456789", "management-k3y-9876543210")


def raised_by(client, call=TalonOneClient.get_loyalty_programs):
    """The error of a call."""
    with pytest.raises(e.TalonOneError) as raised:
        call(client)
    return raised.value


def everything(error):
    """All texts an error shows or carries, its causes included."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error), repr(error.args), repr(vars(error)), repr(pickle.dumps(error))]
        error = error.__cause__
    return "\n".join(texts)


def test_the_tree_in_the_docstring_is_the_tree():
    """The tree in the docstring shows every error at its place."""
    drawn = re.findall(r"[├└]── (\w+)", e.__doc__)
    kinds = [k for k in vars(e).values() if isinstance(k, type) and issubclass(k, e.TalonOneError)]
    assert sorted(k.__name__ for k in kinds if k is not e.TalonOneError) == sorted(drawn)


def test_an_error_keeps_what_the_server_said(serve, client_of):
    """An error keeps operation, status, message, every entry of errors[], pointers and request id."""
    body = {
        "message": "The submitted data was invalid",
        "errors": [
            {"title": "Bad", "details": "not a number", "source": {"pointer": "/customerProfiles/3/attributes/a"}},
            {"title": "Odd", "source": {"parameter": "silent"}},
            {"title": "Vague", "details": "", "source": None},
            "text",
        ],
        "StatusCode": 400,
    }
    server = serve((400, {"X-Request-Id": "req-7"}, json.dumps(body).encode()))
    error = raised_by(client_of(server.url), lambda c: c.update_customer_profiles_v2({"customerProfiles": []}))
    assert e.BadRequestError is type(error)
    assert "update_customer_profiles_v2" == error.operation
    assert 400 == error.status
    assert "The submitted data was invalid" == error.server_message
    assert "req-7" == error.request_id
    assert 1 == error.attempts
    assert ("/customerProfiles/3/attributes/a",) == error.pointers
    assert error.errors == (
        ApiErrorDetail("Bad", "not a number", "/customerProfiles/3/attributes/a", "pointer"),
        ApiErrorDetail("Odd", "", "silent", "parameter"),
        ApiErrorDetail("Vague"),
    )
    assert (
        'update_customer_profiles_v2: HTTP 400; Talon.One says "The submitted data was invalid"; Bad at '
        "/customerProfiles/3/attributes/a: not a number; Odd at silent; Vague; request id req-7"
    ) == str(error)


def test_a_message_that_a_detail_repeats_is_shown_once():
    """The server's message is left out if the first detail begins with it."""
    detail = ApiErrorDetail("Not found", "catalog not found")
    error = e.NotFoundError("HTTP 404", server_message="Not found", errors=(detail,))
    assert 'HTTP 404; Talon.One says "catalog not found"' == str(error)


def test_many_details_are_cut_in_the_message_only():
    """The message shows five details; the error keeps all of them."""
    error = e.BadRequestError("HTTP 400", errors=tuple(ApiErrorDetail(f"e{n}") for n in range(9)))
    assert "HTTP 400; e0; e1; e2; e3; e4; and 4 more" == str(error)
    assert 9 == len(error.errors)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b"upstream\n  timed out", "upstream timed out"),
        (b"[1]", "[1]"),
        (b'{"message": 5, "errors": 5}', "5"),
        (b"\xff\x00\x01", ""),
        (b"<html>" + b"x" * 500, "<html>" + "x" * 194),
        (b'{"message": 1e99999999999999999999}', '{"message": 1e99999999999999999999}'),
    ],
)
def test_any_error_body_is_survived(serve, client_of, body, words):
    """An error body of another shape becomes a message with its first words."""
    assert words == raised_by(client_of(serve((405, {}, body)).url)).server_message


@pytest.mark.parametrize(
    ("call", "setting"),
    [
        (TalonOneClient.get_loyalty_programs, "the Management API key is not accepted; check management_key"),
        (lambda c: c.get_customer_session("s"), "the Integration API key is not accepted; check api_key"),
    ],
)
def test_401_names_the_setting(emu, client_of, waits, call, setting):
    """A 401 names the setting of the key and is not retried."""
    client = client_of(emu.url, api_key=Secret("wrong-key-1"), management_key=Secret("wrong-key-2"))
    error = raised_by(client, call)
    assert e.AuthenticationError is type(error)
    assert 401 == error.status
    assert [] == waits
    assert f"HTTP 401: {setting}, and that it belongs to this base_url" == error.message


def test_a_key_that_is_not_set_is_named(emu, client_of):
    """Without the key that an operation needs nothing is sent, and the setting is named."""
    client = client_of(emu.url, api_key=None, management_key=None)
    assert "get_loyalty_programs: needs the Management API key; set management_key" == str(raised_by(client))
    error = raised_by(client, lambda c: c.get_customer_session("s"))
    assert e.MissingKeyError is type(error)
    assert "needs the Integration API key; set api_key" == error.message


def echo(handler):
    """An answer that repeats the key wherever possible."""
    key = handler.headers["Authorization"]
    detail = {"title": key, "details": f"you sent {key}", "source": {"pointer": key}}
    text = json.dumps({"message": key, "errors": [detail], "RequestUUID": key}).encode()
    return int(handler.path.rpartition("/")[2]), {"X-Request-Id": key}, text


def echoing(status):
    """A path that asks ``echo`` for a status."""
    return lambda c: c.get_loyalty_program(status)


def unreadable(handler):
    """The key as an answer that is not JSON."""
    return 200, {"X-Request-Id": handler.headers["Authorization"]}, handler.headers["Authorization"].encode()


@pytest.mark.parametrize("bearer", ["", "Bearer "])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 429, 500])
def test_no_error_holds_a_key(serve, client_of, status, bearer):
    """No error holds a key, even if the server repeats it in message, details or request id."""
    client = client_of(serve(echo).url, management_key=Secret(bearer + SECRETS[1]))
    text = everything(raised_by(client, echoing(status)))
    assert [] == [secret for secret in SECRETS if secret in text]


def test_no_garbled_answer_brings_a_key(serve, client_of):
    """No error about an unreadable answer holds a key."""
    text = everything(raised_by(client_of(serve(unreadable).url)))
    assert [] == [secret for secret in SECRETS if secret in text]


def test_no_connection_error_holds_a_key(client_of, closed_port):
    """No connection error, nor any of its causes, holds a key."""
    text = everything(raised_by(client_of(f"http://127.0.0.1:{closed_port}")))
    assert [] == [secret for secret in SECRETS if secret in text]


def test_no_object_shows_a_key(client_of):
    """However configuration, client and key are printed, the key is shown as asterisks."""
    key = Secret(SECRETS[0])
    client = client_of("http://127.0.0.1:9", api_key=key, rate_limit_url="redis://:pa55@host/0")
    shown = [client.config, client, client.executor, key, [key], {"k": key}, (key,)]
    text = "".join(f"{each}{each!r}{each!s}" + "%s%r" % (each, each) for each in map(lambda x: [x], shown))  # noqa: C417, UP031
    assert [] == [secret for secret in (*SECRETS, "pa55") if secret in text]
    assert "********" == f"{key}"
    assert "******** " == f"{key:9}"
    assert SECRETS[0] == key.reveal()


def test_an_error_survives_pickle_and_copy():
    """An error keeps all its attributes and notes when it is pickled or copied."""
    error = e.BadRequestError("HTTP 400", operation="x", status=400, errors=(ApiErrorDetail("t"),), request_id="r")
    error.add_note("row 7")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(error) is type(again)
        assert str(error) == str(again)
        assert vars(error) == vars(again)


@pytest.mark.parametrize("kind", [k for k in vars(e).values() if isinstance(k, type) and issubclass(k, Exception)])
def test_every_kind_survives_pickle(kind):
    """Every error class can be pickled, because errors cross process borders."""
    assert kind is type(pickle.loads(pickle.dumps(kind("m", status=1, attempts=2))))


def test_settings_that_cannot_work_are_refused_when_made():
    """Settings that cannot work are refused before there is a client or a request."""
    with pytest.raises(e.ConfigurationError, match="base_url must look like"):
        ClientConfig("demo.talon.one")
