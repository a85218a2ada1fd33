"""The Singer protocol: messages, catalog, state, settings, command line.

Only what is light is here; ``messages``, ``cli`` and the rest are imported from their modules, so that
``--version`` stays fast.
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
