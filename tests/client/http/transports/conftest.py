"""Every test of this folder runs on both transports."""

import ssl

import pytest

from talon_one_client import ClientConfig, RetryConfig, Secret


@pytest.fixture(params=["auto", "requests"])
def transport(request):
    """The setting of the same name."""
    return request.param


@pytest.fixture
def config(transport):
    """Makes configurations of a URL; a failure is not retried."""

    def make(url, **given):
        given = {"retry": RetryConfig(budget_s=0), "transport": transport} | given
        return ClientConfig(url, api_key=Secret("k" * 8), management_key=Secret("m" * 8), **given)

    return make


@pytest.fixture(scope="session")
def secure():
    """Makes the TLS context of a server of its certificate."""

    def make(certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return context

    return make
