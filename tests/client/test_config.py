"""Settings are checked when they are made."""

import pytest

from talon_one_client import ClientConfig, Key
from talon_one_client.errors import ConfigurationError
from talon_one_client.transport import RequestsTransport

URL = "https://demo.talon.one"


@pytest.mark.parametrize(
    "url",
    ["", "demo.talon.one", "ftp://demo.talon.one", "https://", "https://[::1", "http://host:99999", "http://host:x",
     "http://exa mple", "http://a..b", f"http://{'a' * 70}.com", "http://h\u2100.com", "http://h/a b", "http://h\n.com"],
)  # fmt: skip
def test_a_base_url_that_cannot_work_is_refused(url):
    """With what it should look like."""
    with pytest.raises(ConfigurationError, match=r"base_url must look like https://yourbaseurl\.talon\.one, not"):
        ClientConfig(url)


@pytest.mark.parametrize("url", ["http://user:pa55@h", "ftp://user:pa55@h", "https://h/?pa55", "https://h/#pa55"])
def test_a_base_url_with_secrets_is_refused(url):
    """And not printed."""
    with pytest.raises(ConfigurationError) as raised:
        ClientConfig(url)
    assert "base_url must hold no credentials, query or fragment" == str(raised.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [(f" {URL}/ ", URL), (f"{URL}/proxy//", f"{URL}/proxy"), ("http://[::1]:80", "http://[::1]:80")],
)
def test_a_base_url_is_tidied(url, expected):
    """Spaces and slashes at its end go."""
    assert expected == ClientConfig(url).base_url


@pytest.mark.parametrize(
    ("given", "expected"),
    [(" k1\n", "k1"), ("ApiKey-v1 k1", "k1"), (Key("k1"), "k1"), ("", None), (" ", None), (None, None)],
)
def test_a_key_is_tidied(given, expected):
    """White space and the scheme go; an empty key is none."""
    key = ClientConfig(URL, api_key=given).api_key
    assert expected == (key and key.reveal())


@pytest.mark.parametrize("key", ["k\u00fc", "a\nb", "\u200bkey", "a\x00"])
def test_a_key_that_no_server_gave_out_is_refused(key):
    """Pasted rubbish is told, and not printed."""
    with pytest.raises(ConfigurationError) as raised:
        ClientConfig(URL, management_key=key)
    assert "management_key holds characters that no key has; copy it again from the Campaign Manager" == str(
        raised.value
    )


@pytest.mark.parametrize(
    "name",
    ["requests_per_second", "management_requests_per_second", "connect_timeout_s", "read_timeout_s"],
)
@pytest.mark.parametrize("value", [0, -1])
def test_numbers_must_be_positive(name, value):
    """Named with its value."""
    with pytest.raises(ConfigurationError, match=f"{name} must be greater than 0, not {value}"):
        ClientConfig(URL, **{name: value})


def test_a_missing_ca_bundle_is_told(tmp_path, monkeypatch):
    """In the setting or in the environment."""
    missing = str(tmp_path / "ca.pem")
    with pytest.raises(ConfigurationError, match="verify: there is no CA bundle at"):
        ClientConfig(URL, verify=missing)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", missing)
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE: there is no CA bundle at"):
        RequestsTransport(ClientConfig(URL))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert False is ClientConfig(URL, verify=False).verify
