"""The tap's definition: what it is called, what it can read, and how a run goes."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from talon_one_singer import Catalog, CatalogEntry, ConfigError, RunContext, TapDefinition
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from talon_one_singer.cli.signals import StopSignal

NAME = "tap-talon-one"


def catalog(settings: Mapping[str, Any] | None = None) -> Catalog:
    """All streams; with settings, those are selected by default for which there are ids to read."""
    from tap_talon_one.strategies.selection import why_unreadable
    from tap_talon_one.streams import FEEDS

    return Catalog(
        tuple(
            CatalogEntry.discovered(
                stream.name,
                stream.schema(),
                stream.key,
                replication_key=stream.replication_key,
                selected_by_default=feed.by_default and (settings is None or why_unreadable(feed, settings) is None),
            )
            for feed in FEEDS
            for stream in feed.streams
        )
    )


def nothing_selected(settings: Mapping[str, Any]) -> ConfigError:
    """The error of a run that has no stream to read: what each would need."""
    from tap_talon_one.strategies.selection import why_unreadable
    from tap_talon_one.streams import FEEDS

    lines = ["there is no stream to read:"]
    for feed in FEEDS:
        why = why_unreadable(feed, settings)
        names = ", ".join(stream.name for stream in feed.streams)
        lines.append(f"  {names}: {why or 'not selected in the catalog'}")
    return ConfigError(*lines)


def make_client(
    settings: Mapping[str, Any], context: RunContext | None = None, *, stop: StopSignal | None = None
) -> TalonOneClient:
    """A client out of the tap's settings; with a context it counts its requests and stops when asked to."""
    from talon_one_client.client import TalonOneClient
    from talon_one_client.connection.client_factory import config_from_settings
    from talon_one_client.http.executor import Observer
    from talon_one_client.http.waits import never

    config = config_from_settings(settings, f"talon-one-connector/{version('talon-one-connector')} (tap-talon-one)")
    if context is None:
        return TalonOneClient(config, stop=stop.check if stop is not None else never)
    metrics = context.metrics

    class Counting(Observer):
        def request(self, endpoint: Endpoint, status: int | None, seconds: float) -> None:
            metrics.request(endpoint.name, status or 0, seconds)

        def retry(self, endpoint: Endpoint, reason: str, wait_s: float) -> None:
            metrics.retry(endpoint.name)

    return TalonOneClient(config, observer=Counting(), stop=context.stop.check)


def sync(context: RunContext) -> None:
    """One run: the selected streams to the writer.

    Raises:
        ConfigError: nothing can be read as it is set.
        SomeStreamsFailed: streams that could not be read; the others were.
    """
    from tap_talon_one.engine.sinks import singer_sink
    from tap_talon_one.engine.sync import Engine

    if not context.selected:
        raise nothing_selected(context.settings)

    with make_client(context.settings, context) as client:
        Engine(
            settings=context.settings,
            client=client,
            entries=context.selected,
            state=context.state,
            sink=singer_sink(context),
            metrics=context.metrics,
            progress=context.progress,
            stop=context.stop.check,
        ).run()


def check_keys(context: RunContext) -> None:
    """Check keys and connection.

    Raises:
        TalonOneError: a key does not work, or nobody answers.
    """
    import logging

    from talon_one_client.connection.check import check

    with make_client(context.settings, context) as client:
        report = check(client)
    for line in report.lines():
        logging.getLogger(NAME).info(line)
    report.raise_if_unusable()


def definition() -> TapDefinition:
    """The tap, as the command line needs it."""
    from talon_one_client.errors import ConfigurationError, TalonOneError

    return TapDefinition(
        name=NAME,
        version=version("talon-one-connector"),
        settings=SETTINGS,
        catalog=catalog,
        sync=sync,
        test=check_keys,
        description="Reads loyalty ledgers, balances and all other readable data out of Talon.One.",
        capabilities=("about", "batch", "catalog", "discover", "properties", "state"),
        expected_errors={ConfigurationError: 2, TalonOneError: 1},
    )
