"""Write meltano.yml from the settings tables. ``--check`` only says whether it is current."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from talon_one_singer import SettingsTable

FILE = Path(__file__).resolve().parent.parent / "meltano.yml"
HEAD = """\
# Written by scripts/build_meltano.py from the settings tables (`make docs`); docs/meltano.md shows how to use it.
# Keys come from the environment: TAP_TALON_ONE_API_KEY, TAP_TALON_ONE_MANAGEMENT_KEY.
"""
# A run starts with the base URL and one of the keys.
VALIDATION = [["base_url", "api_key"], ["base_url", "management_key"]]


def plugin(name: str, settings: SettingsTable, capabilities: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """A custom plugin of this distribution.

    https://docs.meltano.com/reference/plugin-definition-syntax/
    """
    return {
        "name": name,
        "namespace": name.replace("-", "_"),
        "pip_url": "-e .[warehouse]",
        "executable": name,
        "capabilities": list(capabilities),
        "settings": settings.meltano_settings(),
        **more,
    }


def registry(name: str, package: str, config: dict[str, Any], settings: list[dict[str, Any]]) -> dict[str, Any]:
    """A loader of the registry, for the examples."""
    definition = {"name": name, "namespace": name.replace("-", "_"), "pip_url": package, "executable": name}
    return {**definition, "settings": settings, "config": config}


def project() -> dict[str, Any]:
    """The whole file."""
    from tap_talon_one.settings import SETTINGS
    from tap_talon_one.tap import definition

    tap = plugin(
        "tap-talon-one",
        SETTINGS,
        definition().capabilities,
        settings_group_validation=VALIDATION,
        select=["loyalty_card_transactions.*", "loyalty_card_balances.*"],  # Meltano's own default is every stream
    )
    path, secret = {"kind": "string"}, {"kind": "string", "sensitive": True}
    loaders = [
        registry(
            "target-jsonl",
            "target-jsonl",
            {"destination_path": "output"},
            [{"name": "destination_path", **path}, {"name": "do_timestamp_file", "kind": "boolean"}],
        ),
        registry(
            "target-duckdb",
            "target-duckdb",
            {"path": "output/loyalty.duckdb", "default_target_schema": "main"},
            [{"name": "path", **path}, {"name": "default_target_schema", **path}],
        ),
        registry(
            "target-postgres",
            "meltanolabs-target-postgres",
            {"default_target_schema": "talon_one"},
            [{"name": "sqlalchemy_url", **secret}, {"name": "default_target_schema", **path}],
        ),
    ]
    return {
        "version": 1,
        "default_environment": "dev",
        "environments": [{"name": "dev"}],
        "plugins": {"extractors": [tap], "loaders": loaders},
    }


def main() -> int:
    """Write the file, or compare it."""
    text = HEAD + yaml.safe_dump(project(), sort_keys=False, width=120, allow_unicode=True)
    there = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if text == there:
        print("meltano.yml is current")
        return 0
    if "--check" in sys.argv:
        print("meltano.yml is not current; run: make docs", file=sys.stderr)
        return 1
    FILE.write_text(text, encoding="utf-8")
    print("meltano.yml written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
