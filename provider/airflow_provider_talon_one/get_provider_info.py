"""Metadata of the provider for Airflow. Imports nothing from Airflow, because Airflow reads it while it starts."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from airflow_provider_talon_one.connection_fields import CONN_TYPE, FIELDS, HIDDEN, PLACEHOLDERS, RELABELING

PACKAGE = "airflow_provider_talon_one"
NAME = "talon-one-connector"
DOCS = "https://docs.talon.one/integration-api"
RESOURCES = (
    "audiences",
    "catalogs",
    "coupons",
    "customers",
    "events",
    "loyalty",
    "loyalty_points",
    "referrals",
    "sessions",
)
REPORTS = ("reconcile", "views", "estimate", "expiring")
GUIDES = "/docs/guides/airflow"
_TRANSFERS = {
    "talon_one_to_warehouse": "load.md",
    "warehouse_to_audience": "push.md",
    "warehouse_to_catalog": "push.md",
    "warehouse_to_profiles": "push.md",
    "warehouse_to_talon_one": "push.md",
    "verify": "push.md",
    "singer": "singer.md",
}
_PAGES = ("connections.md", "load.md", "push.md", "reports.md", "calls.md", "sensors.md", "singer.md", "versions.md")


def get_provider_info() -> dict[str, Any]:
    """Return hooks, operators, connection type, links and everything else that the provider adds to Airflow.

    https://airflow.apache.org/docs/apache-airflow-providers/howto/create-custom-providers.html
    """
    integration = "Talon.One"
    uris = {
        "schemes": ["talonone"],
        "handler": f"{PACKAGE}.assets.sanitize_uri",
        "to_openlineage_converter": f"{PACKAGE}.assets.to_openlineage_dataset",
    }
    return {
        "package-name": NAME,
        "name": "Talon.One",
        "description": "Talon.One, the promotion and loyalty engine: loyalty data out, segments and catalogs in.",
        "versions": [_version()],
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": DOCS,
                "logo": "/docs/images/logo.svg",
                "how-to-guide": [f"{GUIDES}.md", *(f"{GUIDES}/{page}" for page in _PAGES)],
                "tags": ["service"],
            },
        ],
        "hooks": [{"integration-name": integration, "python-modules": [f"{PACKAGE}.hooks.talon_one"]}],
        "operators": [
            {
                "integration-name": integration,
                "python-modules": [
                    *(f"{PACKAGE}.operators.{name}" for name in ("talon_one", *RESOURCES)),
                    *(f"{PACKAGE}.reports.{name}" for name in REPORTS),
                ],
            }
        ],
        "sensors": [{"integration-name": integration, "python-modules": [f"{PACKAGE}.sensors.talon_one"]}],
        "triggers": [
            {
                "integration-name": integration,
                "python-modules": [f"{PACKAGE}.triggers.{name}" for name in ("talon_one", "notifications")],
            }
        ],
        "transfers": [
            {
                "source-integration-name": integration,
                "target-integration-name": integration,
                "python-module": f"{PACKAGE}.transfers.{name}",
                "how-to-guide": f"{GUIDES}/{page}",
            }
            for name, page in _TRANSFERS.items()
        ],
        "connection-types": [
            {
                "connection-type": CONN_TYPE,
                "hook-class-name": f"{PACKAGE}.hooks.talon_one.TalonOneHook",
                "hook-name": "Talon.One",
                "ui-field-behaviour": {
                    "hidden-fields": [*HIDDEN, "extra"],
                    "relabeling": RELABELING,
                    "placeholders": PLACEHOLDERS,
                },
                "conn-fields": {
                    field.name: {"label": field.label, "description": field.about, "schema": field.schema}
                    for field in FIELDS
                },
            }
        ],
        "extra-links": [f"{PACKAGE}.links.CampaignManagerLink"],
        "notifications": [f"{PACKAGE}.notifications.RejectsNotifier"],
        "task-decorators": [
            {"name": "talon_one", "class-name": f"{PACKAGE}.decorators.talon_one_task"},
        ],
        "asset-uris": [uris],
        "dataset-uris": [uris],  # the name in Airflow 2
    }


def _version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:
        return "0"
