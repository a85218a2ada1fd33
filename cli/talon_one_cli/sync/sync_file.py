"""Read a SYNC.yml: sources, destinations and settings."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from talon_one_cli.alerts.settings import ALERTS, alerts_from, check_alerts, hide_receivers
from talon_one_singer import ConfigError, ConfigSource, Setting
from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.settings.conversion import convert
from talon_one_singer.settings.json_files import json_type, nearest
from talon_one_warehouse import source_spec
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.destination_settings import OPTIONS, TARGETS
from target_talon_one.settings import SYNC_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_cli.alerts.settings import Alerts
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import SourceSpec
    from target_talon_one.config.destination_config import DestinationConfig

_IN_SOURCE = "{in: source}"  # stands for the object while the settings are read
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


DEPENDS_ON = Setting("depends_on", "array", "Syncs that are sent before this one; if one of them fails, it is skipped.")


_OF_SYNC = ("source", DEPENDS_ON.name, ALERTS.name)
_INSIDE = {"sink", "mode", "key", "map", "audience", "source", DEPENDS_ON.name, *TARGETS, *OPTIONS}


@dataclass(frozen=True, slots=True)
class Sync:
    """One destination and the source of its rows.

    Attributes:
        destination: the destination.
        source: the source.
        depends_on: names of the syncs that are sent before it.
        alerts: who is informed of what; None: nobody.
    """

    destination: DestinationConfig
    source: SourceSpec
    depends_on: tuple[str, ...] = ()
    alerts: Alerts | None = None

    @property
    def name(self) -> str:
        """The name of the sync."""
        return self.destination.name


@dataclass(frozen=True)
class StoreInSource:
    """A store in the database of the sources: ``store: {in: source, schema: …, name: …}``.

    Attributes:
        url: of the first source; all others are in the same database.
        schema: of the tables.
        name: of the store, if the schema holds several.
    """

    url: str = field(repr=False)
    schema: str = "talon_one_sync"
    name: str = ""

    def __str__(self) -> str:
        return f"{shown_url(self.url)} (schema {self.schema})"


@dataclass(frozen=True, slots=True)
class SyncFile:
    """A SYNC.yml with its settings.

    Attributes:
        path: path of the file.
        settings: value by name; the names are those of SYNC_SETTINGS. ``store`` is a text or a StoreInSource.
        syncs: the syncs in the order of the file.
    """

    path: str
    settings: Mapping[str, Any]
    syncs: tuple[Sync, ...]


def read_sync_file(
    path: str, config: Sequence[str], redact: Redactor, *, environ: Mapping[str, str] = os.environ
) -> SyncFile:
    """Return the syncs and settings of a file.

    Settings come from the file, then from ``--config`` files, then from the environment; the last one wins. In the file
    ``${NAME}`` is replaced by a variable of the environment.

    Raises:
        ConfigError: has one line for each problem, with the name of the setting.
    """
    content = _read(path, environ, redact)
    given = content.pop("syncs", None)
    if not isinstance(given, dict) or not given:
        _check_spelling(path, content, "syncs")
        raise ConfigError(f"{path}: 'syncs' must name at least one sync, each with source, sink and mode")
    misplaced = [f"{path}: {name!r} is a setting of a sync; write it into syncs" for name in content if name in _INSIDE]
    if misplaced:
        raise ConfigError(*misplaced)
    redact.add_from(given)  # the URLs of sources may hold passwords and keys
    of_file = content.pop(ALERTS.name, None)
    hide_receivers([of_file, *(one.get(ALERTS.name) for one in given.values() if isinstance(one, dict))], redact)
    in_source = content["store"] if isinstance(content.get("store"), dict) else None
    if in_source is not None:
        content["store"] = _IN_SOURCE
    settings = read_settings(content, path, config, redact, environ=environ)
    problems: list[str] = []
    syncs: list[Sync] = []
    for name, one in given.items():
        try:
            alerts = _alerts(str(name), one, of_file, path, redact)
            syncs.append(replace(_sync(str(name), one, path, redact, environ), alerts=alerts))
        except ConfigError as error:
            problems += error.lines
    if problems:
        raise ConfigError(*problems)
    if settings["store"] == _IN_SOURCE:  # no --config file and no variable gives another store
        settings["store"] = _store_in_source(in_source, path, syncs[0].source.url)
    return SyncFile(path, settings, tuple(syncs))


def _store_in_source(given: Any, path: str, url: str) -> StoreInSource:
    options = dict(given)
    if options.pop("in", "source") != "source":
        raise ConfigError(f"{path}: store.in must be source; a store in a file or at a URL is written as a text")
    schema, name = options.pop("schema", None) or StoreInSource.schema, options.pop("name", None) or ""
    wrong = next((key for key, one in (("schema", schema), ("name", name)) if not isinstance(one, str)), None)
    if options or wrong:
        unknown = next(iter(options), wrong)
        raise ConfigError(
            f"{path}: store: {unknown!r} cannot be used; the object has in and schema, and name if the schema holds "
            "several stores; all are texts"
        )
    return StoreInSource(url, schema, name)


def read_settings(
    content: Mapping[str, Any],
    path: str,
    config: Sequence[str],
    redact: Redactor,
    *,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Return the settings of a file, of ``--config`` files and of the environment; the last one wins."""
    sources = [ConfigSource(path, content), *(ConfigSource.from_file(one) for one in config)]
    redact.add_from([source.values for source in sources])  # before any message about them is printed
    settings = SYNC_SETTINGS.load(sources, environ)
    redact.add_from(settings)
    return settings


