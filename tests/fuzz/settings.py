"""Files that users write: config, catalog, SYNC.yml and plan."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_cli.sync.sync_file import read_sync_file
from talon_one_client.connection.client_factory import client_from_settings, config_from_settings
from talon_one_singer import ConfigSource
from talon_one_singer.protocol.catalog import Catalog
from talon_one_singer.protocol.selection import field_mask, selected_schema, selected_streams
from talon_one_singer.reporting.redaction import Redactor
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_singer.settings.json_files import read_json_object
from talon_one_singer.shards import Shard
from talon_one_singer.validation.validator import validator
from tap_talon_one import tap
from tap_talon_one.rows.hashing import FieldHashes
from tap_talon_one.settings import SETTINGS as TAP_SETTINGS
from target_talon_one.config.options import SyncOptions
from target_talon_one.settings import SETTINGS as TARGET_SETTINGS
from target_talon_one.settings import SYNC_SETTINGS
from target_talon_one.sync.plan import PlannedDestination, check_format, check_unmoved
from target_talon_one.target import destinations_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from talon_one_singer.settings.table import SettingsTable

    Target = Callable[[bytes], None]

ENVIRONMENT = {"WAREHOUSE": "/shop.duckdb", "CATALOG_ID": "2", "EMPTY": ""}
PLANNED = PlannedDestination(
    name="top",
    sink="audience_members",
    mode="mirror",
    identity="audience 7 at https://demo.europe-west1.talon.one",
    adds=2,
    updates=0,
    removes=1,
    same=3,
    duplicates=0,
    invalid=0,
    known=4,
    new_profiles=None,
    creates_audience=False,
    requests=3,
    minutes=0.1,
    stopped_by=None,
    digest="ab" * 32,
    generation=4,
    settings="cd" * 32,
    samples={"add": [{"profileIntegrationId": "a"}]},
)


@contextmanager
def config(folder: Path) -> Iterator[Target]:
    """Yield a target that loads a config file, and its values from the environment, for tap, target and syncs."""
    path = folder / "config.json"

    def target(data: bytes) -> None:
        path.write_bytes(data)
        errors = [error for table in TABLES for error in _errors(TABLES[table], table, str(path))]
        if errors:
            raise errors[0]

    yield target


def _errors(use: Callable[[dict[str, Any]], None], table: SettingsTable, path: str) -> Iterator[Exception]:
    """Yield the errors of one settings table, for the file and for the environment."""
    from tests.fuzz.running import EXPECTED

    for load in (_from_file, _from_environment):
        try:
            use(load(table, path))
        except EXPECTED as error:
            yield error


def _from_file(table: SettingsTable, path: str) -> dict[str, Any]:
    return table.load([ConfigSource.from_file(path)])


def _from_environment(table: SettingsTable, path: str) -> dict[str, Any]:
    given = read_json_object(path, "config")
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    names = {setting.name: table.env_name(setting) for setting in table}
    environment = {names.get(name, name): text for name, text in texts.items()}
    table.unknown_env_names(environment)
    return table.load([], environment)


def _tap(settings: dict[str, Any]) -> None:
    config_from_settings(settings, "fuzz")
    tap.catalog(settings)
    Shard.of(settings)
    InputLimits.of(settings)
    FieldHashes.of(settings)
    with client_from_settings(settings, "fuzz"):
        pass


def _target(settings: dict[str, Any]) -> None:
    config_from_settings(settings, "fuzz")
    SyncOptions.of(settings)
    InputLimits.of(settings)
    if "streams" in settings:
        destinations_of(settings["streams"])


TABLES: dict[SettingsTable, Callable[[dict[str, Any]], None]] = {
    TAP_SETTINGS: _tap,
    TARGET_SETTINGS: _target,
    SYNC_SETTINGS: _target,
}


@contextmanager
def catalog(folder: Path) -> Iterator[Target]:
    """Yield a target that applies a catalog file to the discovered catalog."""
    path, known = folder / "catalog.json", tap.catalog()

    def target(data: bytes) -> None:
        path.write_bytes(data)
        chosen = known.chosen_by(Catalog.from_file(str(path)), f"the catalog file {path}")
        for entry in selected_streams(chosen):
            validator(selected_schema(entry))
            mask = field_mask(entry)
            if mask is not None:
                mask.apply_to_schema(entry.schema)
        chosen.to_dict()

    yield target


@contextmanager
def sync_file(folder: Path) -> Iterator[Target]:
    """Yield a target that reads a SYNC.yml."""
    path = folder / "SYNC.yml"

    def target(data: bytes) -> None:
        path.write_bytes(data)
        read_sync_file(str(path), [], Redactor(), environ=ENVIRONMENT)

    yield target


@contextmanager
def plan(folder: Path) -> Iterator[Target]:
    """Yield a target that reads a plan file as apply and erase do."""
    from talon_one_cli.sync.erase_files import clean_plan
    from target_talon_one.store.tables.personal_data import Person

    path, file = folder / "plan.json", folder / "SYNC.yml"
    file.write_text("syncs: {top: {source: a.csv, sink: audience_members, mode: mirror, audience: {id: 7}}}")

    def target(data: bytes) -> None:
        path.write_bytes(data.replace(b"SYNC-FILE", str(file).encode()))
        clean_plan(str(path), [Person("a"), Person("")])
        then = read_json_object(str(path), "plan")
        check_format(then, str(path))
        read_sync_file(then["sync_file"], [], Redactor(), environ=ENVIRONMENT | {"TALON_ONE_API_KEY": "key"})
        check_unmoved(then["destinations"], [PLANNED])

    yield target
