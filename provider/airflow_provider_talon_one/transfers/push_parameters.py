"""Parameters of pushes. Those of ``NAMED`` are read like the same keys of a SYNC.yml."""

from __future__ import annotations

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from talon_one_singer import Setting

OPTIONS = Setting("options", "object", "Further keys of a sync, as in a SYNC.yml.", default={})
PARAMETERS = (
    Setting("sink", "string", "Sink that receives the rows."),
    Setting("mode", "string", "How rows are applied: mirror, upsert, ..."),
    Setting("sql", "string", "Query of the source."),
    Setting("table", "string", "Table of the source."),
    Setting("source_conn_id", "string", "Connection of the source."),
    Setting("source_url", "string", "URL of the source."),
    OPTIONS,
    Setting("store", "string", "File or URL of the store."),
    Setting("store_conn_id", "string", "Connection of the store."),
    Setting("store_name", "string", "Name of the store, in a database or bucket that holds many."),
    Setting("store_in_source", "boolean", "Whether the store is in the database of the source.", default=False),
    Setting("store_schema", "string", "Schema of a store in the source.", default="talon_one_sync"),
    Setting("log_conn_id", "string", "Connection of the warehouse that gets the history."),
    Setting("rejects_directory", "string", "Folder for refused rows.", default="rejects"),
    Setting("results_directory", "string", "Folder for responses worth keeping.", default="results"),
    Setting("settings", "object", "Settings of the target.", default={}),
    Setting("shard", "string", "Shard of the keys, like 3/16.", narrows=True),
    Setting("plan_only", "boolean", "Whether to return the plan without sending anything.", default=False),
    Setting("talon_one_conn_id", "string", "Connection of Talon.One.", default=TalonOneHook.default_conn_name),
)
# Arguments that were in ``options`` only, and that an argument and ``options`` must not both give.
TARGET = ("campaign_id", "loyalty_program_id", "version", "missing_price")
GUARDS = (
    "create_profiles",
    "allow_empty",
    "max_deletes",
    "max_delete_share",
    "max_rejects",
    "max_reject_share",
    "expect_environment",
    "allow_destructive",
    "allow_whole_catalog",
    "adopt",
    "retry_rejects",
    "nulls",
)
NAMED = ("audience", "catalog_id", *TARGET, *GUARDS)