def _alerts(name: str, given: Any, of_file: Any, path: str, redact: Redactor) -> Alerts | None:
    """Return the alerts of a sync: its own, and for what they do not name those of the file."""
    check_alerts(of_file, f"{path}: {ALERTS.name}")
    own = given.get(ALERTS.name) if isinstance(given, dict) else None
    return alerts_from(own, f"{path}: syncs.{name}.{ALERTS.name}", redact, {}, of_file=of_file)


def _sync(name: str, given: Any, path: str, redact: Redactor, environ: Mapping[str, str]) -> Sync:
    where = f"{path}: syncs.{name}"
    if not isinstance(given, dict):
        raise ConfigError(f"{where} must be an object with source, sink and mode, not {json_type(given)}")
    options = {key: value for key, value in given.items() if key != ALERTS.name}
    source, depends_on = options.pop("source", None), options.pop("depends_on", None)
    if source is None:
        _check_spelling(where, options, "source")
        raise ConfigError(f"{where}: 'source' is missing; give a file, or url with sql or table")
    if isinstance(source, dict) and "dbt" in source:
        from talon_one_cli.sync.dbt_source import dbt_source  # needs PyYAML and Jinja, which are extras

        spec = dbt_source(source, f"{where}.source", redact, environ)
    else:
        spec = source_spec(source, f"{where}.source")
    try:
        before = convert(DEPENDS_ON, depends_on) or []
    except ValueError as error:
        raise ConfigError(f"{where}.depends_on {error}") from None
    return Sync(destination_from(name, options, where=f"{path}: syncs", others=_OF_SYNC), spec, tuple(before))


def _check_spelling(where: str, given: Mapping[str, Any], wanted: str) -> None:
    """Raise an error that names the misspelled setting in place of one that is missing."""
    for name in given:
        if name not in _INSIDE and nearest(str(name), [wanted]):
            raise ConfigError(f"{where}: {name!r} is not a known setting; did you mean {wanted!r}?")


def _read(path: str, environ: Mapping[str, str], redact: Redactor) -> dict[str, Any]:
    try:
        from talon_one_cli.sync.yaml_file import read_yaml  # needs PyYAML, which is an extra
    except ImportError:
        raise ConfigError("syncs need PyYAML: pip install 'talon-one-connector[sync]'") from None
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must hold an object with 'syncs', not {json_type(content)}")
    filled: dict[str, Any] = _replace_variables(content, path, environ, redact)
    return filled


def _replace_variables(value: Any, path: str, environ: Mapping[str, str], redact: Redactor) -> Any:
    """Return the value with ``${NAME}`` replaced by variables of the environment."""
    if isinstance(value, dict):
        return {name: _replace_variables(one, path, environ, redact) for name, one in value.items()}
    if isinstance(value, list):
        return [_replace_variables(one, path, environ, redact) for one in value]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        text = environ.get(match[1])
        if text is None:
            raise ConfigError(f"{path} uses ${{{match[1]}}}, which is not set in the environment")
        redact.add(text)
        return text

    return _VARIABLE.sub(variable, value)
