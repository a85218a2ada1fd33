"""The target's settings, one row each; ``--about``, the docs and meltano.yml are generated from this table."""

from __future__ import annotations

from talon_one_client.connection.settings import CALLS, KEYS
from talon_one_singer import Setting, SettingsTable
from talon_one_singer.maps.settings import MAPS
from talon_one_singer.settings.input_limits import INPUT

SYNC = (
    Setting(
        "environment",
        "string",
        "Environment that the API key belongs to; the guard expect_environment compares with it.",
        default="live",
        allowed=("live", "sandbox"),
    ),
    Setting(
        "store",
        "string",
        "Where the store with the acknowledged rows is kept: a file, a folder at an fsspec URL (s3://…) or "
        "postgresql://…. If it is lost, the next run sends all rows again, and a mirror removes none.",
        default="talon-one-store.duckdb",
    ),
    Setting("rejects_directory", "string", "Directory for files of refused rows.", default="rejects", is_path=True),
    Setting(
        "results_directory",
        "string",
        "Directory for files of answers that are worth keeping: referral codes, effects.",
        default="results",
        is_path=True,
    ),
    Setting(
        "mask_rejects",
        "boolean",
        "Write hashes of keys and no rows to rejects files, to protect personal data.",
        default=False,
    ),
    Setting(
        "concurrency",
        "integer",
        "Largest number of requests in flight; for catalogs it is always 1.",
        default=4,
        minimum=1,
        maximum=256,
    ),
    Setting(
        "lookup_after_seconds",
        "integer",
        "Seconds after which Talon.One has certainly ended a request whose answer was lost. Only then rows that must "
        "not be sent twice are looked up, or sent by a retry.",
        default=60,
        minimum=0,
        maximum=86_400,
    ),
)

_MANAGEMENT_KEY = Setting(
    "management_key",
    "string",
    "Management API key, optional. With it audiences are found by name, and attributes and profiles are checked before "
    "anything is sent.",
    secret=True,
)

# The settings of a SYNC.yml beside its syncs.
SYNC_SETTINGS = SettingsTable(
    "TALON_ONE",
    (
        *KEYS,
        _MANAGEMENT_KEY,
        *SYNC,
        Setting(
            "log_to",
            "string",
            "URL of a warehouse in which the schema talon_one_sync gets the history of all pushes: sync_runs, "
            "sync_changes and sync_rejects. A history that cannot be written fails no push.",
        ),
        Setting(
            "log_keys",
            "string",
            "What the history of log_to holds of the keys of rows: plain keys, or hashes of them (hashed).",
            default="plain",
            allowed=("plain", "hashed"),
        ),
        *INPUT,
        *CALLS,
    ),
)

SETTINGS = SettingsTable(
    "TARGET_TALON_ONE",
    (
        *KEYS,
        _MANAGEMENT_KEY,
        Setting("streams", "object", "For each incoming stream its sink, mode, key, map and guards.", required=True),
        Setting(
            "unknown_streams",
            "string",
            "What to do with streams that the setting streams does not name: error syncs the others, then fails; "
            "ignore drops them.",
            default="error",
            allowed=("error", "ignore"),
        ),
        *SYNC,
        Setting(
            "rows_per_flush",
            "integer",
            "Largest number of rows that wait while earlier ones are sent; sending begins with fewer. With a mirror, "
            "rows are sent only at the end of the input.",
            default=100_000,
            minimum=1,
            maximum=1e9,
        ),
        *INPUT,
        *CALLS,
        *MAPS,
    ),
)
