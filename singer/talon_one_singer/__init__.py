"""The Singer protocol: messages, catalog, state, settings, command line.

Only names that load quickly are re-exported here, so that ``--version`` stays fast; import ``messages``, the command
lines and the rest from their own modules.
"""

from talon_one_singer.cli.definition import RunContext, TapDefinition
from talon_one_singer.errors import ClosedPipe, ConfigError, OutputError, SingerError, Stopped
from talon_one_singer.protocol.catalog import Catalog
from talon_one_singer.protocol.catalog_entry import CatalogEntry
from talon_one_singer.settings.secret import Secret
from talon_one_singer.settings.setting import Setting
from talon_one_singer.settings.table import ConfigSource, SettingsTable

__all__ = [
    "Catalog",
    "CatalogEntry",
    "ClosedPipe",
    "ConfigError",
    "ConfigSource",
    "OutputError",
    "RunContext",
    "Secret",
    "Setting",
    "SettingsTable",
    "SingerError",
    "Stopped",
    "TapDefinition",
]
