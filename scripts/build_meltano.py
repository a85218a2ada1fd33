"""Write meltano.yml and the definitions for MeltanoHub from the settings tables. ``--check`` only compares them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from talon_one_singer import SettingsTable

ROOT = Path(__file__).resolve().parent.parent
FILE, HUB = ROOT / "meltano.yml", ROOT / "meltano-hub"
REPOSITORY = "https://github.com/talon-one-connector/talon-one-connector"
HEAD = """\
# Written by scripts/build_meltano.py (`make docs`) from the settings tables. How to use it: docs/guides/meltano.md
# Keys come from the environment: TAP_TALON_ONE_API_KEY, TARGET_TALON_ONE_API_KEY and so on.
"""
HUB_HEAD = """\
# Written by scripts/build_meltano.py (`make docs`) from the settings tables: a definition for MeltanoHub, and for
# `meltano add NAME --from-ref FILE|URL`. How to use it: docs/guides/meltano.md
"""
# Capabilities of the Singer SDK that Meltano's schema of loaders does not know.
NOT_FOR_LOADERS = ("test", "validate-records")
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


def own_tap() -> dict[str, Any]:
    """Return the definition of the tap, with everything that its extras add."""
    from talon_one_singer.maps.settings import MAP_CAPABILITIES
    from tap_talon_one.settings import SETTINGS
    from tap_talon_one.tap import CAPABILITIES

    return plugin(
        "tap-talon-one",
        SETTINGS,
        tuple(sorted((*CAPABILITIES, *MAP_CAPABILITIES))),
        extra="warehouse,maps",
        settings_group_validation=VALIDATION,
        select=["loyalty_card_transactions.*", "loyalty_card_balances.*"],  # by default, Meltano selects every stream
    )


def own_target() -> dict[str, Any]:
    """Return the definition of the target, with everything that its extras add."""
    from talon_one_singer.maps.settings import MAP_CAPABILITIES
    from target_talon_one.settings import SETTINGS
    from target_talon_one.target import CAPABILITIES

    known = (name for name in (*CAPABILITIES, *MAP_CAPABILITIES) if name not in NOT_FOR_LOADERS)
    return plugin(
        "target-talon-one",
        SETTINGS,
        tuple(sorted(known)),
        extra="sync,maps",
        settings_group_validation=[["base_url", "api_key", "streams"]],
    )


def hub_definition(plugin: dict[str, Any], label: str, description: str, page: str) -> dict[str, Any]:
    """Return the definition of a plugin as MeltanoHub keeps it.

    https://github.com/meltano/hub/tree/main/schemas/plugin_definitions
    """
    return {
        **plugin,
        "pip_url": plugin["pip_url"].replace("-e .", "talon-one-connector"),
        "variant": "talon-one-connector",
        "label": label,
        "description": description,
        "repo": REPOSITORY,
        "docs": f"{REPOSITORY}/blob/main/docs/reference/{page}.md",
        "domain_url": "https://www.talon.one",
        "maintenance_status": "active",
        "keywords": ["talon.one", "loyalty", "promotions", "api"],
        "prereq": "An Integration API key of an Application, and for lists of ids a Management API key.",
    }


def project() -> dict[str, Any]:
    """Return the content of meltano.yml."""
    tap = own_tap()
    path, secret = {"kind": "string"}, {"kind": "string", "sensitive": True}
    postgres = registry(
        "tap-postgres",
        "meltanolabs-tap-postgres",
        {"filter_schemas": ["segments"]},
        [{"name": "sqlalchemy_url", **secret}, {"name": "filter_schemas", "kind": "array"}],
        capabilities=["catalog", "discover", "state", "activate-version", "about", "batch"],
        metadata={"*": {"replication-method": "FULL_TABLE"}},  # a mirror needs the whole table
    )
    target = {**own_target(), "config": {"streams": STREAMS}}
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


def contents() -> dict[Path, str]:
    """Return the text of each file."""
    from tap_talon_one.tap import definition
    from target_talon_one.target import definition as target_definition

    tap = hub_definition(own_tap(), "Talon.One", definition().description, "singer-tap")
    target = hub_definition(own_target(), "Talon.One", target_definition().description, "singer-target")
    return {
        FILE: HEAD + _yaml(project()),
        HUB / "tap-talon-one.yml": HUB_HEAD + _yaml(tap),
        HUB / "target-talon-one.yml": HUB_HEAD + _yaml(target),
    }


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=120, allow_unicode=True)


def main() -> int:
    """Write the files, or with ``--check`` compare them."""
    stale = [path for path, text in contents().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    if not stale:
        print("the definitions for Meltano are current")
        return 0
    if "--check" in sys.argv:
        print(f"not current: {names}; run: make docs", file=sys.stderr)
        return 1
    HUB.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(contents()[path], encoding="utf-8")
    print(f"written: {names}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
