"""No web page can drive the emulator: Host, Origin and what forms send."""

from __future__ import annotations

import pytest
import requests

from talon_one_client import endpoints
from talon_one_emulator import Emulator


@pytest.fixture(scope="module")
def server():
    """An emulator with data."""
    with Emulator(seed="demo", allow_hosts=["emulator.test"]) as emulator:
        yield emulator


def _send(emulator, method="GET", path="/_emulator/state", **headers):
    return requests.request(
        method,
        emulator.url + path,
        headers={name.replace("_", "-"): text for name, text in headers.items()},
        timeout=10,
    ).status_code


CONTROL = [f"/_emulator/{name}" for name in ("health", "state", "requests", "counters", "faults", "switches", "clock")]
PATHS = [*CONTROL, *sorted({endpoint.path for endpoint in endpoints.ALL if endpoint.method == "GET"})[:5]]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8910",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "[::2]",
        "x@y",
    ],
)
def test_a_foreign_host_is_refused(server, path, host):
    """Every endpoint of all APIs refuses a foreign Host, which a page uses for DNS rebinding."""
    assert 403 == _send(server, path=path, Host=host)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.0.0.2:99",
        "[::1]:8910",
        "app.localhost",
        "localhost.",
        "emulator.test:80",
    ],
)
def test_names_of_this_machine_are_served(server, host):
    """A Host of this machine, or one that was allowed, is served with any port."""
    assert 200 == _send(server, Host=host)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://localhost.evil.example", "null", "file://", "http://10.0.0.1:8910"]
)
def test_a_foreign_origin_is_refused(server, method, origin):
    """A request with a foreign Origin is refused before it changes anything."""
    before = server.state("profiles")
    assert 403 == _send(server, method, "/_emulator/reset", Origin=origin)
    assert before == server.state("profiles")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8910"])
def test_a_page_of_this_machine_is_served(server, origin):
    """A developer's own page may read."""
    assert 200 == _send(server, Origin=origin)


@pytest.mark.parametrize("media", ["text/plain", "text/plain;charset=UTF-8", "multipart/form-data; boundary=x"])
def test_what_a_form_sends_changes_nothing(server, media):
    """Control endpoints take JSON; browsers ask before they send that to another site."""
    before = server.state("profiles")
    assert 400 == _send(server, "POST", "/_emulator/reset", Content_Type=media)
    assert before == server.state("profiles")


def test_a_post_of_another_site_is_refused_without_an_origin_too(server):
    """Browsers say where a request comes from."""
    assert 403 == _send(server, "POST", "/_emulator/reset", Sec_Fetch_Site="cross-site")
