"""JSON Schemas with which an editor completes and checks a SYNC.yml and config files, from the tables of settings.

They allow whatever the program reads: values may be texts, variables of the environment, or null for the default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_cli.alerts.settings import ALERT_SETTINGS, ALERTS
from talon_one_cli.sync.dbt_source import SETTINGS as DBT_SETTINGS
from talon_one_cli.sync.sync_file import DEPENDS_ON
from talon_one_warehouse import SourceSpec
from tap_talon_one.settings import SETTINGS as TAP_SETTINGS
from target_talon_one.config.destination_settings import AUDIENCE, KEY, OPTIONS, TARGETS
from target_talon_one.settings import SETTINGS as TARGET_SETTINGS
from target_talon_one.settings import SYNC_SETTINGS
from target_talon_one.sinks.table import SINKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_singer import Setting
    from target_talon_one.sinks.sink_type import SinkType

ADDRESS = "https://raw.githubusercontent.com/talon-one-connector/talon-one-connector/main/schemas/editor/"
SYNC_FILE = "sync-file.json"
HINT = f"# yaml-language-server: $schema={ADDRESS}{SYNC_FILE}"
"""The first line of a SYNC.yml that an editor completes."""

_DIALECT = "http://json-schema.org/draft-07/schema#"  # the one that editors know
_VARIABLE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
_ABSENT = r"^\s*(None|null)?\s*$"
_TEXTS = {
    "integer": r"^\s*[-+]?[0-9]+\s*$",
    "number": r"^\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*$",
    "boolean": r"^\s*([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF|[01])\s*$",
}
_TYPES: Mapping[str, list[str]] = {
    "string": ["string", "null"],
    "date-time": ["string", "null"],
    "date-times": ["string", "array", "null"],
    "array": ["array", "string", "null"],
    "object": ["object", "string", "null"],
}
_ABOUT_SOURCE = {
    "url": "A file, a folder of Parquet files, or a database: duckdb:///…, postgresql://…, sqlite:///…, snowflake://…",
    "sql": "The query, for a database.",
    "table": "Or a table, as table or schema.table.",
    "dbt": "A model, snapshot or seed of dbt, as name or package.name.",
    "project": "Folder of dbt_project.yml; by default the current folder.",
    "profiles": "Folder of profiles.yml; by default that of the project, of DBT_PROFILES_DIR, or ~/.dbt.",
    "target": "Target of the dbt profile.",
}


def editor_schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas by the names of their files."""
    return {
        SYNC_FILE: sync_file_schema(),
        "sync-config.json": _config("Config file of talon-one plan, push, verify, retry, erase", SYNC_SETTINGS),
        "load-config.json": _config(
            "Config file of tap-talon-one and of talon-one load, check, estimate",
            TAP_SETTINGS,
            {ALERTS.name: _alerts(f"{ALERTS.description} Only commands of talon-one read it.")},
        ),
        "target-config.json": _config("Config file of target-talon-one", TARGET_SETTINGS),
    }


def sync_file_schema() -> dict[str, Any]:
    """Return the schema of a SYNC.yml."""
    syncs = {
        "type": "object",
        "description": "Each sync by its name: the source of its rows, and where they go.",
        "minProperties": 1,
        "additionalProperties": _sync(),
    }
    properties = _properties(SYNC_SETTINGS)
    return _document(
        "SYNC.yml of talon-one-connector",
        properties | {"store": _store(properties["store"]), ALERTS.name: _alerts(), "syncs": syncs},
        ["syncs"],
    )


