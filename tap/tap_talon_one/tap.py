"""The tap's definition: what it is called, what it can read, and how a run goes."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from talon_one_singer import Catalog, CatalogEntry, ConfigError, RunContext, TapDefinition
from talon_one_singer.exit_codes import ExitCode
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping


NAME = "tap-talon-one"
logger = logging.getLogger(NAME)


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


def sync(context: RunContext) -> None:
    """One run: the selected streams to the writer.

    Raises:
        ConfigError: nothing can be read as it is set.
        SomeStreamsFailed: streams that could not be read; the others were.
    """
    from talon_one_client.connection.client_factory import client_from_settings
    from tap_talon_one.engine.sinks import singer_sink
    from tap_talon_one.engine.sync import Engine

    if not context.selected:
        raise nothing_selected(context.settings)

    with client_from_settings(context.settings, NAME, metrics=context.metrics, stop=context.stop.check) as client:
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
    from talon_one_client.connection.check import check_and_log
    from talon_one_client.connection.client_factory import client_from_settings

    with client_from_settings(context.settings, NAME, metrics=context.metrics, stop=context.stop.check) as client:
        check_and_log(client, logger)


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
        expected_errors={ConfigurationError: ExitCode.CONFIG, TalonOneError: ExitCode.FAILED},
    )
