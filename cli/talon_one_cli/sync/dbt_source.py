"""Sources that name a model of a dbt project: its table by the project's manifest, its database by the profile.

dbt itself is neither imported nor run; ``dbt build``, ``dbt run`` or ``dbt parse`` has written the manifest.

https://docs.getdbt.com/reference/artifacts/manifest-json
https://docs.getdbt.com/docs/core/connect-data-platform/profiles.yml
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from talon_one_cli.sync.yaml_file import read_yaml
from talon_one_singer import ConfigError
from talon_one_singer.settings.json_files import nearest, read_json_object
from talon_one_singer.settings.local_paths import local_path
from talon_one_storage.sql_names import quoted
from talon_one_warehouse import SourceSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_singer.reporting.logs import Redactor

SETTINGS = ("dbt", "project", "profiles", "target")
_WITH_ROWS = ("model", "snapshot", "seed")


class _Filling(NamedTuple):
    """What fills in a profile: the environment, and the redactor that gets its values."""

    redact: Redactor
    environ: Mapping[str, str]


def dbt_source(given: Mapping[str, Any], place: str, redact: Redactor, environ: Mapping[str, str]) -> SourceSpec:
    """Return the source of a dbt model.

    Args:
        given: ``dbt``: a model, snapshot or seed, as ``name`` or ``package.name``; ``project``: folder of the project,
            by default the current one; ``profiles``: folder of profiles.yml, by default that of the project, of
            ``DBT_PROFILES_DIR`` or ``~/.dbt``, the first that has the file; ``target``: by default that of the profile.
        place: the setting, for messages.
        redact: gets the passwords of the profile.
        environ: for ``env_var`` in profiles.yml.

    Raises:
        ConfigError: the project, its manifest or its profile cannot be read, or the model has no table to read.
    """
    for name, value in given.items():
        if name not in SETTINGS:
            hint = nearest(str(name), SETTINGS) or f"; it has {', '.join(SETTINGS)}"
            raise ConfigError(f"{place}: {name!r} is not a setting of a dbt source{hint}")
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{place}.{name} must be text")
    folder = Path(local_path(given.get("project", ".")))
    project = _yaml(folder / "dbt_project.yml", place)
    node = _node(given["dbt"], _manifest(folder, project, place, environ), place)
    output = _output(folder, project, given, place, _Filling(redact, environ))
    opener = _URLS.get(str(output.get("type")))
    if opener is None:
        raise ConfigError(
            f"{place}: the dbt profile connects to {output.get('type')!r}, which cannot be read as a source; "
            f"a model can be read from {', '.join(_URLS)}; give url with sql or table instead"
        )
    table = quoted(*(str(node[name]) for name in ("schema", "alias")))
    return SourceSpec(opener(output, folder, node, place), sql=f"SELECT * FROM {table}")  # noqa: S608 - quoted


def _manifest(
    folder: Path, project: Mapping[str, Any], place: str, environ: Mapping[str, str]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the models, snapshots and seeds of the manifest by their ids."""
    path = folder / (environ.get("DBT_TARGET_PATH") or project.get("target-path") or "target") / "manifest.json"
    if not path.exists():
        raise ConfigError(f"{place}: {path} does not exist; run dbt build or dbt parse in {folder} first")
    nodes = read_json_object(str(path), f"{place}: manifest").get("nodes")
    if not isinstance(nodes, dict):
        raise ConfigError(f"{place}: {path} is not a manifest of dbt: it has no 'nodes'; run dbt parse again")
    return {name: node for name, node in nodes.items() if node.get("resource_type") in _WITH_ROWS}


def _node(name: str, nodes: Mapping[str, Mapping[str, Any]], place: str) -> Mapping[str, Any]:
    package, _, model = name.rpartition(".")
    found = [n for n in nodes.values() if n["name"] == model and package in ("", n["package_name"])]
    if not found:
        hint = nearest(model, (str(node["name"]) for node in nodes.values()))
        raise ConfigError(
            f"{place}.dbt: the manifest has no model, snapshot or seed {name!r}{hint}; "
            "if it is new, run dbt build or dbt parse"
        )
    if len(found) > 1:
        several = ", ".join(sorted(f"{node['package_name']}.{model}" for node in found))
        raise ConfigError(f"{place}.dbt: {name!r} is in several packages; name one of {several}")
    kind = (found[0].get("config") or {}).get("materialized")
    if kind == "ephemeral":
        raise ConfigError(f"{place}.dbt: {name!r} is ephemeral, so it has no table; materialize it as table or view")
    return found[0]


