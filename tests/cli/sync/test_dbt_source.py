"""Sources that name a model of a dbt project."""

from __future__ import annotations

import json

import duckdb
import pytest
import yaml

from talon_one_cli.sync.sync_file import read_sync_file
from talon_one_singer import ConfigError
from talon_one_singer.reporting.logs import Redactor
from talon_one_warehouse import open_source

NODES = {
    "model.shop.vips": {"name": "vips", "alias": "vip table", "schema": "marts", "package_name": "shop"},
    "model.shop.twice": {"name": "twice", "alias": "twice", "schema": "marts", "package_name": "shop"},
    "model.other.twice": {"name": "twice", "alias": "twice", "schema": "other", "package_name": "other"},
    "model.shop.inline": {"name": "inline", "package_name": "shop", "config": {"materialized": "ephemeral"}},
    "model.shop.far": {"name": "far", "alias": "far", "schema": "s", "package_name": "shop", "database": "attached"},
}
PASSWORD = "planted@secret/of:dbt"
OUTPUTS = {
    "dev": {"type": "duckdb", "path": "warehouse.duckdb", "schema": "marts"},
    "prod": {
        "type": "postgres",
        "host": "db.example",
        "port": "{{ env_var('PORT', '5433') | as_number }}",
        "user": "reader",
        "password": "{{ env_var('PASSWORD') }}",
        "dbname": "analytics",
        "sslmode": "require",
    },
    "lake": {"type": "spark"},
    "memory": {"type": "duckdb", "path": ":memory:"},
    "broken": {"type": "{{ nothing( }}"},
}


@pytest.fixture
def project(tmp_path):
    """A dbt project after a build, with a table in DuckDB."""
    folder = tmp_path / "analytics"
    (folder / "target").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(yaml.safe_dump({"name": "shop", "profile": "shop"}))
    (folder / "profiles.yml").write_text(yaml.safe_dump({"shop": {"target": "dev", "outputs": OUTPUTS}}))
    nodes = {name: {"resource_type": "model", "database": None} | node for name, node in NODES.items()}
    nodes["test.shop.vips"] = {"resource_type": "test", "name": "vips", "package_name": "shop"}
    (folder / "target" / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as db:
        db.execute("CREATE SCHEMA marts; CREATE TABLE marts.\"vip table\" AS SELECT 'ann' AS customer_id")
    return folder


@pytest.fixture
def source(project, tmp_path):
    """Return the source of a SYNC.yml, by its settings: ``source(**settings)``."""

    def of(environ=None, redact=None, **settings):
        sync = {"source": {"project": str(project), **settings}, "sink": "audience_members", "mode": "mirror"}
        sync |= {"audience": 1, "map": {"integrationId": "customer_id"}}
        path = tmp_path / "sync.yml"
        path.write_text(
            yaml.safe_dump(
                {"base_url": "http://127.0.0.1:9", "api_key": "key", "management_key": "key", "syncs": {"vip": sync}}
            )
        )
        return read_sync_file(str(path), [], redact or Redactor(), environ=environ or {}).syncs[0].source

    return of


def test_a_model_in_duckdb_is_read(source):
    """The rows of a model are those of its table, whatever its name is, in the file of the profile's target."""
    with open_source(source(dbt="vips")) as rows:
        assert [[{"customer_id": "ann"}]] == list(rows.rows())


def test_a_file_of_any_name_is_read(source, project):
    """A path of the profile is a path, whatever its characters mean in a URL."""
    name = "50%25 of #1?.duckdb"
    (project / "warehouse.duckdb").rename(project / name)
    profile = {"shop": {"target": "dev", "outputs": {"dev": OUTPUTS["dev"] | {"path": name}}}}
    (project / "profiles.yml").write_text(yaml.safe_dump(profile))
    with open_source(source(dbt="vips")) as rows:
        assert [[{"customer_id": "ann"}]] == list(rows.rows())


def test_a_model_in_postgresql_has_the_url_of_the_target(source):
    """The URL has all of the profile's target, with its variables filled in, and special characters escaped."""
    spec = source({"PASSWORD": PASSWORD, "PORT": "6000"}, dbt="shop.vips", target="prod")
    expected = "postgresql://reader:planted%40secret%2Fof%3Adbt@db.example:6000/analytics?sslmode=require"
    assert expected == spec.url
    assert 'SELECT * FROM "marts"."vip table"' == spec.sql


def test_a_password_of_the_profile_is_redacted(source):
    """A password that only the profile has appears in no output."""
    redact = Redactor()
    source({"PASSWORD": PASSWORD}, redact, dbt="vips", target="prod")
    assert PASSWORD not in redact(f"cannot connect with {PASSWORD}")


def test_a_variable_of_dbt_names_the_folder_of_profiles(source, project, tmp_path):
    """DBT_PROFILES_DIR goes before the folder of the project, and the setting before both."""
    other = tmp_path / "other"
    other.mkdir()
    output = {"type": "duckdb", "path": "other.duckdb"}
    (other / "profiles.yml").write_text(yaml.safe_dump({"shop": {"target": "x", "outputs": {"x": output}}}))
    assert source({"DBT_PROFILES_DIR": str(other)}, dbt="vips").url.endswith("/analytics/other.duckdb")
    assert source(dbt="vips", profiles=str(other)).url.endswith("/analytics/other.duckdb")
    both = source({"DBT_PROFILES_DIR": str(other)}, dbt="vips", profiles=str(project))
    assert both.url.endswith("/analytics/warehouse.duckdb")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dbt": "vipz"}, "no model, snapshot or seed 'vipz'; did you mean 'vips'?; if it is new, run dbt build"),
        ({"dbt": "twice"}, "is in several packages; name one of other.twice, shop.twice"),
        ({"dbt": "inline"}, "is ephemeral, so it has no table; materialize it as table or view"),
        ({"dbt": "far"}, "is in the attached database 'attached'"),
        ({"dbt": "vips", "target": "nowhere"}, "has no target 'nowhere'; it has broken, dev, lake, memory, prod"),
        ({"dbt": "vips", "target": "lake"}, "connects to 'spark', which cannot be read as a source"),
        ({"dbt": "vips", "target": "memory"}, "DuckDB is ':memory:'; only a file can be read"),
        ({"dbt": "vips", "target": "broken"}, "has a template that cannot be filled in"),
        ({"dbt": "vips", "target": "prod"}, "uses env_var('PASSWORD'), which is not set in the environment"),
        ({"dbt": "vips", "profiles": "/nowhere"}, "there is no /nowhere/profiles.yml; name its folder"),
        ({"dbt": "vips", "tabel": "x"}, "'tabel' is not a setting of a dbt source"),
        ({"dbt": ["vips"]}, "syncs.vip.source.dbt must be text"),
        ({"dbt": "vips", "project": "/nowhere"}, "/nowhere/dbt_project.yml"),
    ],
)
def test_what_is_wrong_is_reported_in_one_line(source, settings, words):
    """A wrong setting, model, project or profile is an error that says what to do."""
    with pytest.raises(ConfigError) as caught:
        source(**settings)
    assert 1 == len(caught.value.lines)
    assert words in str(caught.value)


def test_a_project_that_was_never_built_is_refused(source, project):
    """Without a manifest the error says which command writes it."""
    (project / "target" / "manifest.json").unlink()
    with pytest.raises(ConfigError, match=r"manifest\.json does not exist; run dbt build or dbt parse in"):
        source(dbt="vips")
