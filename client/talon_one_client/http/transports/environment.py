"""What the environment says about connections: proxies and certificates, read once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from talon_one_client.connection.config import check_bundle

if TYPE_CHECKING:
    from talon_one_client.connection.config import ClientConfig


def trusted_certificates(config: ClientConfig) -> bool | str:
    """Return the path of the certificates to trust, True for those of ``certifi``, False to trust all.

    Raises:
        ConfigurationError: a variable names a bundle that does not exist.
    """
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    check_bundle("REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE", bundle)
    return bundle if config.verify is True and bundle else config.verify


def environment_proxies(config: ClientConfig) -> dict[str, str]:
    """Return the URLs of proxies by scheme, as ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy`` say."""
    import requests.utils

    return dict(requests.utils.get_environ_proxies(config.base_url))


def environment_proxy(config: ClientConfig) -> str | None:
    """Return the URL of the proxy for the deployment, None for a direct connection."""
    import requests.utils

    proxy = requests.utils.select_proxy(config.base_url, environment_proxies(config))
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