def _store(anywhere: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``store`` may be: a file or URL, or an object for the database of the sources."""
    about = {name: value for name, value in anywhere.items() if name != "type"}
    schema = {"description": "Schema of its tables.", "type": ["string", "null"]}
    in_source = _object({"in": {"const": "source"}, "schema": schema}, ["in"])
    return about | {"anyOf": [{"type": anywhere["type"]}, in_source]}


def _alerts(description: str = ALERTS.description) -> dict[str, Any]:
    """Return what ``alerts`` may be; nothing is required, because those of a file and of a sync add up."""
    properties = _properties(ALERT_SETTINGS.values())
    return {"description": description, **_object(properties, []), "type": ["object", "null"]}


def _config(title: str, settings: Iterable[Setting], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of a config file; nothing is required, because several files and the environment add up."""
    schema = {"type": "string", "description": "Address of this schema; only editors read it."}
    return _document(title, {"$schema": schema} | _properties(settings) | dict(more or {}), [])


def _document(title: str, properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"$schema": _DIALECT, "title": title, **_object(properties, required)}


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return found | ({"required": required} if required else {})


def _properties(settings: Iterable[Setting]) -> dict[str, Any]:
    found = {}
    for setting in settings:
        found[setting.name] = _property(setting)
        old = {**found[setting.name], "description": f"Earlier name of {setting.name}.", "deprecated": True}
        found |= dict.fromkeys(setting.aliases, old)
    return found


def _property(setting: Setting) -> dict[str, Any]:
    """Return what a setting may be: a value of its type, a text that is converted to it, or a variable."""
    about: dict[str, Any] = {"description": setting.description}
    if setting.default is not None:
        about["default"] = setting.default
    bounds = {"minimum": setting.minimum, "maximum": setting.maximum}
    limits = {name: value for name, value in bounds.items() if value is not None}
    if setting.allowed and setting.type == "string":
        choices = [*setting.allowed, *setting.old_values, None]
        return about | {"anyOf": [{"enum": choices}, _text(_ABSENT)]}
    if setting.type in _TEXTS:
        return about | {"anyOf": [{"type": [setting.type, "null"], **limits}, _text(_TEXTS[setting.type], _ABSENT)]}
    return about | {"type": _TYPES[setting.type]}


def _text(*patterns: str) -> dict[str, Any]:
    """Return the schema of a text that matches one of the patterns, or has a variable."""
    return {"type": "string", "pattern": "|".join([*patterns, _VARIABLE])}


def _sync() -> dict[str, Any]:
    sinks = {"description": "What the rows become.", "enum": list(SINKS)}
    modes = dict.fromkeys(mode for sink in SINKS.values() for mode in sink.modes)
    properties = {
        "source": _source(),
        "sink": sinks,
        "mode": {"description": "What happens to added, changed and removed rows.", "enum": [*modes]},
        "key": _property(KEY),
        "map": {"description": "Where fields get their values: field: column or template.", "type": _TYPES["object"]},
        "audience": _audience(),
        **_properties(TARGETS.values()),
        **_properties(OPTIONS.values()),
        DEPENDS_ON.name: _property(DEPENDS_ON),
        ALERTS.name: _alerts("Alerts of this sync; what they leave out is as in those of the file."),
    }
    return {**_object(properties, ["source", "sink"]), "allOf": [_of_sink(sink) for sink in SINKS.values()]}


def _of_sink(sink: SinkType) -> dict[str, Any]:
    """Return what holds for the syncs of one sink: its modes, fields and settings."""
    known = {name.rstrip("?") for name in sink.target}
    required = [name for name in sink.target if not name.endswith("?")]
    others = [name for name in ("audience", *TARGETS) if name not in known]
    fields = {field.name: {"description": f"Field of {sink.name}, {field.type}."} for field in sink.fields}
    then: dict[str, Any] = {
        "properties": {
            "mode": {"enum": [*sink.modes, *([None] if len(sink.modes) == 1 else [])]},
            "map": {"properties": fields},
            **dict.fromkeys(others, False),
        }
    }
    needed = required + ["mode"] * (len(sink.modes) > 1)
    return {
        "if": {"properties": {"sink": {"const": sink.name}}, "required": ["sink"]},
        "then": then | ({"required": needed} if needed else {}),
    }


def _audience() -> dict[str, Any]:
    return {
        "description": "The audience: its id, or an object by which it is found or created.",
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}, _object(_properties(AUDIENCE.values()), [])],
    }


def _source() -> dict[str, Any]:
    def of(names: Iterable[str], required: str) -> dict[str, Any]:
        return _object({name: {"type": "string", "description": _ABOUT_SOURCE[name]} for name in names}, [required])

    return {
        "description": "Where the rows come from: a file or folder, a database with sql or table, or a dbt model.",
        "anyOf": [{"type": "string"}, of(SourceSpec.__slots__, "url"), of(DBT_SETTINGS, "dbt")],
    }
