"""A client's configuration out of the settings that tap and target share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client.connection.config import ClientConfig, Key, RetryConfig, check_bundle
from talon_one_client.errors import ConfigurationError
from talon_one_client.rate_limit.limiter import check_budget

if TYPE_CHECKING:
    from collections.abc import Mapping


def config_from_settings(settings: Mapping[str, Any], user_agent: str) -> ClientConfig:
    """The configuration; secrets are objects with a method ``reveal``.

    Args:
        settings: values by name, as talon_one_client.connection.settings names them.
        user_agent: names the program to Talon.One.

    Raises:
        ConfigurationError: no key at all, or a value that cannot be used.
    """
    if not settings["api_key"] and not settings["management_key"]:
        raise ConfigurationError("no key is set; set api_key (Integration API), and management_key if you have one")
    bundle = settings["ca_bundle"]
    check_bundle("ca_bundle", bundle)
    reveal = {name: settings[name].reveal() for name in ("api_key", "management_key", "budget_url") if settings[name]}
    if "budget_url" in reveal:
        check_budget(reveal["budget_url"])
    return ClientConfig(
        base_url=settings["base_url"],
        api_key=Key(reveal["api_key"]) if "api_key" in reveal else None,
        management_key=Key(reveal["management_key"]) if "management_key" in reveal else None,
        requests_per_second=settings["requests_per_second"],
        management_requests_per_second=settings["management_requests_per_second"],
        budget_url=reveal.get("budget_url"),
        connect_timeout_s=settings["connect_timeout_seconds"],
        read_timeout_s=settings["read_timeout_seconds"],
        answer_deadline_s=settings["answer_deadline_seconds"],
        max_answer_bytes=settings["max_answer_bytes"],
        stop_grace_s=settings["stop_grace_seconds"],
        allow_http=settings["allow_http"],
        verify=bundle or True,
        user_agent=user_agent,
        retry=RetryConfig(budget_s=settings["retry_budget_seconds"]),
    )
