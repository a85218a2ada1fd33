"""Parameters of pushes; key, map and what a subclass names beside them are read as those of a SYNC.yml."""

from __future__ import annotations

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from talon_one_singer import Setting

OPTIONS = Setting("options", "object", "Everything else that a SYNC.yml may say.", default={})
PARAMETERS = (
    Setting("sink", "string", "Kind of the destination."),
    Setting("mode", "string", "What becomes of the rows."),
    Setting("sql", "string", "Query."),
    Setting("table", "string", "Table."),
    Setting("source_conn_id", "string", "Connection of the source."),
    Setting("source_url", "string", "URL of the source."),
    OPTIONS,
    Setting("store", "string", "File or URL of the store."),
    Setting("store_conn_id", "string", "Connection of the store."),
    Setting("rejects_directory", "string", "Folder of refused rows.", default="rejects"),
    Setting("results_directory", "string", "Folder of answers.", default="results"),
    Setting("settings", "object", "Settings of the target.", default={}),
    Setting("shard", "string", "Part of the keys.", narrows=True),
    Setting("plan_only", "boolean", "Whether to say what would be done, and to do nothing.", default=False),
    Setting("talon_one_conn_id", "string", "Connection of Talon.One.", default=TalonOneHook.default_conn_name),
)
