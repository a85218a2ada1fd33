"""The table of settings: one row defines a setting, and everything else is derived from it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.conversion import check, convert
from talon_one_singer.settings.docs import json_schema, markdown_table, meltano_setting
from talon_one_singer.settings.environment import misspelled, sentence
from talon_one_singer.settings.json_files import nearest, read_json_object
from talon_one_singer.settings.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_singer.settings.setting import Setting

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """Values of settings, and the name of their source, for example "config.json"."""

    name: str
    values: Mapping[str, Any]

    @classmethod
    def from_file(cls, path: str) -> ConfigSource:
        """Read the settings in a JSON file, without the address of a schema, which only editors read.

        Raises:
            ConfigError: the file cannot be read, is not JSON, or is not an object.
        """
        values = read_json_object(path, "config")
        values.pop("$schema", None)
        return cls(path, values)


class SettingsTable:
    """All settings of a tap or target.

    Args:
        prefix: prefix of the environment variables, for example TAP_TALON_ONE.
        settings: the settings, in the order of the docs.
    """

    def __init__(self, prefix: str, settings: Sequence[Setting]) -> None:
        self.prefix = prefix
        self.settings = tuple(settings)
        self._by_name = {name: setting for setting in settings for name in (setting.name, *setting.aliases)}

    def __iter__(self) -> Iterator[Setting]:
        return iter(self.settings)

    def env_name(self, setting: Setting) -> str:
        """Return the name of the environment variable of a setting."""
        return setting.env or f"{self.prefix}_{setting.name.upper()}"

    def env_names(self, setting: Setting) -> dict[str, str]:
        """Return the environment variables of a setting with the names they stand for, aliases first."""
        aliases = {f"{self.prefix}_{alias.upper()}": alias for alias in setting.aliases}
        return {**aliases, self.env_name(setting): setting.name}

    def load(self, sources: Sequence[ConfigSource], environ: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the value of every setting, with defaults; None for a setting that is absent.

        Later sources override earlier ones, and the environment overrides all sources. Texts are converted to the type
        of the setting, and a value that means "absent" keeps the earlier value, see ``conversion``. A secret is
        returned as ``Secret``, a date-time as ``datetime`` with a time zone.

        Args:
            sources: the config files, in the order of the command line.
            environ: the environment, for ``--config=ENV``; None: it is not read.

        Raises:
            ConfigError: all problems of all sources, one on each line; no line contains a secret.
        """
        problems: list[str] = []
        values: dict[str, Any] = {setting.name: None for setting in self.settings}
        for source in sources:
            values.update(self._checked(source, problems))
        if environ is not None:
            values.update(self._from_environ(environ, problems))
        self._fill_defaults(values, problems, "" if environ is not None else " with --config=ENV")
        if problems:
            raise ConfigError(*problems)
        return values

    def unknown_env_names(self, environ: Mapping[str, str]) -> list[str]:
        """Return a warning for each environment variable whose name looks like a misspelled setting.

        Other variables with the same prefix are ignored, because Meltano sets many of them.
        """
        known = [variable for setting in self.settings for variable in self.env_names(setting)]
        return [sentence(*pair) for pair in misspelled(environ, f"{self.prefix}_", known)]

    def _checked(self, source: ConfigSource, problems: list[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, raw in source.values.items():
            setting = self._by_name.get(name)
            if setting is None:
                problems.append(f"unknown setting {name!r} in {source.name}{nearest(name, self._by_name)}")
            else:
                try:
                    value = convert(setting, raw)
                except ValueError as error:
                    problems.append(f"setting {name!r} in {source.name} {error}")
                    value = raw
                if value is not None:
                    self._assign(values, name, value, f"setting {name!r} in {source.name}", problems)
        return values

    def _from_environ(self, environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for setting in self.settings:
            for variable, name in self.env_names(setting).items():
                try:
                    value = convert(setting, environ.get(variable))
                except ValueError as error:
                    problems.append(f"the environment variable {variable} {error}")
                    value = environ[variable]
                if value is not None:
                    self._assign(values, name, value, f"the environment variable {variable}", problems)
        return values

    def _assign(self, values: dict[str, Any], name: str, value: Any, place: str, problems: list[str]) -> None:
        """Set a setting by its name or an alias; ``place`` begins a sentence about it."""
        current = self._by_name[name].name
        if current in values:
            problems.append(f"{place} sets {current!r} a second time, under an earlier name; remove the earlier name")
        elif name != current:
            logger.warning("%s is an earlier name of %r; it still works, but use the new name", place, current)
        values[current] = value

    def _fill_defaults(self, values: dict[str, Any], problems: list[str], option: str) -> None:
        for setting in self.settings:
            if values[setting.name] is None and setting.default is not None:
                values[setting.name] = check(setting, setting.default)
            elif setting.required and _blank(values[setting.name]):
                problems.append(
                    f"setting {setting.name!r} is missing; set it in a --config file, "
                    f"or as {self.env_name(setting)}{option}"
                )

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of a config file, for ``--about``."""
        return json_schema(self.settings)

    def meltano_settings(self) -> list[dict[str, Any]]:
        """Return the ``settings:`` of a Meltano plugin definition."""
        return [meltano_setting(setting) for setting in self.settings]

    def markdown_table(self) -> str:
        """Return the settings as a Markdown table, for ``--about`` and the docs."""
        return markdown_table(self.settings, self.env_name)


def _blank(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, Secret) and not value)
