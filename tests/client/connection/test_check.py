"""The check of keys, rights and clock: reads only."""

import pytest

from talon_one_client import errors as e
from talon_one_client.connection.check import check


def test_both_keys_work(client, emu):
    """Two working keys are reported with what each may read and how far the clocks are apart; nothing is written."""
    emu.clear_requests()
    report = check(client)
    assert True is report.usable
    assert True is report.integration.works
    assert True is report.management.works
    assert {"GET"} == {entry["method"] for entry in emu.requests()}
    assert {"get_loyalty_programs", "get_applications", "get_customer_profiles", "get_audiences", "get_attributes"} == {
        name for name, why in report.management.reads.items() if why is None
    }
    assert abs(report.clock_skew_s) < 60
    lines = list(report.lines())
    assert [f"base URL: {emu.url}", "Integration API key (api_key): works"] == lines[:2]
    assert lines[-1].startswith("clock: ")
    assert (
        "Integration API key works, may read customer inventory. Management API key works, may read loyalty programs, "
        "applications, customer profiles, audiences, attributes."
    ) == report.summary()
    report.raise_if_unusable()


def test_a_wrong_key_is_reported(emu, client_of):
    """A wrong key is reported, and raise_if_unusable raises its error."""
    report = check(client_of(emu.url, api_key="wrong", management_key=None))
    assert False is report.usable
    assert False is report.integration.works
    assert None is report.management.works
    assert "Management API key (management_key): not set" in list(report.lines())
    said = report.summary()
    assert said.startswith("Integration API key does not work: HTTP 401: the Integration API key is not accepted")
    assert said.endswith("Management API key is not set.")
    with pytest.raises(e.AuthenticationError, match="check api_key"):
        report.raise_if_unusable()


def test_no_key_is_not_usable(emu, client_of):
    """Without any key the report is not usable."""
    report = check(client_of(emu.url, api_key=None, management_key=None))
    assert False is report.usable
    assert None is report.clock_skew_s
    report.raise_if_unusable()


def test_a_missing_right_is_reported(serve, client_of):
    """A key that may read some lists works; the lists that it may not read are named."""
    server = serve(lambda h: (403, {}, b"{}") if "audiences" in h.path else (200, {}, b'{"data":[]}'))
    report = check(client_of(server.url, api_key=None))
    refused = [name for name, why in report.management.reads.items() if why]
    assert True is report.usable
    assert ["get_audiences"] == refused
    assert [line for line in report.lines() if "get_audiences: no (HTTP 403" in line]
    assert "customer profiles, attributes, but not audiences." in report.summary()


@pytest.mark.parametrize("keys", [{}, {"management_key": None}, {"api_key": None}])
def test_a_key_that_may_read_nothing_does_not_pass(serve, client_of, keys):
    """Each forbidden list is reported with its reason, and the key does not count as working."""
    body = b'{"message":"forbidden","StatusCode":403}'
    report = check(client_of(serve((403, {}, body)).url, **keys))
    reported = [key for key in (report.integration, report.management) if key.is_set]
    assert [False] * (2 - len(keys)) == [key.works for key in reported]
    assert False is report.usable
    assert all("may read nothing of what was tried" in str(key.error) for key in reported)
    assert all(why for key in reported for why in key.reads.values())
    assert "does not work: the key may read nothing" in report.summary()
    with pytest.raises(e.PermissionDeniedError, match="may read nothing"):
        report.raise_if_unusable()


@pytest.mark.parametrize(
    "body", [b"<html>Forbidden</html>", b"", b"[]", b'"no"', b"Access denied", b'{"error":"blocked"}']
)
def test_a_403_of_a_gateway_is_named(serve, client_of, body):
    """A 403 of a gateway is reported as such, because it does not show whether the key is right."""
    report = check(client_of(serve((403, {}, body)).url))
    assert False is report.integration.works
    assert False is report.management.works
    assert (
        "HTTP 403, and the answer does not have the form of Talon.One's errors: it comes from a gateway"
        in report.summary()
    )


@pytest.mark.parametrize("status", [200, 404])
def test_another_web_server_does_not_pass(serve, client_of, status):
    """The 404 page of another web server is not the 404 that proves a key."""
    report = check(client_of(serve((status, {}, b"<html>Not here</html>")).url))
    assert False is report.usable
    assert e.UnexpectedResponseError is type(report.integration.error)


@pytest.mark.parametrize("keys", [{}, {"management_key": None}, {"api_key": None}])
def test_a_path_that_is_not_there_does_not_pass(emu, client_of, keys):
    """A 404 in the form of Talon.One proves a key only where the path itself exists."""
    report = check(client_of(f"{emu.url}/nonsense", **keys))
    assert False is report.usable
    assert [
        f"there is no Talon.One at base_url {emu.url}/nonsense, because it has no such path; leave out /nonsense"
        in str(key.error)
        for key in (report.integration, report.management)
        if key.is_set
    ] == [True] * (2 - len(keys))
    assert "no such path" in report.summary()


def test_a_server_that_knows_no_path_does_not_pass(serve, client_of):
    """JSON of another program that looks like an error of Talon.One does not prove a key."""
    body = b'{"message": "Not found", "errors": [{"title": "Not found"}], "StatusCode": 404}'
    report = check(client_of(serve((404, {}, body)).url))
    assert False is report.integration.works
    assert False is report.management.works
    assert "no such path; check the host" in str(report.integration.error)


def test_an_address_without_server_is_raised(client_of, closed_port):
    """An address without a server raises an error, because there is nothing to report on."""
    with pytest.raises(e.ConnectionFailedError):
        check(client_of(f"http://127.0.0.1:{closed_port}"))


@pytest.mark.parametrize(
    ("date", "words"),
    [("Sat, 01 Jan 2000 00:00:00 GMT", "ahead of Talon.One"), ("Fri, 01 Jan 2100 00:00:00 GMT", "behind Talon.One")],
)
def test_a_clock_that_is_off_is_reported(serve, client_of, date, words):
    """A wrong clock is reported by the Date header of the last answer; an unreadable header says nothing."""
    report = check(client_of(serve((200, {"Date": date}, b'{"data":[]}')).url))
    assert list(report.lines())[-1].endswith(words)
    assert report.summary().endswith(f"{words}.")
    assert None is check(client_of(serve((200, {"Date": "soon"}, b'{"data":[]}')).url)).clock_skew_s
