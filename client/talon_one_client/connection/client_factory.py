"""Make a client from settings: the tap, the target, the command line and Airflow all get their clients here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig, RetryConfig, check_bundle
from talon_one_client.errors import ConfigurationError
from talon_one_client.http.executor import Observer
from talon_one_client.http.waits import never
from talon_one_client.rate_limit.limiter import check_rate_limit_url
from talon_one_singer.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.endpoints import Endpoint


class RequestMetrics(Protocol):
    """Counts requests and retries by the name of the operation."""

    def request(self, endpoint: str, status: int, duration_s: float) -> None:
        """Count a request; ``status`` is 0 if there was no answer."""

    def retry(self, endpoint: str) -> None:
        """Count a request that will be repeated."""


class _CountingObserver(Observer):
    """Hands every request and retry on to metrics."""

    def __init__(self, metrics: RequestMetrics) -> None:
        self._metrics = metrics

    def request(self, endpoint: Endpoint, status: int | None, seconds: float) -> None:
        self._metrics.request(endpoint.name, status or 0, seconds)

    def retry(self, endpoint: Endpoint, reason: str, wait_s: float) -> None:
        self._metrics.retry(endpoint.name)


def client_from_settings(
    settings: Mapping[str, Any],
    program: str,
    *,
    metrics: RequestMetrics | None = None,
    stop: Callable[[], None] = never,
) -> TalonOneClient:
    """Return a client; nothing is sent before it is used.

    Args:
        settings: values by name, as talon_one_client.connection.settings names them; others are ignored.
        program: names the program to Talon.One, beside the connector's version.
        metrics: counts requests and retries.
        stop: raises once the run was asked to stop; see TalonOneClient.

    Raises:
        ConfigurationError: there is no key, or a setting cannot be used.
    """
    observer = None if metrics is None else _CountingObserver(metrics)
    return TalonOneClient(config_from_settings(settings, program), observer=observer, stop=stop)


def config_from_settings(settings: Mapping[str, Any], program: str) -> ClientConfig:
    """Return the configuration of a client; see ``client_from_settings``."""
    if not settings["api_key"] and not settings["management_key"]:
        raise ConfigurationError("no key is set; set api_key (Integration API), and management_key if you have one")
    bundle = settings["ca_bundle"]
    check_bundle("ca_bundle", bundle)
    if settings["rate_limit_url"]:
        check_rate_limit_url(settings["rate_limit_url"].reveal())
    return ClientConfig(
        base_url=settings["base_url"],
        api_key=settings["api_key"],
        management_key=settings["management_key"],
        requests_per_second=settings["requests_per_second"],
        management_requests_per_second=settings["management_requests_per_second"],
        rate_limit_url=settings["rate_limit_url"],
        connect_timeout_s=settings["connect_timeout_seconds"],
        read_timeout_s=settings["read_timeout_seconds"],
        answer_deadline_s=settings["answer_deadline_seconds"],
        max_answer_bytes=settings["max_answer_bytes"],
        stop_grace_s=settings["stop_grace_seconds"],
        allow_http=settings["allow_http"],
        verify=bundle or True,
        transport=settings["transport"],
        user_agent=f"talon-one-connector/{VERSION} ({program})",
        retry=RetryConfig(budget_s=settings["retry_budget_seconds"]),
    )
