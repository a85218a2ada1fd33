"""Settings are checked when they are made."""

import pytest

from talon_one_client import ClientConfig, Secret
from talon_one_client.errors import ConfigurationError
from talon_one_client.http.transports.choice import make_transport

URL = "https://demo.talon.one"


@pytest.mark.parametrize(
    ("given", "expected"),
    [(" k1\n", "k1"), ("ApiKey-v1 k1", "k1"), (Secret("k1"), "k1"), ("", None), (" ", None), (None, None)],
)
def test_a_key_is_tidied(given, expected):
    """White space and the scheme are removed from a key; an empty key counts as none."""
    key = ClientConfig(URL, api_key=given).api_key
    assert expected == (key and key.reveal())


@pytest.mark.parametrize("key", ["k\u00fc", "a\nb", "\u200bkey", "a\x00"])
def test_a_key_that_no_server_gave_out_is_refused(key):
    """A key with characters that no key has is refused and not printed."""
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
    """A number that is not positive is refused by name and value."""
    with pytest.raises(ConfigurationError, match=f"{name} must be greater than 0, not {value}"):
        ClientConfig(URL, **{name: value})


def test_a_missing_ca_bundle_is_reported(tmp_path, monkeypatch):
    """A CA bundle that does not exist is reported, from the setting and from the environment."""
    missing = str(tmp_path / "ca.pem")
    with pytest.raises(ConfigurationError, match="verify: there is no CA bundle at"):
        ClientConfig(URL, verify=missing)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", missing)
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE: there is no CA bundle at"):
        make_transport(ClientConfig(URL))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert False is ClientConfig(URL, verify=False).verify
