"""The definition of the tap: its name, its catalog and its run.

The functions import what they need, so that ``--version`` and ``--about`` stay fast.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from talon_one_singer import Catalog, CatalogEntry, ConfigError, RunContext, TapDefinition
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.maps.settings import with_maps
from talon_one_singer.version import VERSION
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


NAME = "tap-talon-one"
CAPABILITIES = ("about", "activate-version", "batch", "catalog", "discover", "properties", "state", "test")
logger = logging.getLogger(NAME)


def catalog(settings: Mapping[str, Any] | None = None) -> Catalog:
    """Return all streams; with settings, the streams that they have ids for are selected by default."""
    from tap_talon_one.strategies.selection import why_unreadable
    from tap_talon_one.streams import STREAM_GROUPS

    return Catalog(
        tuple(
            CatalogEntry.discovered(
                stream.name,
                stream.schema(),
                stream.key,
                replication_key=stream.replication_key,
                selected_by_default=group.by_default
                and (settings is None or why_unreadable(group, settings, frozenset({stream.name})) is None),
            )
            for group in STREAM_GROUPS
            for stream in group.streams
        )
    )


def nothing_selected(settings: Mapping[str, Any]) -> ConfigError:
    """Return the error of a run without a stream to read, which names what the streams of the default need."""
    from tap_talon_one.strategies.selection import why_unreadable
    from tap_talon_one.streams import STREAM_GROUPS

    needs: dict[str, list[str]] = {}
    for group in STREAM_GROUPS:
        if group.by_default:
            why = why_unreadable(group, settings) or "not selected in the catalog"
            needs.setdefault(why, []).extend(stream.name for stream in group.streams)
    lines = [f"  {', '.join(names)}: {why}" for why, names in needs.items()]
    return ConfigError("there is no stream to read:", *lines, "  all other streams: select them by their names")


def default_entries(settings: Mapping[str, Any]) -> list[CatalogEntry]:
    """Return the streams that are read if nothing selects any."""
    from talon_one_singer.protocol.selection import selected_streams

    return selected_streams(catalog(settings))


def left_out_by_default(settings: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """Return the key that is missing, and the streams that only therefore are not selected by default; None if none."""
    from tap_talon_one.strategies.selection import why_unreadable
    from tap_talon_one.streams import STREAM_GROUPS

    default = [(group, stream.name) for group in STREAM_GROUPS if group.by_default for stream in group.streams]

    def unreadable(given: Mapping[str, Any]) -> set[str]:
        return {name for group, name in default if why_unreadable(group, given, frozenset({name})) is not None}

    for key in ("api_key", "management_key"):
        gained = unreadable(settings) - unreadable({**settings, key: "set"}) if not settings[key] else set()
        if gained:
            return key, [name for _, name in default if name in gained]
    return None


def warn_of_left_out(settings: Mapping[str, Any]) -> None:
    """Log which streams the default selection leaves out because a key is missing."""
    found = left_out_by_default(settings)
    if found is not None:
        logger.warning("%s", left_out_text(*found))


def left_out_text(key: str, streams: Sequence[str]) -> str:
    """Return the sentence about streams that are not selected by default because a key is missing."""
    return (
        f"{key} is not set, so that streams of the default selection are left out: {', '.join(streams)}; set {key} to "
        "read them, or select the streams that you need by their names"
    )


def sync(context: RunContext) -> None:
    """Read the selected streams and write their messages.

    Raises:
        ConfigError: nothing can be read with these settings.
        SomeStreamsFailed: streams that could not be read, while the others were.
    """
    from talon_one_client.connection.client_factory import client_from_settings
    from tap_talon_one.engine.sync import Engine
    from tap_talon_one.output.message_sinks import singer_sink

    if not context.selected:
        raise nothing_selected(context.settings)
    if {entry.stream for entry in context.selected} == {entry.stream for entry in default_entries(context.settings)}:
        warn_of_left_out(context.settings)

    settings = {**context.settings, "recheck_days": None}  # no message tells a target which transactions are gone
    with client_from_settings(settings, NAME, metrics=context.metrics, stop=context.stop.check) as client:
        Engine(
            settings=settings,
            client=client,
            entries=context.selected,
            state=context.state,
            sink=singer_sink(context),
            metrics=context.metrics,
            progress=context.progress,
            stop=context.stop.check,
        ).run()


def check_keys(context: RunContext) -> None:
    """Check the keys and the connection.

    Raises:
        TalonOneError: a key does not work, or the server does not answer.
    """
    from talon_one_client.connection.check import check_and_log
    from talon_one_client.connection.client_factory import client_from_settings

    with client_from_settings(context.settings, NAME, metrics=context.metrics, stop=context.stop.check) as client:
        check_and_log(client, logger)
    warn_of_left_out(context.settings)


def definition() -> TapDefinition:
    """Return the tap for the command line."""
    from talon_one_client.errors import ConfigurationError, TalonOneError

    return TapDefinition(
        name=NAME,
        version=VERSION,
        settings=SETTINGS,
        catalog=catalog,
        sync=sync,
        test=check_keys,
        description="Reads loyalty ledgers, balances and all other readable data from Talon.One.",
        capabilities=with_maps(CAPABILITIES),
        expected_errors={ConfigurationError: ExitCode.CONFIG, TalonOneError: ExitCode.FAILED},
    )
