"""What the environment says about connections: proxies and certificates, read once."""

from __future__ import annotations

import os
import sys
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
    if not _may_have_proxy():
        return {}
    import requests.utils  # slow to import, and needed only with a proxy

    return dict(requests.utils.get_environ_proxies(config.base_url))


def environment_proxy(config: ClientConfig) -> str | None:
    """Return the URL of the proxy for the deployment, None for a direct connection."""
    proxies = environment_proxies(config)
    if not proxies:
        return None
    import requests.utils

    proxy = requests.utils.select_proxy(config.base_url, proxies)
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _may_have_proxy() -> bool:
    """Return whether a variable, or on macOS and Windows the system, may name a proxy."""
    variables = {name.lower() for name in os.environ} - {"no_proxy"}
    return sys.platform in ("darwin", "win32") or any(name.endswith("_proxy") for name in variables)
