"""Names of datasets by the specification of OpenLineage, as other producers of events write them too.

https://openlineage.io/docs/spec/naming
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from talon_one_singer.settings.local_paths import is_url, local_path, path_in_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_REDSHIFT = re.compile(r"(?P<cluster>[^.]+)\.[^.]+\.(?P<region>[^.]+)\.redshift[^.]*\.amazonaws\.com(\.cn)?")
_LOCAL = ("duckdb", "sqlite")


@dataclass(frozen=True, slots=True)
class DatasetNames:
    """How the tables of a database, or of a folder of files, are named.

    Attributes:
        namespace: of the datasets.
        database: the database of a table that names none.
        schema: the schema of a table that names none.
        dialect: the SQL, as sqlglot calls it; "" for files.
        folder: path of the file or folder that holds the tables; empty for a server.
        upper: names without quotes are stored in upper case.
    """

    namespace: str
    database: str = ""
    schema: str = ""
    dialect: str = ""
    folder: str = ""
    upper: bool = False

    def table(self, name: str, schema: str = "", database: str = "") -> tuple[str, str]:
        """Return the namespace and the name of a table."""
        schema = schema or self.schema
        if not self.dialect:
            return self.namespace, "/".join(part for part in (self.folder, schema, name) if part)
        if self.folder:
            return self.namespace, f"{self.folder}#{f'{schema}.' if schema else ''}{name}"
        parts = (
            [database or self.database, schema, name] if self.dialect != "mysql" else [schema or self.database, name]
        )
        found = ".".join(part for part in parts if part)
        return self.namespace, found.upper() if self.upper else found


def names_of_url(url: str, options: Mapping[str, Any] | None = None) -> DatasetNames:
    """Return the names of the tables at the URL of a warehouse or source, without user, password and parameters.

    Args:
        url: as in ``talon-one load``.
        options: settings of the database's own client.
    """
    scheme, _, rest = url.removeprefix("adbc+").partition("://")
    scheme = "postgresql" if scheme == "postgres" else scheme
    if scheme in _LOCAL and rest:
        default = "main" if scheme == "duckdb" else ""
        file = path_in_url(rest.partition("?")[0].removeprefix("/"))
        return DatasetNames("file", schema=default, dialect=scheme, folder=_absolute(file))
    if not is_url(local_path(url)):
        return DatasetNames("file", folder=_absolute(local_path(url)))
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = [unquote(one) for one in parts.path.split("/") if one]
    maker = _SERVERS.get(scheme)
    if maker is not None:
        return maker(host, [*path, "", ""], options or {})
    return DatasetNames(f"{parts.scheme}://{host}", folder=parts.path.strip("/"))


def _absolute(path: str) -> str:
    return path if path == ":memory:" else str(Path(path).absolute())


def _with_port(host: str, port: int) -> str:
    return host if re.search(r":\d+\Z", host) else f"{host or 'localhost'}:{port}"


def _postgresql(host: str, path: list[str], _options: Mapping[str, Any]) -> DatasetNames:
    return DatasetNames(f"postgres://{_with_port(host, 5432)}", path[0], "public", "postgres")


def _snowflake(host: str, path: list[str], _options: Mapping[str, Any]) -> DatasetNames:
    return DatasetNames(f"snowflake://{_account(host)}", path[0], path[1] or "PUBLIC", "snowflake", upper=True)


def _account(name: str) -> str:
    """Return organization-account, or a locator with its region and cloud, as other producers name it."""
    if "-" in name.partition(".")[0]:
        return name
    locator, *rest = name.split(".")
    region, cloud = [*rest, *("us-west-1", "aws")[len(rest) :]][:2]
    return f"{locator}.{region}.{cloud}"


def _bigquery(host: str, path: list[str], _options: Mapping[str, Any]) -> DatasetNames:
    return DatasetNames("bigquery", unquote(host), path[0], "bigquery")


def _redshift(host: str, path: list[str], options: Mapping[str, Any]) -> DatasetNames:
    name, _, port = _with_port(host, 5439).rpartition(":")
    found = _REDSHIFT.fullmatch(name)
    if options.get("cluster_identifier") and options.get("region"):
        name = f"{options['cluster_identifier']}.{options['region']}"
    elif found:
        name = f"{found['cluster']}.{found['region']}"
    return DatasetNames(f"redshift://{name}:{port}", path[0], "public", "redshift")


def _mysql(host: str, path: list[str], _options: Mapping[str, Any]) -> DatasetNames:
    return DatasetNames(f"mysql://{_with_port(host, 3306)}", path[0], "", "mysql")


def _databricks(host: str, path: list[str], options: Mapping[str, Any]) -> DatasetNames:
    catalog = path[0] or str(options.get("catalog") or "")
    return DatasetNames(f"databricks://{host}", catalog, path[1] or "default", "databricks")


_SERVERS = {
    "postgresql": _postgresql,
    "snowflake": _snowflake,
    "bigquery": _bigquery,
    "redshift": _redshift,
    "mysql": _mysql,
    "databricks": _databricks,
}
