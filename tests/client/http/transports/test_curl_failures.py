"""Errors of libcurl as failures."""

import pycurl
import pytest

from talon_one_client.http.transports.curl_failures import failure_of


@pytest.mark.parametrize("departed", [False, True])
@pytest.mark.parametrize("code", [pycurl.E_COULDNT_CONNECT, pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR])
def test_an_error_without_a_text_is_named_by_its_number(code, departed):
    """The library has no text for an error that it met before it had room for one, such as a lack of open files."""
    assert f"error {code} of libcurl" in str(failure_of(code, "", 0, departed=departed, proxied=False))