def _output(
    folder: Path, project: Mapping[str, Any], given: Mapping[str, str], place: str, filling: _Filling
) -> Mapping[str, Any]:
    """Return the connection of the profile's target, with ``env_var`` filled in."""
    redact, environ = filling
    path = _profiles(folder, given.get("profiles"), place, environ)
    name = environ.get("DBT_PROFILE") or project.get("profile")
    profile = _yaml(path, place).get(str(name))
    if not isinstance(profile, dict) or not isinstance(profile.get("outputs"), dict):
        raise ConfigError(f"{place}: {path} has no profile {name!r} with 'outputs'")
    render = _renderer(path, place, filling)
    target = given.get("target") or environ.get("DBT_TARGET") or render(profile.get("target", "default"))
    output = profile["outputs"].get(target)
    if not isinstance(output, dict):
        known = ", ".join(map(str, profile["outputs"]))
        raise ConfigError(f"{place}: the profile {name!r} in {path} has no target {target!r}; it has {known}")
    filled = {key: render(value) for key, value in output.items()}
    redact.add_from(filled)
    return filled


def _profiles(folder: Path, given: str | None, place: str, environ: Mapping[str, str]) -> Path:
    wanted = [environ.get("DBT_PROFILES_DIR"), str(folder), "~/.dbt"] if given is None else [local_path(given)]
    paths = [Path(one).expanduser() / "profiles.yml" for one in wanted if one]
    for path in paths:
        if path.exists():
            return path
    raise ConfigError(f"{place}: there is no {' and no '.join(map(str, paths))}; name its folder with 'profiles'")


def _renderer(path: Path, place: str, filling: _Filling) -> Callable[[Any], Any]:
    """Return a function that fills in ``env_var`` as dbt does; nothing else of Jinja is known here."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def env_var(name: str, default: str | None = None) -> str:
        text = filling.environ.get(name, default)
        if text is None:
            raise ConfigError(f"{place}: {path} uses env_var('{name}'), which is not set in the environment")
        filling.redact.add(text)
        return text

    environment = ImmutableSandboxedEnvironment()
    environment.globals = {"env_var": env_var}
    # What dbt's filters are for: the type of the value. A URL is text anyway.
    environment.filters |= dict.fromkeys(("as_number", "as_bool", "as_native", "as_text"), str)

    def render(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return environment.from_string(value).render()
        except TemplateError as error:
            raise ConfigError(f"{place}: {path} has a template that cannot be filled in: {error.message}") from None

    return render


def _yaml(path: Path, place: str) -> Mapping[str, Any]:
    content = read_yaml(str(path))
    if not isinstance(content, dict):
        raise ConfigError(f"{place}: {path} must hold an object")
    return content


def _duckdb_url(output: Mapping[str, Any], folder: Path, node: Mapping[str, Any], place: str) -> str:
    path = Path(str(output.get("path") or ":memory:"))
    if str(path).startswith((":memory:", "md:")) or "://" in str(output.get("path")):
        raise ConfigError(f"{place}: the dbt profile's DuckDB is {output.get('path')!r}; only a file can be read")
    if node.get("database") not in (None, path.stem):
        raise ConfigError(
            f"{place}.dbt: {node['name']!r} is in the attached database {node['database']!r}, and only models of "
            f"{path} can be read; give url with sql or table instead"
        )
    # dbt takes the path from where it is run, which is the folder of the project.
    return f"duckdb:///{quote(str((folder / path).absolute()))}"


def _postgresql_url(output: Mapping[str, Any], _folder: Path, node: Mapping[str, Any], _place: str) -> str:
    user, password = quote(str(output.get("user", "")), safe=""), output.get("password", output.get("pass"))
    login = f"{user}:{quote(str(password), safe='')}" if password else user
    host, port = output.get("host", "localhost"), output.get("port", 5432)
    options = {name: output[name] for name in ("sslmode", "sslrootcert", "sslcert", "sslkey") if output.get(name)}
    database = node.get("database") or output.get("dbname") or output.get("database")
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql://{login}@{host}:{port}/{quote(str(database), safe='')}{query}"


_URLS: Mapping[str, Callable[[Mapping[str, Any], Path, Mapping[str, Any], str], str]] = {
    "duckdb": _duckdb_url,
    "postgres": _postgresql_url,
}
