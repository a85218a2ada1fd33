"""A DAG that notifications start, where the live tests name their warehouse."""

from __future__ import annotations

import os

WAREHOUSE = os.environ.get("NOTIFICATIONS_OF_TESTS")

if WAREHOUSE:
    from airflow.sdk import DAG, Asset, AssetWatcher, task

    from airflow_provider_talon_one.triggers.notifications import NotificationsTrigger

    trigger = NotificationsTrigger(["notifications_tiers"], warehouse_url=WAREHOUSE, poll_interval=1)
    tiers = Asset("tiers_of_tests", watchers=[AssetWatcher(name="tiers_of_tests", trigger=trigger)])

    with DAG("notified", schedule=[tiers], catchup=False):

        @task
        def note(triggering_asset_events=None):
            """Return the payloads of the events."""
            return [event.extra["payload"] for event in triggering_asset_events[tiers]]

        note()
