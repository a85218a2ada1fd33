"""The run of a tap: load settings, catalog and state, call the tap, log the result."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from talon_one_singer.cli.definition import RunContext
from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.catalog import Catalog
from talon_one_singer.protocol.message_writer import MessageWriter
from talon_one_singer.protocol.state import State
from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.progress import progress_for, summary
from talon_one_singer.settings.table import ConfigSource
from talon_one_singer.temporary_folders import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talon_one_singer.cli.definition import PluginDefinition, TapDefinition
    from talon_one_singer.cli.options import Options
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor

logger = logging.getLogger(__name__)

ENV = "ENV"


def discover(definition: TapDefinition, options: Options, redact: Redactor) -> str:
    """Return the catalog of all streams as JSON; settings are read only with ``--config``."""
    settings = load_settings(definition, options.config, redact) if options.config else None
    return json.dumps(definition.catalog(settings).to_dict(), indent=2) + "\n"


def run(definition: TapDefinition, options: Options, redact: Redactor, stop: StopSignal) -> None:
    """Run a sync or test: load the files, call the tap, log a summary.

    Raises:
        SingerError: an expected error. Other errors of the tap are not caught.
    """
    sweep()
    work = _work(definition, options)
    settings = load_settings(definition, options.config, redact)
    given_path, given = _given_catalog(options)
    state = State.from_file(options.state) if options.state else State()
    catalog = definition.catalog(settings)
    if given:
        catalog = catalog.chosen_by(given, f"the catalog file {given_path}")
    metrics = Metrics(time.monotonic)
    writer = MessageWriter(sys.stdout.buffer)
    progress = progress_for(metrics, time.monotonic)
    try:
        work(RunContext(settings, catalog, state, writer, metrics, progress, stop, redact))
        writer.flush()
    finally:
        progress.close()
        metrics.emit()
    logger.info("%s %s", "stopped," if stop.is_set() else "done,", summary(metrics.totals()))


def load_settings(definition: PluginDefinition, config: Sequence[str], redact: Redactor) -> dict[str, Any]:
    """Return the settings of all ``--config`` options; from here on their secrets are redacted.

    Raises:
        ConfigError: a file or a value cannot be used.
    """
    environ = os.environ if ENV in config else None
    table = definition.settings
    sources = [ConfigSource.from_file(path) for path in config if path != ENV]
    redact.add_from([source.values for source in sources])  # before a message can quote them
    settings = table.load(sources, environ)
    redact.add_from(settings)
    for warning in table.unknown_env_names(environ or {}):
        logger.warning(warning)
    return settings


def _work(definition: TapDefinition, options: Options) -> Callable[[RunContext], None]:
    if not options.test:
        return definition.sync
    if definition.test is None:
        raise ConfigError(f"{definition.name} has no --test")
    return definition.test


def _given_catalog(options: Options) -> tuple[str | None, Catalog | None]:
    if options.catalog and options.properties:
        raise ConfigError("--catalog and --properties are the same option; use only --catalog")
    path = options.catalog or options.properties
    return path, Catalog.from_file(path) if path else None
