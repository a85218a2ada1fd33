"""The files that ``talon-one init`` writes: config, SYNC.yml and catalog. A file that exists is never overwritten."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_cli.project.editor_schemas import ADDRESS, HINT
from talon_one_singer import ConfigError
from talon_one_singer.reporting.printable import printable
from talon_one_singer.settings.local_paths import is_url, local_path
from talon_one_warehouse import source_spec
from target_talon_one.config.destination_reader import destination_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_singer import Catalog

CONFIG, SYNC_FILE, CATALOG = "talon-one.json", "SYNC.yml", "catalog.json"
_VARIABLE = re.compile(r"\$\{\w+\}")
_SECRET = re.compile(r"pass|pwd|token|secret|access_key|sig\b", re.IGNORECASE)  # in names of parameters
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Segment:
    """The sync that SYNC.yml begins with: the rows of a source become the members of an audience.

    Attributes:
        name: of the sync.
        source: file or URL of a database.
        table: of the database.
        sql: or a query.
        key: column with the integration ids of the customers.
        audience: name of the audience.
    """

    name: str
    source: str
    table: str | None
    sql: str | None
    key: str
    audience: str

    def settings(self) -> dict[str, Any]:
        """Return the sync as a SYNC.yml holds it.

        Raises:
            ConfigError, WarehouseConfigError: a value cannot be used.
        """
        if _has_secret(_VARIABLE.sub("", self.source)):
            raise ConfigError(
                "--source: a file must not hold a password; write a variable like ${DB_PASSWORD} in its place, in "
                "single quotes, so that the shell leaves it as it is"
            )
        given = {"url": self.source, "table": self.table, "sql": self.sql}
        source = {name: value for name, value in given.items() if value}
        source_spec(source, "--source")
        audience = {"name": self.audience, "integration": "warehouse", "integration_id": self.name}
        sync = {"sink": "audience_members", "audience": audience, "mode": "mirror", "key": self.key}
        destination_from(self.name, sync)
        return {"source": source, **sync}

    def missing_file(self) -> str | None:
        """Return the source if it is a file that is not there; None for databases, patterns and variables."""
        path = local_path(self.source)
        is_file = not (is_url(path) or _VARIABLE.search(path) or any(sign in path for sign in "*?["))
        return self.source if is_file and not _is_there(path) else None


def sync_file_text(segment: Segment, folder: Path) -> str:
    """Return the text of the SYNC.yml of a folder; every value is JSON, which is YAML."""
    options = f"{_in_shell(folder / SYNC_FILE)} --config {_in_shell(folder / CONFIG)}"
    lines = [
        HINT,
        "# Sinks, modes, mapping and guards: docs/reference/sync-file.md of talon-one-connector",
        "# Run these commands in the folder where talon-one init ran: source and store are relative to it.",
        f"#   talon-one plan {options}",
        f"#   talon-one push {options}",
        "store: talon-one-store.duckdb     # what Talon.One has acknowledged; keep it",
        "syncs:",
        f"  {_yaml(segment.name)}:",
    ]
    for name, value in segment.settings().items():
        lines.append(f"    {name}: {_yaml(value)}")
    return "\n".join(lines) + "\n"


def _in_shell(path: Path) -> str:
    return printable(shlex.quote(str(path)))


def config_text(settings: Mapping[str, Any]) -> str:
    """Return the text of a config file, which load and push both read."""
    return json.dumps({"$schema": f"{ADDRESS}load-config.json", **settings}, indent=2) + "\n"


def catalog_text(catalog: Catalog) -> str:
    """Return the text of a Singer catalog."""
    return json.dumps(catalog.to_dict(), indent=2) + "\n"


def write_new(folder: Path, texts: Mapping[str, str]) -> Iterator[str]:
    """Write files that do not exist yet, readable by their owner only, and yield a line about each.

    Raises:
        ConfigError: a file cannot be written.
    """
    for name, text in texts.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        except FileExistsError:
            yield f"{path}: exists, and stays as it is{_of_other_options(path, text)}"
            continue
        except (OSError, ValueError) as error:
            raise ConfigError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield f"{path}: written"


def _of_other_options(path: Path, text: str) -> str:
    try:
        same = path.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        same = False
    return "" if same else "; these options would write another one: move the file away and run again to get it"


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _has_secret(url: str) -> bool:
    """Return whether a URL has a password, or a parameter of a secret."""
    place, _, query = url.partition("?")
    _, separator, rest = place.partition("://")
    user_info = rest.rpartition("@")[0] if separator else ""
    parameters = (part.partition("=") for part in query.split("&"))
    return bool(user_info.partition(":")[2]) or any(value and _SECRET.search(name) for name, _, value in parameters)


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_yaml(one)}" for name, one in value.items()) + "}"
    # YAML takes no character that cannot be printed.
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(value, ensure_ascii=False))
