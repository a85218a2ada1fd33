"""Earlier names of settings are accepted wherever the current names are."""

from __future__ import annotations

import jsonschema
import pytest

from talon_one_client.connection.settings import CONNECTION_SETTINGS
from talon_one_singer import ConfigError, ConfigSource
from tap_talon_one.settings import SETTINGS as TAP_SETTINGS
from target_talon_one.settings import SETTINGS as TARGET_SETTINGS
from target_talon_one.settings import SYNC_SETTINGS

REQUIRED = {"base_url": "https://h", "streams": {"a": {}}}
TABLES = {"tap": TAP_SETTINGS, "target": TARGET_SETTINGS, "syncs": SYNC_SETTINGS, "connection": CONNECTION_SETTINGS}
ALIASES = [
    pytest.param(table, setting, alias, id=f"{name}-{alias}")
    for name, table in TABLES.items()
    for setting in table
    for alias in setting.aliases
]
VALUES = {"string": "redis://host/0", "number": 7, "integer": 7, "boolean": True}
aliases = pytest.mark.parametrize(("table", "setting", "alias"), ALIASES)


def required_of(table):
    """The settings without which a table cannot be loaded."""
    return {setting.name: REQUIRED[setting.name] for setting in table if setting.required}


def loaded(table, environ=None, **values):
    return table.load([ConfigSource("config.json", {**required_of(table), **values})], environ)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_rate_limit_url_was_budget_url(table):
    """Every table that calls Talon.One accepts budget_url for rate_limit_url."""
    (setting,) = [one for one in table if one.name == "rate_limit_url"]
    assert ("budget_url",) == setting.aliases


@aliases
def test_an_alias_in_a_file_sets_the_setting(table, setting, alias):
    """A config file may use the earlier name of a setting."""
    value = VALUES[setting.type]
    assert loaded(table, **{setting.name: value}) == loaded(table, **{alias: value})


@aliases
def test_an_alias_in_the_environment_sets_the_setting(table, setting, alias):
    """An environment variable may use the earlier name of a setting."""
    value = VALUES[setting.type]
    variable = f"{table.prefix}_{alias.upper()}"
    assert loaded(table, **{setting.name: value}) == loaded(table, {variable: str(value)})


@aliases
def test_the_environment_is_not_warned_of_an_alias(table, setting, alias):
    """The variable of an earlier name does not count as a misspelled one."""
    assert [] == table.unknown_env_names({f"{table.prefix}_{alias.upper()}": VALUES[setting.type]})


@aliases
def test_an_alias_logs_one_deprecation_note(table, setting, alias, caplog):
    """The note names both names and not the value, which may be a secret."""
    loaded(table, **{alias: VALUES[setting.type]})
    (note,) = [record.getMessage() for record in caplog.records]
    assert f"setting {alias!r} in config.json is an earlier name of {setting.name!r}" in note
    assert str(VALUES[setting.type]) not in note


@aliases
def test_both_names_in_one_file_are_refused(table, setting, alias):
    """Two values for one setting are an error that names the setting."""
    value = VALUES[setting.type]
    with pytest.raises(ConfigError, match=f"sets {setting.name!r} a second time"):
        loaded(table, **{setting.name: value, alias: value})


@aliases
def test_the_json_schema_accepts_an_alias_as_deprecated(table, setting, alias):
    """A config file with an earlier name is valid, and an editor shows that the name is deprecated."""
    schema = table.json_schema()
    jsonschema.validate({**required_of(table), alias: VALUES[setting.type]}, schema)
    assert schema["properties"][alias]["deprecated"] is True


@aliases
def test_docs_and_meltano_name_an_alias(table, setting, alias):
    """The generated docs and meltano.yml name the earlier name beside the current one."""
    (row,) = [line for line in table.markdown_table().splitlines() if line.startswith(f"| `{setting.name}`")]
    (meltano,) = [one for one in table.meltano_settings() if one["name"] == setting.name]
    assert f"`{alias}`" in row
    assert alias in meltano["aliases"]
