"""Write meltano.yml from the settings tables. With ``--check``, only check that it is current."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from talon_one_singer import SettingsTable

FILE = Path(__file__).resolve().parent.parent / "meltano.yml"
HEAD = """\
# Written by scripts/build_meltano.py (`make docs`) from the settings tables. How to use it: docs/guides/meltano.md
# Keys come from the environment: TAP_TALON_ONE_API_KEY, TARGET_TALON_ONE_API_KEY and so on.
"""
# A run starts with the base URL and one of the keys.
VALIDATION = [["base_url", "api_key"], ["base_url", "management_key"]]


# Segments of a PostgreSQL schema `segments`, for the example.
STREAMS = {
    "segments-vip": {
        "sink": "audience_members",
        "audience": {"name": "VIP", "integration": "warehouse", "integration_id": "vip"},
        "mode": "mirror",
        "key": "customer_id",
    },
    "segments-products": {
        "sink": "catalog_items",
        "catalog_id": 1,
        "mode": "mirror",
        "map": {"sku": "product_id", "price": "list_price", "attributes": ["brand"]},
    },
}


def plugin(
    name: str, settings: SettingsTable, capabilities: tuple[str, ...], *, extra: str, **more: Any
) -> dict[str, Any]:
    """Return the definition of a custom plugin of this distribution.

    https://docs.meltano.com/reference/plugin-definition-syntax/
    """
    return {
        "name": name,
        "namespace": name.replace("-", "_"),
        "pip_url": f"-e .[{extra}]",
        "executable": name,
        "capabilities": list(capabilities),
        "settings": settings.meltano_settings(),
        **more,
    }


def registry(
    name: str, package: str, config: dict[str, Any], settings: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """Return the definition of a plugin of the registry, for the examples."""
    definition = {"name": name, "namespace": name.replace("-", "_"), "pip_url": package, "executable": name}
    return {**definition, **more, "settings": settings, "config": config}


def project() -> dict[str, Any]:
    """Return the content of the file."""
    from tap_talon_one.settings import SETTINGS
    from tap_talon_one.tap import definition
    from target_talon_one.settings import SETTINGS as TARGET_SETTINGS
    from target_talon_one.target import definition as target_definition

    tap = plugin(
        "tap-talon-one",
        SETTINGS,
        definition().capabilities,
        extra="warehouse",
        settings_group_validation=VALIDATION,
        select=["loyalty_card_transactions.*", "loyalty_card_balances.*"],  # by default, Meltano selects every stream
    )
    path, secret = {"kind": "string"}, {"kind": "string", "sensitive": True}
    postgres = registry(
        "tap-postgres",
        "meltanolabs-tap-postgres",
        {"filter_schemas": ["segments"]},
        [{"name": "sqlalchemy_url", **secret}, {"name": "filter_schemas", "kind": "array"}],
        capabilities=["catalog", "discover", "state", "activate-version", "about", "batch"],
        metadata={"*": {"replication-method": "FULL_TABLE"}},  # a mirror needs the whole table
    )
    target = plugin(
        "target-talon-one",
        TARGET_SETTINGS,
        target_definition().capabilities,
        extra="sync",
        settings_group_validation=[["base_url", "api_key", "streams"]],
        config={"streams": STREAMS},
    )
    loaders = [
        target,
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
        "plugins": {"extractors": [tap, postgres], "loaders": loaders},
    }


def main() -> int:
    """Write the file, or with ``--check`` compare it."""
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
