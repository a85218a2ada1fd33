"""The base URL has one normalized form, and one that cannot work is refused."""

import pytest

from talon_one_client import ClientConfig
from talon_one_client.errors import ConfigurationError

URL = "https://demo.talon.one"


@pytest.mark.parametrize(
    "url",
    ["", "demo.talon.one", "ftp://demo.talon.one", "https://", "https://[::1", "http://host:99999", "http://host:x",
     "http://exa mple", "http://a..b", f"http://{'a' * 70}.com", "http://h\u2100.com", "http://h/a b", "http://h\n.com"],
)  # fmt: skip
def test_a_base_url_that_cannot_work_is_refused(url):
    """A base URL that cannot work is refused, and the message shows what one looks like."""
    with pytest.raises(ConfigurationError, match=r"base_url must look like https://yourbaseurl\.talon\.one, not"):
        ClientConfig(url)


@pytest.mark.parametrize("url", ["http://user:pa55@h", "ftp://user:pa55@h", "https://h/?pa55", "https://h/#pa55"])
def test_a_base_url_with_secrets_is_refused(url):
    """A base URL with credentials or a query is refused and not printed."""
    with pytest.raises(ConfigurationError) as raised:
        ClientConfig(url)
    assert "base_url must hold no credentials, query or fragment; remove them" == str(raised.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [(f" {URL}/ ", URL), (f"{URL}/proxy//", f"{URL}/proxy"), ("http://[::1]:80", "http://[::1]")],
)
def test_a_base_url_is_tidied(url, expected):
    """Spaces and slashes at the end of a base URL are removed."""
    assert expected == ClientConfig(url).base_url


@pytest.mark.parametrize(
    ("spellings", "one"),
    [
        (
            ("HTTPS://Demo.Talon.One", f"{URL}:443", f"{URL}:0443/", f"{URL}:", "https://demo.talon.one.", f" {URL}//"),
            URL,
        ),
        (("HTTP://LOCALHOST:80", "http://localhost/", "http://Localhost:80//"), "http://localhost"),
        (("http://127.0.0.1:8080/", "HTTP://127.0.0.1:08080"), "http://127.0.0.1:8080"),
        (("http://[0:0:0:0:0:0:0:1]:80/", "HTTP://[::1]"), "http://[::1]"),
        (("https://M\u00dcNCHEN.example", "https://xn--mnchen-3ya.example:443"), "https://xn--mnchen-3ya.example"),
        (("https://stra\u00dfe.example",), "https://xn--strae-oqa.example"),
        ((f"{URL}/gateway//a/", f"{URL}:443//gateway/a"), f"{URL}/gateway/a"),
    ],
)
def test_a_deployment_has_one_spelling(spellings, one):
    """Case, default port, slashes and international names do not make another deployment."""
    assert {one} == {ClientConfig(url).base_url for url in spellings}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1", "/v1; leave out /v1"),
        ("/V1//", "/V1; leave out /V1"),
        ("/v2/", "/v2; leave out /v2"),
        ("/v1/customer_profiles", "/v1/customer_profiles; leave out /v1 and what follows"),
        ("/gateway/v1", "/v1; leave out /v1"),
    ],
)
def test_a_base_url_with_the_path_of_an_operation_is_refused(path, words):
    """A base URL that ends with the path of an operation, as the vendor writes it, is refused."""
    with pytest.raises(ConfigurationError, match=f"base_url must end before {words}"):
        ClientConfig(f"{URL}{path}")


def test_a_gateway_may_have_versions_of_its_own():
    """A version that cannot begin a path of the API belongs to the gateway and is kept."""
    assert f"{URL}/v3/talon" == ClientConfig(f"{URL}/v3/talon").base_url


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "a.localhost", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_called_without_encryption(host):
    """This machine may be called with http://."""
    assert ClientConfig(f"http://{host}").base_url.startswith("http://")


@pytest.mark.parametrize(
    "host", ["demo.talon.one", "10.0.0.7:8080", "localhost.example", "127.0.0.1.example", "[2001:db8::1]"]
)
def test_another_machine_is_called_encrypted_unless_allowed(host):
    """Another machine is called with http:// only if allow_http is true."""
    with pytest.raises(ConfigurationError, match="unencrypted; use https://, or set allow_http: true"):
        ClientConfig(f"http://{host}")
    assert f"http://{host}" == ClientConfig(f"http://{host}", allow_http=True).base_url


@pytest.mark.parametrize("host", ["localhost.", "LOCALHOST.", "x.localhost."])
def test_a_dot_behind_localhost_changes_nothing(host):
    """Localhost with a dot at its end is this machine and needs no encryption."""
    assert f"http://{host.rstrip('.').lower()}:8080" == ClientConfig(f"http://{host}:8080").base_url
