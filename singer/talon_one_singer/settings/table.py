"""Settings as a table: one row says all about a setting, everything else is derived from it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import nearest, read_json_object
from talon_one_singer.settings.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

logger = logging.getLogger(__name__)

SettingType = Literal["string", "integer", "number", "boolean", "date-time", "date-times", "array", "object"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: key in the config file, snake_case.
        type: JSON type; ``date-time`` is an RFC 3339 string, ``date-times`` one, a list or a range of them,
            ``object`` has free content.
        description: one or two sentences, for ``--about`` and the docs.
        default: value when nothing is set, as a config file would hold it.
        required: without it nothing can run.
        secret: a string that never shows; ``load`` gives a ``Secret``.
        allowed: the only values of the setting, or of an array's items.
        minimum, maximum: bounds of a number, or of an array's items, both inclusive.
        items: type of an array's items.
        env: environment variable, if not ``<PREFIX>_<NAME>``.
        kind: Meltano's kind, if not the one that follows from the type.
        is_path: a string that is a path or URL; of a local file ``load`` gives the path, see ``local_paths``.
        narrows: without it more is read or done, so that an empty list or text, which names nothing, is refused; all
            arrays refuse such a text.
        accepts: raises ValueError for a value that cannot be used; completes "setting 'x' ...".
        aliases: earlier names, which are still accepted everywhere; using one logs a deprecation note.
    """

    name: str
    type: SettingType
    description: str
    default: Any = None
    required: bool = False
    secret: bool = False
    allowed: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    items: Literal["string", "integer"] = "string"
    env: str | None = None
    kind: str | None = None
    is_path: bool = False
    narrows: bool = False
    accepts: Callable[[Any], object] | None = None
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.secret and self.type != "string":
            raise ValueError(f"the secret setting {self.name} must be a string")
        if self.aliases and self.required:  # a JSON schema could not say which name is required
            raise ValueError(f"the required setting {self.name} cannot have aliases")


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """Values and where they come from, "config.json" for example."""

    name: str
    values: Mapping[str, Any]

    @classmethod
    def from_file(cls, path: str) -> ConfigSource:
        """The settings in a JSON file.

        Raises:
            ConfigError: not readable, not JSON, or not an object.
        """
        return cls(path, read_json_object(path, "config"))


class SettingsTable:
    """All settings of a tap or target.

    Args:
        prefix: of the environment variables, TAP_TALON_ONE for example.
        settings: the rows, in the order of the docs.
    """

    def __init__(self, prefix: str, settings: Sequence[Setting]) -> None:
        self.prefix = prefix
        self.settings = tuple(settings)
        self._by_name = {name: setting for setting in settings for name in (setting.name, *setting.aliases)}

    def __iter__(self) -> Iterator[Setting]:
        return iter(self.settings)

    def env_name(self, setting: Setting) -> str:
        """The environment variable of a setting."""
        return setting.env or f"{self.prefix}_{setting.name.upper()}"

    def env_names(self, setting: Setting) -> dict[str, str]:
        """Return the environment variables of a setting with the names they stand for, aliases first."""
        aliases = {f"{self.prefix}_{alias.upper()}": alias for alias in setting.aliases}
        return {**aliases, self.env_name(setting): setting.name}

    def load(self, sources: Sequence[ConfigSource], environ: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The value of every setting, defaults included; None where nothing is set.

        Later sources win over earlier ones, and the environment, if given, over all. Texts are converted to the
        setting's type, and what means "not given" leaves the earlier value; see ``setting_values``. A secret comes as
        ``Secret``, a date-time as ``datetime`` with zone.

        Args:
            sources: the config files, in the order of the command line.
            environ: the environment, for ``--config=ENV``; None: it is not read.

        Raises:
            ConfigError: every problem of every source, one a line; no line holds a secret.
        """
        problems: list[str] = []
        values: dict[str, Any] = {setting.name: None for setting in self.settings}
        for source in sources:
            values.update(self._checked(source, problems))
        if environ is not None:
            values.update(self._from_environ(environ, problems))
        self._fill_defaults(values, problems)
        if problems:
            raise ConfigError(*problems)
        return values

    def unknown_env_names(self, environ: Mapping[str, str]) -> list[str]:
        """Variables that look like a misspelt one of ours, each as a sentence for a warning.

        Others with our prefix are none of our business: Meltano sets many.
        """
        known = [variable for setting in self.settings for variable in self.env_names(setting)]
        strangers = sorted(n for n in environ if n.startswith(f"{self.prefix}_") and n not in known)
        hints = ((name, nearest(name.removeprefix(self.prefix), self._suffixes())) for name in strangers)
        return [f"the environment variable {name} sets nothing{hint}" for name, hint in hints if hint]

    def _suffixes(self) -> list[str]:
        return [self.env_name(setting).removeprefix(self.prefix) for setting in self.settings]

    def _checked(self, source: ConfigSource, problems: list[str]) -> dict[str, Any]:
        from talon_one_singer.settings.conversion import convert

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
        from talon_one_singer.settings.conversion import convert

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

    def _fill_defaults(self, values: dict[str, Any], problems: list[str]) -> None:
        from talon_one_singer.settings.conversion import check

        for setting in self.settings:
            if values[setting.name] is None and setting.default is not None:
                values[setting.name] = check(setting, setting.default)
            elif setting.required and _blank(values[setting.name]):
                problems.append(
                    f"setting {setting.name!r} is missing; set it in a --config file, "
                    f"or as {self.env_name(setting)} with --config=ENV"
                )

    def json_schema(self) -> dict[str, Any]:
        """JSON schema of a config file, for ``--about``."""
        from talon_one_singer.settings.docs import json_schema

        return json_schema(self)

    def meltano_settings(self) -> list[dict[str, Any]]:
        """The ``settings:`` of a Meltano plugin definition."""
        from talon_one_singer.settings.docs import meltano_setting

        return [meltano_setting(setting) for setting in self.settings]

    def markdown_table(self) -> str:
        """The settings as a Markdown table, for ``--about`` and the docs."""
        from talon_one_singer.settings.docs import markdown_table

        return markdown_table(self)


def _blank(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, Secret) and not value)
