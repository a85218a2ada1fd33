"""A client and options out of settings."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from target_talon_one.config.options import SyncOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.metrics import Metrics


def make_client(
    settings: Mapping[str, Any], *, metrics: Metrics | None = None, stop: StopSignal | None = None
) -> TalonOneClient:
    """A client; it counts its requests, and stops waiting when the run is asked to end.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    from talon_one_client.client import TalonOneClient
    from talon_one_client.connection.client_factory import config_from_settings
    from talon_one_client.http.executor import Observer
    from talon_one_client.http.waits import never

    class Counting(Observer):
        def request(self, endpoint: Endpoint, status: int | None, seconds: float) -> None:
            if metrics:
                metrics.request(endpoint.name, status or 0, seconds)

        def retry(self, endpoint: Endpoint, reason: str, wait_s: float) -> None:
            if metrics:
                metrics.retry(endpoint.name)

    config = config_from_settings(settings, f"talon-one-connector/{version('talon-one-connector')} (target-talon-one)")
    return TalonOneClient(config, observer=Counting(), stop=stop.check if stop is not None else never)


def sync_options(settings: Mapping[str, Any]) -> SyncOptions:
    """The options of a run out of the settings."""
    return SyncOptions(
        concurrency=settings["concurrency"],
        rejects_directory=settings["rejects_directory"],
        results_directory=settings["results_directory"],
        mask_rejects=settings["mask_rejects"],
        environment=settings["environment"],
    )


def interruptible(check: Callable[[], None]) -> Callable[[float], None]:
    """A sleep that ends early, by raising, when the run is to stop."""

    def sleep(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            check()
            time.sleep(min(0.25, left))

    return sleep
